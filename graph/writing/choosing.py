"""Which rows a change is for: those that a filter finds, or all of them where that is said in so many words.

The input of a mutation enters, conditions and what they bind leave. Nothing is read or written here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased

from db.relations import Row, Source
from graph.entity.filters import restricted
from graph.entity.registry import Entity
from graph.errors import InvalidFilter
from graph.loading.queries import ListQuery
from graph.prepare.late import in_time
from graph.writing.change import Change
from graph.writing.errors import InvalidInput, Rejected


class Choosing(Protocol):
    """An input that says which rows are meant: `where: filter_of(Order) = chosen_by(…)` and `all: bool = all_of(…)`."""

    @property
    def where(self) -> Mapping[str, Any] | None:
        """The filter; None: there is none."""

    @property
    def all(self) -> bool:
        """Whether all rows are meant."""


class Chosen(NamedTuple):
    """The rows that are meant, as far as the viewer sees them."""

    row: Any
    """Their model, under another name: the statement that changes them may not use one name twice."""
    conditions: list[ColumnElement[bool]]
    bound: Mapping[str, Any]
    """What the conditions bind."""


def chosen(values: Choosing, entity: Entity, change: Change) -> Chosen:
    """The rows of an entity that an input means.

    Raises `Rejected` for an input that says neither `where` nor `all: true`, or both, and for a filter that cannot be.
    """
    if (values.where is None) is not values.all:
        raise Rejected(InvalidInput(_neither_or_both(values, entity), (*change.place, "where")))
    row: Row = aliased(entity.model)
    shown = change.context.visible.seen(Source(row, row), entity.mapper).row
    listing = ListQuery(entity.mapper, _no_source, "chosen")
    try:
        where = None if values.where is None else in_time(values.where, change.context)
        listing = restricted(listing, entity, where, change.context.loaders)
    except InvalidFilter as error:
        raise Rejected(InvalidInput(error.message, (*change.place, "where"))) from None
    seen = change.context.visible(entity.mapper)
    predicates = [*listing.predicates, *([seen] if seen else [])]
    conditions = [condition for it in predicates if (condition := it(shown)) is not None]
    return Chosen(row, conditions, {**listing.parameters, **change.bound})


def _neither_or_both(values: Choosing, entity: Entity) -> str:
    if values.all:
        return "`all` and `where` exclude each other; send one of them."
    return f"Nothing says which {entity.many} are meant; send `where`, or `all: true` for all of them."


def _no_source() -> Any:
    raise AssertionError("Only what a listing is restricted by is asked for here.")
