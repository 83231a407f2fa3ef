"""Batched reads: many parents in, one statement out.

A loader hands over the keys of one tick; these functions build the statement that answers all of them. They know
columns and keys, not GraphQL. They never execute and never commit.

A statement is built from shapes alone (which columns, which order, which side of a cursor); keys, limits and
cursor values are bound when it runs, so that it can be built once and kept.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    Select,
    any_,
    bindparam,
    column,
    func,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.sql import operators

from db.fast import CompiledStatement, Values
from db.relations import Predicate, Source, parameter_type

Key = tuple[Any, ...]

MAX_CHAIN = 50
"""How many conditions stand in one row, none of them deeper than the others."""

# Parameters of conditions are called after their columns, so ours have names that no column has.
KEYS = "__keys"

LIMIT = "__limit"
"""The parameter that says how many rows a page takes for each parent; ask for one more than is shown."""


@dataclass(frozen=True)
class Keys:
    """Any number of keys as one condition with one SQL text.

    PostgreSQL takes one array for each column of the key. Elsewhere the condition is an `IN` that is expanded when
    it runs. Source: https://www.postgresql.org/docs/current/functions-comparisons.html#FUNCTIONS-COMPARISONS-ANY-SOME
    """

    columns: tuple[ColumnElement[Any], ...]
    dialect: str

    def condition(self) -> ColumnElement[bool]:
        """Whether a row belongs to one of the keys."""
        if self.dialect == "postgresql":
            if len(self.columns) == 1:
                return self.columns[0] == any_(self._arrays()[0])
            keys = func.unnest(*self._arrays()).table_valued(*self._names()).render_derived(name="keys")
            return tuple_(*self.columns).in_(select(keys))
        if len(self.columns) == 1:
            return self.columns[0].in_(bindparam(KEYS, expanding=True))
        return tuple_(*self.columns).in_(bindparam(KEYS, expanding=True))

    def table(self) -> FromClause:
        """The keys as a table with a `position`, in the order they were given; for PostgreSQL."""
        return (
            func.unnest(*self._arrays())
            .table_valued(*self._names(), with_ordinality="position")
            .render_derived(name="parent")
        )

    def array(self) -> BindParameter[Any]:
        """The first columns of all keys, for PostgreSQL."""
        return self._arrays()[0]

    def parameters(self, keys: Sequence[Key]) -> dict[str, Any]:
        """The values to run with."""
        if self.dialect == "postgresql":
            return {f"{KEYS}_{index}": [key[index] for key in keys] for index in range(len(self.columns))}
        return {KEYS: [key[0] for key in keys] if len(self.columns) == 1 else list(keys)}

    def _arrays(self) -> list[BindParameter[Any]]:
        return [
            bindparam(f"{KEYS}_{index}", type_=ARRAY(parameter_type(key.type)))
            for index, key in enumerate(self.columns)
        ]

    def _names(self) -> list[Any]:
        return [column(f"key_{index}", parameter_type(key.type)) for index, key in enumerate(self.columns)]


class Statement(NamedTuple):
    """A statement and how to read its rows: the asked-for columns first, then what it needs for itself."""

    select: Select[Any]
    keys: Keys
    width: int
    """How many columns were asked for."""
    kept: CompiledStatement | None = None
    """The form that is run when the statement is used again and again."""

    def to_keep(self) -> "Statement":
        """The statement, to be run many times."""
        return self._replace(kept=CompiledStatement(self.select))

    def parameters(self, keys: Sequence[Key] = ()) -> dict[str, Any]:
        """The values to run with for these keys."""
        return self.keys.parameters(keys) if self.keys.columns else {}

    def key_of(self, row: Sequence[Any]) -> Key:
        """The key of the parent that a row belongs to."""
        return tuple(row[-len(self.keys.columns) :]) if self.keys.columns else ()


def rows_by_key(
    source: Source, columns: Iterable[str], dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """The rows of all keys. Columns: the asked-for ones, then the key."""
    chosen = [getattr(source.row, name) for name in columns]
    keys = Keys(source.key, dialect)
    statement = (
        select(*chosen, *source.key)
        .select_from(source.from_clause)
        .where(keys.condition(), *conditions(source, predicates))
        .order_by(*(term.sql() for term in source.order))
    )
    return Statement(statement, keys, len(chosen))


def limit() -> ColumnElement[int]:
    """The number of rows that a page takes, bound when it runs."""
    return bindparam(LIMIT, type_=Integer())


def labelled(key: Sequence[ColumnElement[Any]]) -> list[Label[Any]]:
    """The columns of a key under names of their own."""
    return [column.label(f"key_{index}") for index, column in enumerate(key)]


def count(source: Source, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """How many rows each parent has; parents without any are left out. Columns: the count, then the key."""
    return aggregate(source, [func.count()], dialect, predicates)


def aggregate(
    source: Source, measures: Sequence[ColumnElement[Any]], dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """One row of measures for each parent; parents without rows are left out. Columns: the measures, then the key."""
    keys = Keys(source.key, dialect)
    statement = select(*measures, *source.key).select_from(source.from_clause).where(*conditions(source, predicates))
    if source.key:
        statement = statement.where(keys.condition()).group_by(*source.key)
    return Statement(statement, keys, len(measures))


def groups(
    source: Source,
    by: Sequence[ColumnElement[Any]],
    measures: Sequence[ColumnElement[Any]],
    dialect: str,
    predicates: Sequence[Predicate] = (),
    having: ColumnElement[bool] | None = None,
) -> Statement:
    """At most `limit` groups for each parent, the largest first. Columns: `by`, the measures, then the key."""
    keys = Keys(source.key, dialect)
    chosen = [
        *(expression.label(f"by_{index}") for index, expression in enumerate(by)),
        *(measure.label(f"measure_{index}") for index, measure in enumerate(measures)),
    ]
    key = labelled(source.key)
    number = func.row_number().over(
        partition_by=source.key or None,
        order_by=[func.count().desc(), *(expression.asc().nulls_last() for expression in by)],
    )
    grouped = (
        select(*chosen, number.label("number"), *key)
        .select_from(source.from_clause)
        .where(*conditions(source, predicates), *([keys.condition()] if source.key else []))
        .group_by(*source.key, *by)
    )
    if having is not None:
        grouped = grouped.having(having)
    numbered = grouped.subquery("numbered")
    statement = (
        select(*(column for column in numbered.c if column.key != "number"))
        .where(numbered.c.number <= limit())
        .order_by(*(numbered.c[column.key] for column in key), numbered.c.number)
    )
    return Statement(statement, keys, len(chosen))


def conditions(source: Source, predicates: Sequence[Predicate]) -> list[ColumnElement[bool]]:
    """What the predicates say about the rows of a source."""
    return [condition for predicate in predicates if (condition := predicate(source.row)) is not None]


def joined(
    operator: Callable[..., ColumnElement[bool]], conditions: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """Many conditions under `and_` or `or_`, in groups, because SQLite's expressions end at a depth of 1,000."""
    while len(conditions) > MAX_CHAIN:
        chains = (conditions[start : start + MAX_CHAIN] for start in range(0, len(conditions), MAX_CHAIN))
        # Bare parentheses would be taken away again; a type that is given to them keeps them, and adds no SQL.
        conditions = [type_coerce(operator(*chain).self_group(against=operators.inv), Boolean()) for chain in chains]
    return operator(*conditions)


def by_key(statement: Statement, rows: Sequence[Values]) -> Mapping[Key, Sequence[Values]]:
    """Rows gathered under the parents that they belong to, in the order in which they came."""
    width = len(statement.keys.columns)
    if not width:
        return {(): rows} if rows else {}
    if width == 1:
        return _by_one_column(rows)
    gathered: dict[Key, list[Values]] = {}
    for row in rows:
        gathered.setdefault(statement.key_of(row), []).append(row)
    return gathered


def first_by_key(statement: Statement, rows: Sequence[Values]) -> Mapping[Key, Values]:
    """The first row of each parent."""
    if len(statement.keys.columns) == 1:
        return {(row[-1],): row for row in reversed(rows)}  # of equal keys the last one stays
    return {key: rows[0] for key, rows in by_key(statement, rows).items()}


def _by_one_column(rows: Sequence[Values]) -> Mapping[Key, Sequence[Values]]:
    """Rows of one parent mostly come one after the other, so a parent is looked up when it changes."""
    gathered: dict[Key, list[Values]] = {}
    last: Any = object()
    of_one: list[Values] = []
    for row in rows:
        key = row[-1]
        if key != last:
            of_one = gathered.setdefault((key,), [])
            last = key
        of_one.append(row)
    return gathered
