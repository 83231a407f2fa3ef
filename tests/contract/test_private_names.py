"""Names that other libraries do not promise are in docs/private-names.md, and are as they were when we looked.

When one of these tests fails after an upgrade, read what the library changed, mend the code that uses the name, and
correct the page. Only then raise the ceiling in pyproject.toml.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import db
import graph

HOUSE = Path(__file__).resolve().parents[2]
ROW = re.compile(
    r"^\| `(?P<name>[\w.]+)(?P<signature>\(.*\))?` \| (?P<where>[^|]+) \| (?P<why>[^|]+) \|$", re.MULTILINE
)

LIBRARIES = ("sqlalchemy", "asyncpg", "aiosqlite", "graphql", "strawberry", "aiodataloader", "starlette", "uvicorn")

UNDOCUMENTED = (
    "asyncpg.pgproto",
    "graphql.execution.",
    "graphql.pyutils",
    "graphql.validation.rules",
    "sqlalchemy.util",
    "strawberry.annotation",
    "strawberry.execution",
    "strawberry.schema.exceptions",
    "strawberry.schema.schema",
    "strawberry.schema.schema_converter",
    "strawberry.schema.validation_rules",
    "strawberry.types.",
    "strawberry.utils",
    "uvicorn.",
)
"""Modules that the libraries' documentation does not have; with a dot at the end, only what is below."""

OF_NAMED_TUPLES = {"_asdict", "_fields", "_make", "_replace"}
"""Documented, whatever they look like. Source: https://docs.python.org/3/library/collections.html"""

MADE_BY_MACHINES = {
    *("_abc_impl", "_compiler_dispatch", "_is_protocol", "_is_runtime_protocol", "_sa_class_manager"),
    *("_bind_translate_chars", "_bind_translate_re"),  # onto every compiler of SQLAlchemy
    "_original_compiler_dispatch",  # onto every type with a `__visit_name__`
}
"""What a metaclass writes onto every class."""


class PrivateName(NamedTuple):
    """A row of the page."""

    name: str
    signature: str | None
    where: tuple[str, ...]

    @property
    def last(self) -> str:
        """The name as code has it."""
        return self.name.rpartition(".")[2]


@cache
def listed() -> tuple[PrivateName, ...]:
    text = (HOUSE / "docs" / "private-names.md").read_text(encoding="utf-8")
    return tuple(
        PrivateName(row["name"], row["signature"], tuple(re.findall(r"`([^`]+)`", row["where"])))
        for row in ROW.finditer(text)
    )


