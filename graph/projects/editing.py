"""Lines that are added to a module that somebody may have edited: its text enters, the new text leaves.

Where a line goes is found in the syntax tree, never by its looks. Ruff puts it into its order. A line that is there
already is not added again.
"""

import ast
import re
from collections.abc import Iterable
from typing import NamedTuple

from graph.projects.code import INDENT
from graph.projects.errors import NotEditable


class Imported(NamedTuple):
    """A name that a module imports from another, and what it is called there, if otherwise."""

    module: str
    name: str
    local: str | None = None

    def __str__(self) -> str:
        return f"from {self.module} import {self.name}" + (f" as {self.local}" if self.local else "")


def with_import(text: str, module: str, name: str, local: str | None = None) -> str:
    """A module that imports one name more."""
    return with_imports(text, [Imported(module, name, local)])


def with_imports(text: str, imports: Iterable[Imported]) -> str:
    """A module that imports more names, those that it has not yet."""
    tree = ast.parse(text)
    there = {(it.module, name.name) for it in tree.body if isinstance(it, ast.ImportFrom) for name in it.names}
    lines = [str(it) for it in imports if (it.module, it.name) not in there]
    return _insert(text, _after_imports(tree), "\n".join(lines)) if lines else text


def with_checked_import(text: str, module: str, name: str) -> str:
    """A module that imports one class more for type checking alone."""
    tree = ast.parse(text)
    if any(isinstance(it, ast.ImportFrom) and it.module == module and _names(it, name) for it in ast.walk(tree)):
        return text
    for node in tree.body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return _insert(text, node.body[-1].end_lineno or 0, f"{INDENT}from {module} import {name}")
    text = with_import(text, "typing", "TYPE_CHECKING")
    block = f"\nif TYPE_CHECKING:\n{INDENT}from {module} import {name}\n"
    return _insert(text, _after_imports(ast.parse(text)), block)


def with_items(text: str, file: str, name: str, items: Iterable[str]) -> str:
    """A module whose list, tuple, dictionary or call that is called `name` has more items, each a line or several."""
    node = _value_of(ast.parse(text), name)
    if not isinstance(node, ast.List | ast.Tuple | ast.Dict | ast.Call):
        raise NotEditable(file, f"list `{name}`")
    parts = node.args if isinstance(node, ast.Call) else node.keys if isinstance(node, ast.Dict) else node.elts
    there = {ast.unparse(it) for it in parts if it is not None}
    more = [it for it in items if _what(it) not in there]
    if not more:
        return text
    if isinstance(node, ast.Call) and node.keywords:
        start = _offset(text, node.keywords[0])
        return f"{text[:start]}{''.join(f'{it}, ' for it in more)}{text[start:]}"
    written = ast.get_source_segment(text, node) or ""
    head, end = written[:-1].rstrip(), written[-1]
    comma = "" if head.endswith(("(", "[", "{", ",")) else ","
    lines = "".join(f"\n{INDENT}{it}," for it in more)
    return _replace(text, node, f"{head}{comma}{lines}\n{end}")


def _what(item: str) -> str:
    """What an item stands for: a dictionary's key, or the item itself."""
    code = ast.parse("\n".join(line for line in f"{{{item}}}".splitlines()), mode="eval").body
    if isinstance(code, ast.Dict) and code.keys[0] is not None:
        return ast.unparse(code.keys[0])
    assert isinstance(code, ast.Set)
    return ast.unparse(code.elts[0])


def with_member(text: str, file: str, cls: str, line: str) -> str:
    """A module whose class has one line more."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == cls:
            last = [it for it in node.body if isinstance(it, ast.AnnAssign)] or node.body
            return _insert(text, last[-1].end_lineno or 0, f"{INDENT}{line}")
    raise NotEditable(file, f"class `{cls}`")


def _names(node: ast.ImportFrom, name: str) -> bool:
    return any(it.name == name for it in node.names)


def _value_of(tree: ast.Module, name: str) -> ast.expr | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(it, ast.Name) and it.id == name for it in node.targets):
            return node.value
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
            return node.value
    return None


def _after_imports(tree: ast.Module) -> int:
    """The line behind the last import, or behind the docstring."""
    ends = [it.end_lineno or 0 for it in tree.body if isinstance(it, ast.Import | ast.ImportFrom)]
    return ends[-1] if ends else (tree.body[0].end_lineno or 0) if tree.body else 0


def _insert(text: str, after: int, lines: str) -> str:
    kept = text.splitlines(keepends=True)
    return "".join([*kept[:after], f"{lines}\n", *kept[after:]])


def _replace(text: str, node: ast.expr, new: str) -> str:
    old, start = ast.get_source_segment(text, node) or "", _offset(text, node)
    return text[:start] + new + text[start + len(old) :]


def _offset(text: str, node: ast.expr | ast.keyword) -> int:
    lines = text.splitlines(keepends=True)
    # Offsets of the tree are in bytes of UTF-8.
    return sum(map(len, lines[: node.lineno - 1])) + len(lines[node.lineno - 1].encode()[: node.col_offset].decode())


def words_of(name: str) -> str:
    """`OrderLine` as `order_line`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
