"""Pages: a few rows of each parent, in order, in one statement for all parents.

A shape enters (which columns, in which order, between which cursors), a statement leaves. Limits and cursors are bound
when it runs. Nothing is executed here. Source of the forms: docs/decisions/0003-a-page-per-parent.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Numeric,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

from db.relations import Predicate, Source, Term, parameter_type
from db.statements.rows import Keys, Statement, conditions, labelled, limit


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
        return _per_parent(source, dialect)(statement, source, shape, Keys(source.key, dialect))
    if shape.cursors or not shape.columns:
        statement = statement.add_columns(*_term_columns(shape, dialect))
    ordered = statement.order_by(*(term.sql(reverse=shape.backward) for term in shape.terms)).limit(limit())
    return Statement(ordered, Keys((), dialect), len(shape.columns))


def counted_page(
    source: Source, shape: PageShape, most: int, dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """At most `limit` rows at the root, in order, and of how many, if there are no more than `most`.

    Columns: those of `page`, then the number of all rows, which is `most` and one when there are more: then the page is
    not the right one. A row is read with its columns to be counted, so they should be stored ones. No sides of cursors.
    Source of the form: docs/decisions/0003-a-page-per-parent.md.
    """
    few = (
        select(*(getattr(source.row, name).label(f"column_{index}") for index, name in enumerate(shape.columns)))
        .add_columns(*_term_columns(shape, dialect))
        .select_from(source.from_clause)
        .where(*conditions(source, predicates))
        .limit(literal_column(str(most + 1)))  # PostgreSQL plans for a number that it knows
        .subquery("few")
    )
    terms = [term._replace(expression=few.c[f"term_{index}"]) for index, term in enumerate(shape.terms)]
    shown = [f"column_{index}" for index in range(len(shape.columns))]
    shown += [f"term_{index}" for index in range(len(shape.terms))] if shape.cursors else []
    statement = (
        select(*(few.c[name] for name in shown), func.count().over().label("total"))
        .order_by(*(term.sql(reverse=shape.backward) for term in terms))
        .limit(limit())
    )
    return Statement(statement, Keys((), dialect), len(shape.columns))


def page_and_count(
    source: Source, again: Source, shape: PageShape, dialect: str, predicates: Sequence[Predicate] = ()
) -> Statement:
    """The same for any number of rows; `again` is the source under names of its own."""
    count = select(func.count()).select_from(again.from_clause).where(*conditions(again, predicates))
    found = page(source, shape, dialect, predicates)
    return found._replace(select=found.select.add_columns(count.scalar_subquery().label("total")))


def _term_columns(shape: PageShape, dialect: str) -> list[ColumnElement[Any]]:
    return [_exact(term.expression, dialect).label(f"term_{index}") for index, term in enumerate(shape.terms)]


def _exact(expression: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The value by which rows are really ordered: where decimals are doubles, rounding would move a cursor."""
    doubles = Float if dialect == "postgresql" else Float | Numeric
    if isinstance(expression.type, doubles) and expression.type.asdecimal:
        return type_coerce(expression, Float())
    return expression


def _per_parent(source: Source, dialect: str) -> "Callable[[Select[Any], Source, PageShape, Keys], Statement]":
    if dialect != "postgresql":
        return _numbered_pages
    return _few_or_lateral_pages if source.through_table else _lateral_pages


def _lateral_pages(statement: Select[Any], source: Source, shape: PageShape, keys: Keys) -> Statement:
    """A short ordered read for each parent, which an index on the key and the order serves."""
    parent = keys.table()
    pages, names = _lateral(statement, source, shape, parent)
    chosen = [pages.c[name] for name in names]
    outer = (
        select(*chosen, *_keys_of(parent))
        .select_from(parent.join(pages, true()))
        .order_by(parent.c.position, pages.c.number)
    )
    return Statement(outer, keys, len(shape.columns))


def _lateral(
    statement: Select[Any], source: Source, shape: PageShape, parent: FromClause
) -> tuple[FromClause, list[str]]:
    """The page of one parent with a `number` for each row, and the names of its other columns."""
    if shape.cursors:
        statement = statement.add_columns(*_term_columns(shape, "postgresql"))
    order = [term.sql(reverse=shape.backward) for term in shape.terms]
    pages = (
        statement.add_columns(func.row_number().over(order_by=order).label("number"))
        .where(*(column == key for column, key in zip(source.key, _keys_of(parent), strict=True)))
        .order_by(*order)
        .limit(limit())
        .lateral("page")
    )
    return pages, [name for name in pages.c.keys() if name != "number"]  # noqa: SIM118 - columns are not a dict


def _few_or_lateral_pages(statement: Select[Any], source: Source, shape: PageShape, keys: Keys) -> Statement:
    """All children of all parents, if they are as few as the pages may hold; else a short read for each parent.

    Where a table of pairs leads to a small table, PostgreSQL would scan that table anew for each parent. Never more
    rows are read than the pages may hold together, and one: docs/decisions/0003-a-page-per-parent.md.
    """
    most = func.cardinality(keys.array()) * limit()
    few = (
        statement.add_columns(*_term_columns(shape, "postgresql"), *labelled(source.key))
        .where(keys.condition())
        .limit(most + 1)
        .cte("few")
    )
    fits = select(func.count()).select_from(few).scalar_subquery() <= most
    terms = [
        term._replace(expression=few.c[f"term_{index}"]).sql(reverse=shape.backward)
        for index, term in enumerate(shape.terms)
    ]
    key = [few.c[f"key_{index}"] for index in range(len(source.key))]
    numbered = select(few, func.row_number().over(partition_by=key, order_by=terms).label("number")).subquery("page")
    parent = keys.table()
    pages, names = _lateral(statement, source, shape, parent)
    found = union_all(
        select(*(numbered.c[name] for name in names), numbered.c.number, *(numbered.c[part.key] for part in key)).where(
            numbered.c.number <= limit(), fits
        ),
        select(*(pages.c[name] for name in names), pages.c.number, *_keys_of(parent))
        .select_from(parent.join(pages, true()))
        .where(not_(fits)),
    ).subquery("found")
    outer = select(*(column for column in found.c if column.key != "number")).order_by(
        *(found.c[part.key] for part in key), found.c.number
    )
    return Statement(outer, keys, len(shape.columns))


def _keys_of(parent: FromClause) -> list[ColumnElement[Any]]:
    return [column for column in parent.c if column.key != "position"]


def _numbered_pages(statement: Select[Any], source: Source, shape: PageShape, keys: Keys) -> Statement:
    number = func.row_number().over(
        partition_by=source.key, order_by=[term.sql(reverse=shape.backward) for term in shape.terms]
    )
    key = labelled(source.key)
    if shape.cursors:
        statement = statement.add_columns(*_term_columns(shape, keys.dialect))
    numbered = statement.add_columns(number.label("number"), *key).where(keys.condition()).subquery("page")
    outer = (
        select(*(column for column in numbered.c if column.key != "number"))
        .where(numbered.c.number <= limit())
        .order_by(*(numbered.c[column.key] for column in key), numbered.c.number)
    )
    return Statement(outer, keys, len(shape.columns))
