"""Who may see what: one line for each model, applied on every path: lists, look-ups, relations, counts and filters.

Closed until you open it: what no line opens, admins alone see. `everybody` opens a table, `owners(own("owner_id"))`
shows each user the rows that have the user's id in that column. Rows that may not be seen are not there; values
that may not be seen (`VALUES`) are null. Why: docs/decisions/0011-one-policy.md.
"""

from functools import lru_cache

from db.base import Base
from db.relations import Predicate, Visibility, viewer_id
from graph.auth.visibilities import Kind, RowPolicies, RowPolicy, ValuePolicies, check, nothing, visibility_of
from graph.viewer import Viewer

ADMIN = "admin"
"""The role that sees everything."""
SEEN_BY_ROLE = frozenset({ADMIN})
"""The roles that change what is seen."""


def admins(kind: Kind) -> Predicate | None:
    """Everything for admins, nothing for others."""
    return None if kind.has(ADMIN) else nothing


def everybody(_kind: Kind) -> Predicate | None:
    """Everything, also for those who have not signed in."""
    return None


def users(kind: Kind) -> Predicate | None:
    """Everything for those who have signed in."""
    return None if kind.is_user or kind.has(ADMIN) else nothing


def owners(belongs: Predicate) -> RowPolicy:
    """What belongs to the viewer; everything for admins."""

    def policy(kind: Kind) -> Predicate | None:
        if kind.has(ADMIN):
            return None
        return belongs if kind.is_user else nothing

    return policy


def own(column: str) -> Predicate:
    """Rows that have the viewer's number, UUID or name in this attribute."""
    return lambda row: getattr(row, column) == viewer_id(getattr(row, column).type)


ROWS: RowPolicies = {}

VALUES: ValuePolicies = {}
"""By model and attribute, the values that not everybody sees who sees the row."""


def is_operator(viewer: Viewer) -> bool:
    """Whether a viewer runs the server, and may see how it answers."""
    return viewer.has(ADMIN)


def visibility(viewer: Viewer) -> Visibility:
    """What a viewer may see; the same object for all viewers of one kind."""
    return _visibility(Kind(viewer.id is not None, viewer.roles & SEEN_BY_ROLE))


@lru_cache
def _visibility(kind: Kind) -> Visibility:
    return visibility_of(kind, ROWS, VALUES, otherwise=admins, shared_as=kind.name)


check(Base.registry.mappers, ROWS, VALUES)
