"""Who may see what: one predicate for each model and kind of viewer, applied on every path.

A viewer enters, a `Visibility` leaves. Rows that may not be seen are not there, for lists, look-ups, relations, counts,
aggregates, filters and orders alike; values that may not be seen are null. The viewer's number is bound when a
statement runs, so that everybody with the same roles shares one statement. Why: docs/decisions/0011-one-policy.md.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, false, inspect, or_, select
from sqlalchemy.orm import Mapper

from db import models
from db.functions import among
from db.relations import Predicate, Row, Visibility, viewer_id
from graph.errors import InvalidPolicy
from graph.viewer import ADMIN, EDITOR, Viewer


class Kind(NamedTuple):
    """What visibility depends on, besides the viewer's number."""

    is_user: bool
    roles: frozenset[str]

    def has(self, *roles: str) -> bool:
        """Whether this kind has one of these roles; an admin has them all."""
        return ADMIN in self.roles or not self.roles.isdisjoint(roles)


RowPolicy = Callable[[Kind], Predicate | None]
"""Which rows a kind of viewer may see; None: all of them."""

SEEN_BY_ROLE = frozenset({ADMIN, EDITOR})
"""The roles that change what is seen."""


def _nothing(_row: Row) -> ColumnElement[bool]:
    return false()


def _admins(kind: Kind) -> Predicate | None:
    return None if kind.has(ADMIN) else _nothing


def _owners(belongs: Predicate) -> RowPolicy:
    """What belongs to the viewer; everything for admins."""

    def policy(kind: Kind) -> Predicate | None:
        if kind.has(ADMIN):
            return None
        return belongs if kind.is_user else _nothing

    return policy


def _posts(kind: Kind) -> Predicate | None:
    if kind.has(EDITOR):
        return None
    if kind.is_user:
        return lambda post: or_(_is_published(post), post.author_id == viewer_id())
    return _is_published


def _is_published(post: Row) -> ColumnElement[bool]:
    return post.status == models.PostStatus.PUBLISHED  # type: ignore[no-any-return]  # an alias has no types


def _own_orders(line: Row) -> ColumnElement[bool]:
    own = select(models.Order.id).where(models.Order.customer_id == viewer_id())
    return line.order_id.in_(own)  # type: ignore[no-any-return]  # as above


def _own_transfers(transfer: Row) -> ColumnElement[bool]:
    own = select(models.Account.id).where(models.Account.owner_id == viewer_id()).correlate(None).scalar_subquery()
    return or_(among(transfer.from_account_id, own), among(transfer.to_account_id, own))


def _own(column: str) -> Predicate:
    return lambda row: getattr(row, column) == viewer_id()


def _everybody(_kind: Kind) -> Predicate | None:
    return None


ROWS: Mapping[type[Any], RowPolicy] = {
    models.User: _everybody,
    models.Tag: _everybody,
    models.Post: _posts,
    models.Role: _admins,
    models.Document: _owners(_own("owner_id")),
    models.Order: _owners(_own("customer_id")),
    models.OrderLine: _owners(_own_orders),
    models.Account: _owners(_own("owner_id")),
    models.Transfer: _owners(_own_transfers),
    models.AuditEntry: _admins,
    models.ApiKey: _admins,
    models.SignIn: _admins,
    models.IdempotencyKey: _admins,
}
"""The policy of each model, and of those that inherit from it."""

VALUES: Mapping[tuple[type[Any], str], RowPolicy] = {
    (models.User, "email"): _owners(_own("id")),
}
"""The values that not everybody sees who sees the row: in which rows they are shown."""


def visibility(viewer: Viewer) -> Visibility:
    """What a viewer may see; the same object for all viewers of one kind."""
    return _visibility(Kind(viewer.id is not None, viewer.roles & SEEN_BY_ROLE))


@lru_cache
def _visibility(kind: Kind) -> Visibility:
    return visibility_of(kind, ROWS, VALUES)


def visibility_of(
    kind: Kind, row_policies: Mapping[type[Any], RowPolicy], value_policies: Mapping[tuple[type[Any], str], RowPolicy]
) -> Visibility:
    """What a kind of viewer may see by these policies; nothing of models that they do not name."""
    rows = {model: policy(kind) for model, policy in row_policies.items()}
    values = {place: found for place, policy in value_policies.items() if (found := policy(kind)) is not None}

    def seen_rows(mapper: Mapper[Any]) -> Predicate | None:
        return rows.get(mapper.base_mapper.class_, _nothing)

    def seen_values(mapper: Mapper[Any]) -> Mapping[str, Predicate]:
        return {name: predicate for (model, name), predicate in values.items() if issubclass(mapper.class_, model)}

    return Visibility(seen_rows, seen_values)


def check(
    mappers: Iterable[Mapper[Any]],
    row_policies: Mapping[type[Any], RowPolicy],
    value_policies: Mapping[tuple[type[Any], str], RowPolicy],
) -> None:
    """Raise `InvalidPolicy` unless it is said of every row who may see it, and every value that is hidden is there."""
    for mapper in mappers:
        name, base = mapper.class_.__name__, mapper.base_mapper.class_
        if mapper.class_ is base and base not in row_policies:
            raise InvalidPolicy(f"{name} has no policy; say in ROWS of graph/auth/policies.py who may see its rows.")
        if mapper.class_ is not base and mapper.class_ in row_policies:
            raise InvalidPolicy(f"The rows of {name} are rows of {base.__name__} too; say there who may see them.")
    for model, attribute in value_policies:
        mapper = inspect(model)
        known = mapper.column_attrs.keys()
        if attribute not in known:
            raise InvalidPolicy(f"{model.__name__} has no column {attribute!r} to hide; it has {', '.join(known)}.")
        if mapper.inherits is not None and attribute in mapper.inherits.column_attrs:
            raise InvalidPolicy(f"{model.__name__}.{attribute} is inherited; say at its base who may see it.")


check(models.User.registry.mappers, ROWS, VALUES)
