"""What modules import, read from their text: nothing is run.

Files of a tree enter; names of modules leave, each import by its longest form: `from db import models` is `db.models`.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path


def module_of(file: Path) -> str:
    """The name of the module in a file, given by its path in the tree: `db/models/__init__.py` is `db.models`."""
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(text: str) -> Iterator[str]:
    """Every name that a module imports, wherever in it; relative imports are not used here."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_in(module: str, rooms: Iterable[str]) -> bool:
    """Whether a module is one of these, or below one of them."""
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


class Tests:
    """The modules of tests in a tree, and which of them stand on nouns."""

    __test__ = False  # its name begins as those that pytest collects

    def __init__(self, root: Path, files: Iterable[Path], nouns: Iterable[str]) -> None:
        self._nouns = tuple(nouns)
        self._files = {module_of(file): file for file in files if file.suffix == ".py" and file.parts[0] == "tests"}
        self._imports = {name: set(imports_of((root / file).read_text())) for name, file in self._files.items()}

    @cached_property
    def on_nouns(self) -> frozenset[Path]:
        """Files that import a noun: themselves, through another module of tests, or through a conftest above them."""
        edges = {name: {*self._modules(name), *self._conftests(name)} for name in self._files}
        found = {name for name, imported in self._imports.items() if any(is_in(it, self._nouns) for it in imported)}
        while more := {name for name, others in edges.items() if name not in found and others & found}:
            found |= more
        return frozenset(self._files[name] for name in found)

    def _modules(self, name: str) -> Iterator[str]:
        """The modules of tests that a module imports; of `from tests.http import client`, the client."""
        for imported in self._imports[name]:
            for candidate in (imported, imported.rpartition(".")[0]):
                if candidate in self._files and self._files[candidate].name != "__init__.py":
                    yield candidate

    def _conftests(self, name: str) -> Iterator[str]:
        """The conftests that pytest imports before it collects a file of tests."""
        parts = name.split(".")
        if not parts[-1].startswith("test_"):
            return
        for depth in range(1, len(parts)):
            conftest = ".".join([*parts[:depth], "conftest"])
            if conftest in self._files:
                yield conftest


def counted(files: Iterable[Path], left_out: Iterable[Path]) -> Mapping[str, int]:
    """How many files of tests are run, and how many are left out."""
    tests = {file for file in files if file.parts[0] == "tests" and file.name.startswith("test_")}
    out = tests & set(left_out)
    return {"run": len(tests - out), "left out": len(out)}
