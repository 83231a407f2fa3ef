"""Who may see what: one predicate for each model and kind of viewer, applied on every path.

A viewer enters, a `Visibility` leaves. Rows that may not be seen are not there, for lists, look-ups, relations, counts,
aggregates, filters and orders alike; values that may not be seen are null. The viewer's number is bound when a
statement runs, so that everybody with the same roles shares one statement. A new noun adds a line to `ROWS`; until
then only admins see it. Nothing is read here. Why: docs/decisions/0011-one-policy.md.
"""

from functools import lru_cache

from sqlalchemy import ColumnElement, or_, select

from db import models
from db.functions import among
from db.models.role import ADMIN, EDITOR
from db.relations import Predicate, Row, Visibility, viewer_id
from graph.auth.visibilities import Kind, RowPolicies, RowPolicy, ValuePolicies, check, nothing, visibility_of
from graph.viewer import Viewer

SEEN_BY_ROLE = frozenset({ADMIN, EDITOR})
"""The roles that change what is seen."""


def _admins(kind: Kind) -> Predicate | None:
    return None if kind.has(ADMIN) else nothing


def _owners(belongs: Predicate) -> RowPolicy:
    """What belongs to the viewer; everything for admins."""

    def policy(kind: Kind) -> Predicate | None:
        if kind.has(ADMIN):
            return None
        return belongs if kind.is_user else nothing

    return policy


def _posts(kind: Kind) -> Predicate | None:
    if kind.has(ADMIN, EDITOR):
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


ROWS: RowPolicies = {
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
}

VALUES: ValuePolicies = {
    (models.User, "email"): _owners(_own("id")),
}
"""The values that not everybody sees who sees the row."""


def is_operator(viewer: Viewer) -> bool:
    """Whether a viewer runs the server, and may see how it answers."""
    return viewer.has(ADMIN)


def visibility(viewer: Viewer) -> Visibility:
    """What a viewer may see; the same object for all viewers of one kind."""
    return _visibility(Kind(viewer.id is not None, viewer.roles & SEEN_BY_ROLE))


@lru_cache
def _visibility(kind: Kind) -> Visibility:
    return visibility_of(kind, ROWS, VALUES, otherwise=_admins, shared_as=kind.name)


check(models.User.registry.mappers, ROWS, VALUES)
