"""The indexes that a database has, and how large its tables are: asked once for each diagnosis.

A connection and a table enter; facts leave. Row counts end at a bound, so that no table is read for them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, func, inspect, literal_column, select

from db.dialects import dialect_of
from db.relations import Term

MANY_ROWS = 500
"""Below, a table is read as fast from end to end."""


class TableFacts(NamedTuple):
    """What a database says of one of its tables."""

    indexes: Sequence["ExistingIndex"]
    has_many_rows: bool
    """Whether there are at least `MANY_ROWS`."""
    estimated_rows: float | None
    """How many rows the planner believes in; None where it does not say."""


class ExistingIndex(NamedTuple):
    """An index, or a key, which is one too."""

    name: str | None
    columns: Sequence[str | None]
    """None for an expression."""
    descending: Sequence[bool] = ()
    is_plain: bool = True
    """Whether it holds sorted values of all rows."""
    is_unique: bool = False

    def serves(self, equal: Sequence[str], ordered: Sequence[Term], ranged: str | None) -> bool:
        """Whether it finds rows by what is equal, and has them in order, or between values."""
        if self.is_unique and self.is_plain and set(self.columns) <= set(equal):
            return True  # there is one row at most, in any order
        if not self.is_plain or set(self.columns[: len(equal)]) != set(equal):
            return False
        rest = self.columns[len(equal) :]
        if ordered:
            wanted = [term.expression.name for term in ordered]
            return list(rest[: len(wanted)]) == wanted and self._runs_along(ordered, len(equal))
        return ranged is None or (bool(rest) and rest[0] == ranged)

    def _runs_along(self, ordered: Sequence[Term], start: int) -> bool:
        """Whether its directions are those of the order, or all of them the other way."""
        own = [*self.descending, *[False] * len(self.columns)][start : start + len(ordered)]
        turned = {one is term.descending for one, term in zip(own, ordered, strict=True)}
        return len(turned) == 1


def facts_of(connection: Connection, table: Table) -> TableFacts:
    """What the database says of a table."""
    few = select(literal_column("1")).select_from(table).limit(MANY_ROWS).subquery()
    rows: int = connection.scalar(select(func.count()).select_from(few)) or 0
    return TableFacts(_indexes(connection, table), rows >= MANY_ROWS, _estimated_rows(connection, table))


def _estimated_rows(connection: Connection, table: Table) -> float | None:
    question = dialect_of(connection.dialect.name).estimated_rows(table)
    if question is None:
        return None
    found: float | None = connection.scalar(question)
    return None if found is None or found < 0 else found


def _indexes(connection: Connection, table: Table) -> list[ExistingIndex]:
    inspector = inspect(connection)
    key = inspector.get_pk_constraint(table.name, table.schema)
    columns = list(key["constrained_columns"])
    found = [ExistingIndex(key.get("name"), columns, is_unique=True)] if columns else []
    uniques = inspector.get_unique_constraints(table.name, table.schema)
    found += [ExistingIndex(unique["name"], unique["column_names"], is_unique=True) for unique in uniques]
    return found + [_existing(index) for index in inspector.get_indexes(table.name, table.schema)]


def _existing(index: Any) -> ExistingIndex:
    options = index.get("dialect_options", {})
    sorting = index.get("column_sorting", {})
    using = [value for name, value in options.items() if name.endswith("_using")]
    is_partial = any(name.endswith("_where") and value is not None for name, value in options.items())
    return ExistingIndex(
        index["name"],
        index["column_names"],
        [sorting is not None and "desc" in sorting.get(name, ()) for name in index["column_names"]],
        is_plain=not is_partial and set(using) <= {"btree"},
        is_unique=bool(index["unique"]),
    )