def found(name: str) -> Any:
    """What a dotted name leads to. Raises `AttributeError` when it is gone."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        return _attribute(module, parts[length:])
    raise AttributeError(name)


def _attribute(owner: Any, names: Iterable[str]) -> Any:
    for name in names:
        if isinstance(owner, type) and not hasattr(owner, name) and _is_declared(owner, name):
            return None  # every object has one, the class has none
        owner = getattr(owner, name)
    return owner


def _is_declared(owner: type, name: str) -> bool:
    """Whether objects of a class have an attribute: annotated, a slot, or set by a constructor."""
    return any(
        name in vars(base).get("__annotations__", ()) or f"self.{name} =" in _source(base) for base in owner.__mro__
    )


def _source(class_: type) -> str:
    try:
        return inspect.getsource(class_)
    except (OSError, TypeError):
        return ""


def signature_of(function: Any) -> str:
    """How a function is called, without types."""
    parameters = inspect.signature(function).parameters.values()
    return f"({', '.join(str(it.replace(annotation=inspect.Parameter.empty)) for it in parameters)})"


def test_the_page_has_rows_for_every_library_with_a_ceiling() -> None:
    assert {it.name.partition(".")[0] for it in listed()} >= {"sqlalchemy", "graphql", "strawberry", "aiosqlite"}
    assert len({it.name for it in listed()}) == len(listed())


@pytest.mark.parametrize("private", listed(), ids=lambda it: it.name)
def test_a_private_name_is_there_and_is_called_as_before(private: PrivateName) -> None:
    thing = found(private.name)
    if private.signature is not None:
        assert signature_of(thing) == private.signature


@pytest.mark.parametrize("private", listed(), ids=lambda it: it.name)
def test_a_name_on_the_page_is_used_where_the_page_says(private: PrivateName) -> None:
    files = {
        str(file.relative_to(HOUSE)) for file, text in sources().items() if re.search(rf"\b{private.last}\b", text)
    }
    assert [room for room in private.where if not any(file.startswith(room) for file in files)] == []


@cache
def sources() -> dict[Path, str]:
    files = (file for folder in ("db", "graph") for file in (HOUSE / folder).rglob("*.py"))
    return {file: file.read_text(encoding="utf-8") for file in files}


@cache
def trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(text) for file, text in sources().items()}


@cache
def ours() -> frozenset[str]:
    """Every name that our own code gives to something."""
    return frozenset(name for tree in trees().values() for node in ast.walk(tree) for name in _given_by(node))


def _given_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        yield from (str(slot.value) for slot in _slots(node) if isinstance(slot, ast.Constant))
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id


def _slots(node: ast.AST) -> Iterator[ast.AST]:
    for statement in getattr(node, "body", ()):
        if isinstance(statement, ast.Assign) and "__slots__" in {getattr(it, "id", "") for it in statement.targets}:
            yield from getattr(statement.value, "elts", ())


def names_of_others(file: Path, tree: ast.Module) -> Iterator[str]:
    """The private and undocumented names of other libraries in a file."""
    modules: set[str] = set()
    lines = sources()[file].splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (module := str(node.module)).startswith(LIBRARIES):
            modules.update(it.asname or it.name for it in node.names)
            yield from (f"{module}.{it.name}" for it in node.names if _is_private_import(module, it.name))
        elif isinstance(node, ast.Attribute) and _is_private(node.attr):
            if node.attr not in ours() or "noqa: SLF001" in lines[node.lineno - 1]:
                yield node.attr
        elif isinstance(node, ast.Assign):
            yield from (it.attr for it in node.targets if isinstance(it, ast.Attribute) and _is_patch(it, modules))
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and "vars(" in ast.unparse(node):
            yield from filter(_is_private, [str(node.slice.value)])


def _is_private(name: str) -> bool:
    if name.startswith("__"):
        return name.startswith("__strawberry")
    return name.startswith("_") and name not in OF_NAMED_TUPLES


def _is_private_import(module: str, name: str) -> bool:
    parts = (*module.split("."), name)
    undocumented = (module == it or module.startswith(it.rstrip(".") + ".") for it in UNDOCUMENTED)
    return any(part.startswith("_") for part in parts) or any(undocumented)


def _is_patch(target: ast.Attribute, modules: set[str]) -> bool:
    """Whether an attribute of something that was imported from another library is set."""
    return isinstance(target.value, ast.Name) and target.value.id in modules


@pytest.mark.parametrize("file", trees(), ids=lambda it: str(it.relative_to(HOUSE)))
def test_code_uses_no_private_name_that_is_not_on_the_page(file: Path) -> None:
    known = {it.name for it in listed()} | {it.last for it in listed()}
    assert set(names_of_others(file, trees()[file])) - known == set()


def test_no_class_overrides_a_private_name_that_is_not_on_the_page() -> None:
    known = {it.last for it in listed()}
    assert {name for name in overridden() if name.rpartition(".")[2] not in known} == set()


def overridden() -> Iterator[str]:
    """Private names of other libraries' classes that a class of ours replaces; all names of an executor."""
    for class_ in classes():
        theirs = [base for base in class_.__mro__ if base.__module__.startswith(LIBRARIES)]
        executor = any(base.__module__.startswith("graphql.execution") for base in theirs)
        for base in (it for it in class_.__mro__ if it.__module__.startswith(("db.", "graph."))):
            for name in set(vars(base)) - MADE_BY_MACHINES:
                private = name.startswith("_") if not executor else True
                if private and not name.startswith("__") and any(name in vars(it) for it in theirs):
                    yield f"{base.__module__}.{base.__qualname__}.{name}"


def classes() -> Iterator[type]:
    for module in modules_of(db, graph):
        yield from (it for it in vars(module).values() if inspect.isclass(it) and it.__module__ == module.__name__)


def modules_of(*packages: ModuleType) -> Iterator[ModuleType]:
    for package in packages:
        for it in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not it.name.endswith("__main__"):
                yield importlib.import_module(it.name)
