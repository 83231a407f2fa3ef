"""Pages: a few rows of each parent, in order, in one statement for all parents.

A shape enters (which columns, in which order, between which cursors), a statement leaves. Limits and cursors are bound
when it runs. Nothing is executed here. Source of the forms: docs/decisions/0003-a-page-per-parent.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Label,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.orm import join

from db.dialects import DatabaseDialect, PagedRows, cut, dialect_of, limit, sorted_by
from db.relations import Expression, Predicate, Source, Term, cursor_type
from db.statements.conditions import conditions
from db.statements.statement import Statement

BACKWARD = frozenset({"before", "until"})
"""Sides of the rows in front of a cursor; others are of those behind."""
INCLUSIVE = frozenset({"from", "until"})
"""Sides that have the cursor's own row."""
CURSORS = tuple(f"__{side}_" for side in ("after", *sorted(BACKWARD | INCLUSIVE)))
"""How the parameters begin that hold the values of cursors."""


@dataclass(frozen=True)
class Side:
    """One side of a cursor: the rows after it, or before it, with its own row or without, in the order of the page.

    `nulls` says which of the cursor's values are null: it changes the condition, so it is part of the shape.
    """

    name: str
    nulls: tuple[bool, ...]

    def parameters(self, values: Sequence[object]) -> dict[str, object]:
        """The cursor's values, to run with."""
        return {
            f"__{self.name}_{index}": value
            for index, (value, null) in enumerate(zip(values, self.nulls, strict=True))
            if not null
        }

    def condition(self, terms: Iterable[Term]) -> ColumnElement[bool]:
        """Whether a row is on this side: the first term that differs decides."""
        if self.name in BACKWARD:
            terms = [term.reversed() for term in terms]
        equal_so_far: list[ColumnElement[bool]] = []
        alternatives: list[ColumnElement[bool]] = []
        for index, (term, null) in enumerate(zip(terms, self.nulls, strict=True)):
            compared, value = term.compared, self._value(index, term)
            alternatives.append(and_(*equal_so_far, _is_behind_null(term) if null else _is_behind(term, value)))
            equal_so_far.append(compared.is_(None) if null else compared == value)
        if self.name in INCLUSIVE:
            alternatives.append(and_(*equal_so_far))
        return or_(*alternatives)

    def bounds(self, terms: Sequence[Term]) -> Iterator[ColumnElement[bool]]:
        """What holds of every row on this side whose first term is not null: a range that an index can serve."""
        if terms and not self.nulls[0]:
            first = terms[0].reversed() if self.name in BACKWARD else terms[0]
            value = self._value(0, first)
            yield first.compared <= value if first.descending else first.compared >= value

    def _value(self, index: int, term: Term) -> BindParameter[Any]:
        return bindparam(f"__{self.name}_{index}", type_=cursor_type(term.expression.type))


def is_of_cursor(names: Iterable[str]) -> bool:
    """Whether a parameter of these names is a value of a cursor."""
    return any(name.startswith(CURSORS) for name in names)


def _is_behind(term: Term, value: Expression) -> ColumnElement[bool]:
    """Whether a row comes later in the term's order than a value."""
    further = term.compared < value if term.descending else term.compared > value
    return or_(further, term.expression.is_(None)) if term.nullable and not term.nulls_first else further


def _is_behind_null(term: Term) -> ColumnElement[bool]:
    """Whether a row comes later in the term's order than null."""
    return term.expression.is_not(None) if term.nulls_first else false()


class PageShape(NamedTuple):
    """A page without its numbers: which columns, in which order, from which side, between which cursors."""

    columns: tuple[str, ...]
    terms: tuple[Term, ...]
    """A total order: its last terms are unique. Where rows have no key, as much of an order as was asked for."""
    backward: bool = False
    sides: tuple[Side, ...] = ()
    cursors: bool = False
    """Whether the values of the terms are wanted, behind the columns."""
    skips: bool = False
    """Whether rows stand in front of it by number; their number is bound when the statement runs."""
    most: int | None = None
    """The most that `limit` may be, of rows that say their number among those of their parent, as the last column."""
    most_together: int = 0
    """How many rows all pages have together, about."""

    def order(self) -> tuple[Term, ...]:
        """The order in which rows are read: a backward page is read from its end."""
        return tuple(term.reversed() for term in self.terms) if self.backward else self.terms


