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
    Float,
    FromClause,
    Integer,
    Numeric,
    Select,
    and_,
    any_,
    bindparam,
    column,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
)
from sqlalchemy.sql import operators

from db.compiled import Kept, Values
from db.links import Predicate, Source, Term, parameter_type

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
    kept: Kept | None = None
    """The form that is run when the statement is used again and again."""

    def to_keep(self) -> "Statement":
        """The statement, to be run many times."""
        return self._replace(kept=Kept(self.select))

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


@dataclass(frozen=True)
class Side:
    """One side of a cursor: the rows after it, or before it, in the order of the page.

    `nulls` says which of the cursor's values are null: it changes the condition, so it is part of the shape.
    """

    name: str
    nulls: tuple[bool, ...]

    def parameters(self, values: Sequence[Any]) -> dict[str, Any]:
        """The cursor's values, to run with."""
        return {
            f"__{self.name}_{index}": value
            for index, (value, null) in enumerate(zip(values, self.nulls, strict=True))
            if not null
        }

    def condition(self, terms: Sequence[Term]) -> ColumnElement[bool]:
        """Whether a row is on this side: the first term that differs decides."""
        reverse = self.name == "before"
        equal_so_far: list[ColumnElement[bool]] = []
        alternatives: list[ColumnElement[bool]] = []
        for index, (term, null) in enumerate(zip(terms, self.nulls, strict=True)):
            value = bindparam(f"__{self.name}_{index}", type_=parameter_type(term.expression.type))
            alternatives.append(and_(*equal_so_far, _beyond(term, value, null=null, reverse=reverse)))
            equal_so_far.append(term.expression.is_(None) if null else term.expression == value)
        return or_(*alternatives)


def _beyond(term: Term, value: Any, *, null: bool, reverse: bool) -> ColumnElement[bool]:
    nulls_come_later = term.nulls_first is reverse
    if null:
        return false() if nulls_come_later else term.expression.is_not(None)
    further = term.expression < value if term.descending is not reverse else term.expression > value
    return or_(further, term.expression.is_(None)) if term.nullable and nulls_come_later else further


class PageShape(NamedTuple):
    """A page without its numbers: which columns, in which order, from which side, between which cursors."""

    columns: tuple[str, ...]
    terms: tuple[Term, ...]
    """A total order: its last terms are unique."""
    backward: bool = False
    sides: tuple[Side, ...] = ()
    cursors: bool = False
    """Whether the values of the terms are wanted, behind the columns."""


def page(source: Source, shape: PageShape, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """At most `limit` rows of each parent, in order; at the root, at most `limit` rows.

    Columns: the asked-for ones, then the values of the terms if cursors are wanted, then the parent's key.
    A backward page comes in reverse. Source of the forms: docs/decisions/0003-a-page-per-parent.md.
    """
    statement = (
        select(*(getattr(source.row, name).label(f"column_{index}") for index, name in enumerate(shape.columns)))
        .select_from(source.from_clause)
        .where(*conditions(source, predicates), *(side.condition(shape.terms) for side in shape.sides))
    )
    if source.key:
        per_parent = _lateral_pages if dialect == "postgresql" else _numbered_pages
        return per_parent(statement, source, shape, Keys(source.key, dialect))
    if shape.cursors or not shape.columns:
        statement = statement.add_columns(*_term_columns(shape, dialect))
    ordered = statement.order_by(*(term.sql(reverse=shape.backward) for term in shape.terms)).limit(_limit())
    return Statement(ordered, Keys((), dialect), len(shape.columns))


def _term_columns(shape: PageShape, dialect: str) -> list[ColumnElement[Any]]:
    return [_exact(term.expression, dialect).label(f"term_{index}") for index, term in enumerate(shape.terms)]


def _exact(expression: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The value by which rows are really ordered: where decimals are doubles, rounding would move a cursor."""
    doubles = Float if dialect == "postgresql" else Float | Numeric
    if isinstance(expression.type, doubles) and expression.type.asdecimal:
        return type_coerce(expression, Float())
    return expression


def _limit() -> ColumnElement[int]:
    return bindparam(LIMIT, type_=Integer())


def _lateral_pages(statement: Select[Any], source: Source, shape: PageShape, keys: Keys) -> Statement:
    parent = keys.table()
    wanted = [column for column in parent.c if column.key != "position"]
    pages = (
        statement.add_columns(*_term_columns(shape, "postgresql"))
        .where(*(column == key for column, key in zip(source.key, wanted, strict=True)))
        .order_by(*(term.sql(reverse=shape.backward) for term in shape.terms))
        .limit(_limit())
        .lateral("page")
    )
    outer_terms = (
        term._replace(expression=pages.c[f"term_{index}"]).sql(reverse=shape.backward)
        for index, term in enumerate(shape.terms)
    )
    outer = select(*pages.c, *wanted).select_from(parent.join(pages, true())).order_by(parent.c.position, *outer_terms)
    return Statement(outer, keys, len(shape.columns))


def _numbered_pages(statement: Select[Any], source: Source, shape: PageShape, keys: Keys) -> Statement:
    number = func.row_number().over(
        partition_by=source.key, order_by=[term.sql(reverse=shape.backward) for term in shape.terms]
    )
    key = [column.label(f"key_{index}") for index, column in enumerate(source.key)]
    if shape.cursors:
        statement = statement.add_columns(*_term_columns(shape, keys.dialect))
    numbered = statement.add_columns(number.label("number"), *key).where(keys.condition()).subquery("page")
    outer = (
        select(*(column for column in numbered.c if column.key != "number"))
        .where(numbered.c.number <= _limit())
        .order_by(*(numbered.c[column.key] for column in key), numbered.c.number)
    )
    return Statement(outer, keys, len(shape.columns))


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
    key = [column.label(f"key_{index}") for index, column in enumerate(source.key)]
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
        .where(numbered.c.number <= _limit())
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
