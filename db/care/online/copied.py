"""What revisions lock on SQLite: the file of a revision enters, lines that read or write a table as a whole leave.

SQLite has one turn to write, and all revisions take one turn together. Whoever wants to write waits as long as that
takes. The file is read, not run. Source: https://www.sqlite.org/lang_altertable.html
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

BATCH = "batch_alter_table"
INDEXING = "create_index"
COPYING = frozenset(
    {
        *("alter_column", "drop_column", "drop_constraint", "create_check_constraint", "create_foreign_key"),
        *("create_unique_constraint", "create_primary_key", "create_exclude_constraint"),
    }
)
"""What Alembic makes a table anew for, row by row; a column is added, and an index made, to a table as it stands.
Source: https://alembic.sqlalchemy.org/en/latest/batch.html"""


class Copied(NamedTuple):
    """A line that reads or writes all rows of a table."""

    line: int
    table: str
    is_copy: bool
    """Whether the table is made anew; else an index is."""


def copied_in(file: Path) -> Iterator[Copied]:
    """The lines of a revision's way up."""
    for part in ast.parse(file.read_bytes()).body:
        if getattr(part, "name", "") == "downgrade":
            continue
        for node in ast.walk(part):
            if isinstance(node, ast.With):
                yield from _batch(node)
            elif isinstance(node, ast.Call) and _called(node) == INDEXING and _is_of_op(node):
                yield from (Copied(node.lineno, table, is_copy=False) for table in _texts(node)[-1:])


def _batch(node: ast.With) -> Iterator[Copied]:
    for item in node.items:
        call = item.context_expr
        if isinstance(call, ast.Call) and _called(call) == BATCH:
            inside = {_called(it) for line in node.body for it in ast.walk(line) if isinstance(it, ast.Call)}
            is_copy = not inside.isdisjoint(COPYING)
            if is_copy or INDEXING in inside:
                yield from (Copied(node.lineno, table, is_copy) for table in _texts(call)[:1])


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_of_op(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "op"


def _texts(call: ast.Call) -> list[str]:
    """The names that a call gives as they stand: those of `op.f(…)`, too."""
    texts: list[str] = []
    for given in call.args:
        inner = given.args[0] if isinstance(given, ast.Call) and given.args else given
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            texts.append(inner.value)
    return texts