def page(source: Source, shape: PageShape, dialect: str, predicates: Sequence[Predicate] = ()) -> Statement:
    """At most `limit` rows of each parent, in order; at the root, at most `limit` rows.

    Columns: the asked-for ones, then the values of the terms if cursors are wanted, then the parent's key.
    A backward page comes in reverse.
    """
    known = dialect_of(dialect)
    shape, rows_of = _shared(source, shape, known)
    rows = (
        select(*_columns(source, shape))
        .select_from(rows_of)
        .where(*conditions(source, predicates), *(side.condition(shape.terms) for side in shape.sides))
    )
    cursors = shape.cursors or not (shape.columns or source.key)  # a SELECT needs a column
    paged = PagedRows(
        rows,
        source.key,
        shape.order(),
        cursors,
        source.through_table,
        shape.skips,
        shape.most,
        shape.most_together,
        bool(source.only),
    )
    if source.key:
        return Statement(known.page_per_parent(paged), known, len(shape.columns), len(source.key))
    if shape.most is not None:
        return Statement(known.numbered_rows(paged), known, len(shape.columns))
    if shape.skips:
        skipping = known.with_cursors(paged).order_by(*sorted_by(paged.order))
        return Statement(cut(skipping, skips=True), known, len(shape.columns))
    bounds = [bound for side in shape.sides for bound in side.bounds(shape.terms)]
    statement = known.first_rows(known.with_cursors(paged), paged.order, bounds)
    return Statement(statement, known, len(shape.columns))


def counted_page(
    source: Source, shape: PageShape, most: int, dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """At most `limit` rows at the root, in order, and of how many, if there are no more than `most`.

    Columns: those of `page`, then the number of all rows, which is `most` and one when there are more: then the page is
    not the right one. A row is read with its columns to be counted, so they should be stored ones. No sides of cursors.
    """
    known = dialect_of(dialect)
    shape, rows_of = _shared(source, shape, known)
    few = (
        select(*_columns(source, shape))
        .add_columns(*known.term_columns(shape.terms))
        .select_from(rows_of)
        .where(*conditions(source, predicates))
        .limit(literal_column(str(most + 1)))  # PostgreSQL plans for a number that it knows
        .subquery("few")
    )
    terms = [term._replace(expression=few.c[f"term_{index}"]) for index, term in enumerate(shape.order())]
    shown = [f"column_{index}" for index in range(len(shape.columns))]
    shown += [f"term_{index}" for index in range(len(shape.terms))] if shape.cursors else []
    counted = select(*(few.c[name] for name in shown), func.count().over().label("total"))
    return Statement(counted.order_by(*sorted_by(terms)).limit(limit()), known, len(shape.columns))


def page_and_count(
    source: Source, again: Source, shape: PageShape, dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """The same for any number of rows; `again` is the source under names of its own."""
    count = select(func.count()).select_from(again.from_clause).where(*conditions(again, predicates))
    found = page(source, shape, dialect, predicates)
    return found._replace(select=found.select.add_columns(count.scalar_subquery().label("total")))


def _shared(source: Source, shape: PageShape, dialect: DatabaseDialect) -> tuple[PageShape, Any]:
    """The shape, with terms whose values are computed beside the rows where that is cheaper; and the rows with those.

    Joined, for SQLAlchemy would not see that what stands beside a row depends on the row.
    """
    beside = [dialect.beside(term, number) for number, term in enumerate(shape.terms)]
    rows = source.from_clause
    for found in beside:
        rows = rows if found is None else join(rows, found, true())
    terms = (
        term if found is None else term._replace(expression=found.c.value)
        for term, found in zip(shape.terms, beside, strict=True)
    )
    return shape._replace(terms=tuple(terms)), rows


def _columns(source: Source, shape: PageShape) -> list[Label[Any]]:
    """The asked-for columns under the names `column_0`, `column_1`, which no term has."""
    return [getattr(source.row, name).label(f"column_{index}") for index, name in enumerate(shape.columns)]
