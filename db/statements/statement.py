"""A statement for many parents, and how its rows tell which parent they belong to.

SQL enters, rows gathered by parent leave. Nothing is executed here.

A statement is built from shapes alone (which columns, which order, which side of a cursor); keys, limits and
cursor values are bound when it runs, so that one statement is built once and run many times.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

from db.dialects import DatabaseDialect, Query
from db.fast import CompiledStatement, Values
from db.relations import Key


class Statement(NamedTuple):
    """A statement and how to read its rows: the asked-for columns first, the parent's key last."""

    select: Query
    dialect: DatabaseDialect
    width: int
    """How many columns were asked for."""
    key_width: int = 0
    """How many columns the key has; none at the root."""
    compiled: CompiledStatement | None = None
    """The form of a statement that is run again and again."""

    def to_compiled(self) -> Self:
        """The statement, to be run many times."""
        return self._replace(compiled=CompiledStatement(self.select))

    def parameters(self, keys: Sequence[Key] = ()) -> list[dict[str, object]]:
        """The values to run with for these keys: once, unless the keys are more than one run takes."""
        width, most = self.key_width, self.dialect.max_keys
        if not width:
            return [{}]
        if most is None or len(keys) <= most:
            return [self.dialect.key_parameters(keys, width)]
        starts = range(0, len(keys), most)
        return [self.dialect.key_parameters(keys[start : start + most], width) for start in starts]


def by_key(statement: Statement, rows: Sequence[Values]) -> Mapping[Key, Sequence[Values]]:
    """Rows gathered under the parents that they belong to, in the order in which they came."""
    width = statement.key_width
    if not width:
        return {(): rows} if rows else {}
    if width == 1:
        return _by_one_column(rows)
    gathered: dict[Key, list[Values]] = {}
    for row in rows:
        gathered.setdefault(tuple(row[-width:]), []).append(row)
    return gathered


def first_by_key(statement: Statement, rows: Sequence[Values]) -> Mapping[Key, Values]:
    """The first row of each parent."""
    if statement.key_width == 1:
        return {(row[-1],): row for row in reversed(rows)}  # of equal keys the last one stays
    return {key: rows[0] for key, rows in by_key(statement, rows).items()}


def _by_one_column(rows: Sequence[Values]) -> Mapping[Key, Sequence[Values]]:
    """The same for keys of one column. Rows of one parent mostly follow each other: a change of key is the look-up."""
    gathered: dict[Key, list[Values]] = {}
    last: object = object()
    of_one: list[Values] = []
    for row in rows:
        key = row[-1]
        if key != last:
            of_one = gathered.setdefault((key,), [])
            last = key
        of_one.append(row)
    return gathered
