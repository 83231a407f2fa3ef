"""PostgreSQL's sequences in generated revisions: created, dropped, counted otherwise, and put behind a column again.

Sequences of the database and of the models enter, operations leave; a revision has them as plain SQL, which only
PostgreSQL runs. Those behind identity columns come and go with their column.

Source: https://www.postgresql.org/docs/current/sql-createsequence.html
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrateOperation, UpgradeOps
from sqlalchemy import DefaultClause, text

from migrations.catalogs import SERIAL, Catalog
from migrations.catalogs.postgresql import quoted
from migrations.catalogs.sql import literal


@dataclass
class ChangeSequenceOp(MigrateOperation):
    """A sequence with its options before and after; None: there is none."""

    name: str
    before: str | None
    after: str | None
    column: tuple[str, str] | None = None
    """The table and the column that it counts for."""

    def reverse(self) -> "ChangeSequenceOp":
        """The way back."""
        return replace(self, before=self.after, after=self.before)

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """As `alembic check` describes it."""
        if self.before is None or self.after is None:
            return ("add_sequence" if self.before is None else "remove_sequence", self.name)
        return ("change_sequence", self.name, self.before, self.after)

    def statements(self) -> Iterator[str]:
        """What PostgreSQL is told."""
        name = quoted(self.name)
        if self.after is None:
            yield f"DROP SEQUENCE {name}"
        elif self.before is not None:
            yield f"ALTER SEQUENCE {name} {self.after}"
        elif self.column is None:
            yield f"CREATE SEQUENCE {name} {self.after}"
        else:
            table, column = map(quoted, self.column)
            yield f"CREATE SEQUENCE {name} OWNED BY {table}.{column}"
            yield f"SELECT setval({literal(name)}, coalesce(max({column}), 0) + 1, false) FROM {table}"


def sequence_of(table: str, column: str) -> str:
    """The name of the sequence behind a column, as PostgreSQL would give it to a table of a short name."""
    return f"{table}_{column}_seq"


def counting(table: str, column: str) -> DefaultClause:
    """The default of a column that its sequence counts up."""
    return DefaultClause(text(f"nextval({literal(quoted(sequence_of(table, column)))}::regclass)"))


def compare(catalog: Catalog, changes: UpgradeOps, tables: Collection[str], ours: Callable[[str], bool]) -> None:
    """Sequences of the database and of the models. Those of others stay as they are."""
    before, after = catalog.sequences(wanted=False), catalog.sequences(wanted=True)
    for name in sorted(after.keys() | set(filter(ours, before))):
        if before.get(name) != after.get(name):
            change = ChangeSequenceOp(name, before.get(name), after.get(name))
            changes.ops.insert(len(changes.ops) if change.after is None else 0, change)
    for table, column in _uncounted(catalog, tables):
        changes.ops.insert(0, ChangeSequenceOp(sequence_of(table, column), None, "", (table, column)))


def _uncounted(catalog: Catalog, tables: Collection[str]) -> Iterator[tuple[str, str]]:
    """The columns that should be counted up by a sequence of their own, and are not."""
    for table in sorted(tables):
        held = catalog.held(table, None).columns
        for column, words in catalog.wanted(table, None).columns.items():
            if words.default == SERIAL and column in held and held[column].default != SERIAL:
                yield table, column


@renderers.dispatch_for(ChangeSequenceOp)
def render(_context: AutogenContext, change: ChangeSequenceOp) -> str:
    """A change as a revision has it."""
    lines = (f"    op.execute({statement!r})" for statement in change.statements())
    return "\n".join(['if op.get_context().dialect.name == "postgresql":', *lines])
