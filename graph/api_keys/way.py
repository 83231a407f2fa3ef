"""Who has sent a request, by an API key: a request enters, a viewer leaves.

One statement on the primary, which knows of a key that was ended a moment ago; a second one for the roles that its user
has now, where the application says how. Without that, a key has no roles: nobody here knows which its user has left.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, or_, select
from starlette.requests import HTTPConnection

from db.base import UtcDateTime, utcnow
from db.fast import CompiledStatement
from db.kept import Figures
from db.own import ApiKey
from db.relations import ViewerId, comparable, viewer_parameters
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.auth import opaque
from graph.auth.credentials import credentials_of
from graph.errors import Unauthenticated
from graph.viewer import NOBODY, NOTHING_ELSE, Viewer


def is_good(now: BindParameter[datetime]) -> Sequence[ColumnElement[bool]]:
    """What holds of a key that was not ended and has not expired; `digest` is bound as that of its text."""
    return (
        ApiKey.secret_hash == bindparam("digest", type_=ApiKey.secret_hash.type),
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), comparable(ApiKey.expires_at) > now),
    )


_GOOD = CompiledStatement(
    select(ApiKey.id, ApiKey.user_id, ApiKey.read_only, ApiKey.roles).where(
        *is_good(bindparam("now", type_=UtcDateTime()))
    )
)


class ByApiKey:
    """Tells who sent a request, by an API key. One for each process."""

    asks_database = True
    reads_cookies = False

    def __init__(self, engines: Engines, held: Select[Any] | None) -> None:
        self._engines = engines
        self._held = None if held is None else CompiledStatement(held)

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request has an `Authorization` header."""
        return credentials_of(request, "").are_given

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether it has a key there, good or not."""
        return credentials_of(request, "").begins_with(opaque.API_KEY_PREFIX)

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request. Raises `Unauthenticated`, and what `RequestSession.rows` raises."""
        text = credentials_of(request, "").bearer()
        if text is None:
            return NOBODY
        if not text.startswith(opaque.API_KEY_PREFIX) or len(text) > opaque.MAX_CHARACTERS:
            raise Unauthenticated
        async with RequestSession(self._engines, Mode.CURRENT) as session:
            found = await session.rows(_GOOD, {"digest": opaque.digest(text), "now": utcnow()})
            if not found:
                raise Unauthenticated
            id_, user, read_only, roles = found[0]
            held = frozenset(roles) if user is None else await self._held_by(user, session)
        return Viewer(user, held.intersection(roles), key_id=id_, read_only=read_only)

    def caches(self) -> Mapping[str, Figures]:
        """None: a key may have been ended a moment ago."""
        return {}

    async def close(self) -> None:
        """Nothing is under way."""

    async def _held_by(self, user: ViewerId, session: RequestSession) -> frozenset[str]:
        """The roles that a user has now. Raises `Unauthenticated` for one who is gone."""
        if self._held is None:
            return frozenset()
        rows = await session.rows(self._held, dict(viewer_parameters(user, NOTHING_ELSE)))
        if not rows:
            raise Unauthenticated
        return frozenset(role for (role,) in rows if role is not None)
