"""What loaders are asked for: lists, orders, pages, projections, measures and groups.

Arguments of fields have become these values; the loaders make statements of them. Nothing is loaded here.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Mapper

from db.fast import Values
from db.relations import Expression, Predicate, Row, Source, Term
from db.statements import LIMIT, OFFSET, Side

IDENTITY = "the identity"
"""The form of a listing without arguments."""

FoundRows = Sequence[Values]
"""Rows of one parent, or of one statement."""


class Page(NamedTuple):
    """A page of one parent, in the order that was asked for: the columns, then the values of a cursor."""

    rows: FoundRows
    has_more: bool
    """Whether rows follow in the direction of paging."""
    has_less: bool = False
    """Whether rows stand in front of a page around a cursor."""
    front: int = 0
    """How many rows of a page around a cursor stand in front of the cursor."""


class PageArguments(NamedTuple):
    """How much of a listing is meant, and from where."""

    limit: int
    backward: bool = False
    after: tuple[Any, ...] | None = None
    before: tuple[Any, ...] | None = None
    offset: int | None = None
    """How many rows stand in front, where no cursor says where the page begins; None for none."""
    around: tuple[Any, ...] | None = None
    """The row in the middle, of a page that is read as two `halves`."""
    start: tuple[Any, ...] | None = None
    """The first row of the page, if it is there."""

    def halves(self) -> "tuple[PageArguments, PageArguments]":
        """Of a page around a row: what is in front of the row, and the rest, which begins with the row."""
        front = self.limit // 2
        return PageArguments(front, True, before=self.around), PageArguments(self.limit - front, start=self.around)

    def joined(self, front: Sequence[FoundRows], rest: Sequence[FoundRows]) -> list[Page]:
        """The pages whose halves were found."""
        first, second = self.halves()
        pages = zip(map(first.page, front), map(second.page, rest), strict=True)
        return [Page([*a.rows, *b.rows], b.has_more, a.has_more, len(a.rows)) for a, b in pages]

    def sides(self) -> tuple[Side, ...]:
        """The shapes of the cursors."""
        if not self._is_between:
            return ()
        return tuple(Side(name, tuple(part is None for part in values)) for name, values in self._cursors())

    def parameters(self) -> dict[str, Any]:
        """The values of the cursors, and the limit: one row more than is shown tells whether more follow."""
        parameters: dict[str, Any] = {LIMIT: self.limit + 1}
        if self.offset is not None:
            parameters[OFFSET] = self.offset
        if not self._is_between:
            return parameters
        for side, (_, values) in zip(self.sides(), self._cursors(), strict=True):
            parameters |= side.parameters(values)
        return parameters

    def page(self, found: FoundRows) -> Page:
        """The page that was found with these rows: the extra one is dropped, and a backward page turned round."""
        return Page(self.shown([found])[0], len(found) > self.limit)

    def shown(self, found: Sequence[FoundRows]) -> Sequence[FoundRows]:
        """The rows of each page."""
        limit = self.limit
        if max(map(len, found), default=0) > limit:
            found = [rows[:limit] for rows in found]
        return [rows[::-1] for rows in found] if self.backward else found

    @property
    def _is_between(self) -> bool:
        """Whether cursors bound the page."""
        return self.after is not None or self.before is not None or self.start is not None

    def _cursors(self) -> list[tuple[str, tuple[Any, ...]]]:
        given = (("after", self.after), ("before", self.before), ("from", self.start))
        return [(name, values) for name, values in given if values is not None]


class Order(NamedTuple):
    """An order of a listing, total where rows have a key. `identity` is equal for equal orders; cursors carry it."""

    terms: Callable[[Source], tuple[Term, ...]]
    identity: str
    is_kept: bool = True
    """Whether statements in this order are kept for other operations: not those that hold a value of a client's."""


class FirstOfEach(NamedTuple):
    """Of rows that share the values of attributes, the first one under an order."""

    by: tuple[str, ...]
    order: Order


@dataclass(frozen=True, eq=False)
class ListQuery:
    """Rows of one model: all of them or those of each parent, filtered, in no order yet.

    `identity` is equal for equal arguments and finds the loader; two listings of one identity must be alike.
    """

    model: Mapper[Any]
    source: Callable[[], Source]
    identity: Hashable
    predicates: tuple[Predicate, ...] = ()
    form: Hashable = IDENTITY
    """Equal for listings whose statements differ in `parameters` alone; None when they cannot be kept."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """What is bound when a statement of it runs."""
    only: FirstOfEach | None = None
    """Which of the rows count, where that hangs on the other ones; None: all of them."""

    def first_of_each(self, only: FirstOfEach) -> Self:
        """Those of its rows that are the first of all that share some values."""
        parts = (only.by, only.order.identity)
        form = self.shape("first of each", *parts) if only.order.is_kept else None
        return replace(self, identity=(self.identity, *parts), form=form, only=only)

    @property
    def kept_by(self) -> Hashable | None:
        """What its statements are kept by; None when they are not."""
        return self.identity if self.form is IDENTITY else self.form

    def shape(self, *parts: Hashable) -> Hashable | None:
        """What one statement of it is kept by, with what else that hangs on."""
        return None if self.kept_by is None else (self.kept_by, *parts)


class Projection(NamedTuple):
    """What is read of each row of a page."""

    columns: tuple[str, ...]
    cursors: bool = False
    """The values of the order's terms too, behind the columns."""


class Measure(NamedTuple):
    """Something to compute over rows; equal names mean equal measures."""

    name: str
    expression: Callable[[Any], ColumnElement[Any]]


@dataclass(frozen=True, eq=False)
class Grouping:
    """How the rows of a listing fall into groups, which of the groups are wanted, and in which order.

    `identity` is equal for equal arguments.
    """

    by: Callable[[Row], Sequence[Sequence[Expression]]]
    """The expressions of each thing that rows are grouped by."""
    having: Callable[[Row], ColumnElement[bool]] | None
    terms: Callable[[Row, Sequence[Sequence[Expression]]], Sequence[Term]]
    """The terms of the order, for a row and those expressions."""
    order: str
    """Equal for equal orders of equal groups; cursors carry it."""
    identity: Hashable
