"""The API keys of whoever asks, as a field of the query type: a viewer enters; their keys leave, never those of others.

At most as many as a user may have; so there are no pages, and no policy is asked: nobody sees another's key here. An
application that shows keys to others, too, maps the table (docs/identity.md).
"""

from datetime import datetime
from typing import cast

import strawberry
from sqlalchemy import String, Table, bindparam, select
from strawberry.types import Info

from db.base import utcnow
from db.fast import CompiledStatement, Values
from db.own import ApiKey, Feature
from graph.context import RequestContext
from graph.entity import computed
from graph.prepare.fields import PlannedField

_KEYS = cast(Table, ApiKey.__table__)
_OF_USER = CompiledStatement(
    select(
        _KEYS.c.name,
        _KEYS.c.shown,
        _KEYS.c.roles,
        _KEYS.c.read_only,
        _KEYS.c.created_at,
        _KEYS.c.expires_at,
        _KEYS.c.revoked_at,
    )
    .where(_KEYS.c.user_id == bindparam("whose", type_=String()))
    .order_by(_KEYS.c.name)
)


@strawberry.type(description="An API key of the viewer.")
class ViewerApiKey:
    """What is told of a key to whoever has made it."""

    name: str = strawberry.field(description="What the key is for.")
    shown: str = strawberry.field(description="How the key begins, to recognise it by.")
    roles: list[str] = strawberry.field(description="What the key may do, as far as its user may, too.")
    read_only: bool = strawberry.field(description="True: the key may change nothing.")
    created_at: datetime = strawberry.field(description="When the key was made.")
    expires_at: datetime | None = strawberry.field(description="When the key ends; null: never by itself.")
    revoked_at: datetime | None = strawberry.field(description="When the key was ended.")
    is_good: bool = strawberry.field(description="Whether requests with the key are believed.")


def viewer_api_keys() -> PlannedField:
    """`viewerApiKeys`, for `query_type(…, extra=[…])`."""

    @computed(name="viewerApiKeys")
    async def viewer_api_keys(info: Info[RequestContext, None]) -> list[ViewerApiKey]:
        """The API keys that act for the viewer, ended ones too, by their names."""
        viewer, now = info.context.viewer, utcnow()
        if viewer.id is None:
            return []
        rows = await info.context.session.rows(_OF_USER, {"whose": str(viewer.id)})
        return [_shown(row, now) for row in rows]

    field = cast(PlannedField, viewer_api_keys)
    field.own_feature = Feature.API_KEYS
    return field


def _shown(row: Values, now: datetime) -> ViewerApiKey:
    name, shown, roles, read_only, created_at, expires_at, revoked_at = row
    return ViewerApiKey(
        name=name,
        shown=shown,
        roles=roles,
        read_only=read_only,
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=revoked_at,
        is_good=revoked_at is None and (expires_at is None or expires_at > now),
    )
