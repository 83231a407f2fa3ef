"""Who sent a request: its credentials enter, a `Viewer` leaves.

A request without credentials costs nothing; its viewer is `NOBODY`. A request with credentials costs one statement on
the primary, which knows of a key or a sign-in that was ended a moment ago. Wrong credentials are refused, and never
taken for none.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, or_, select
from starlette.requests import HTTPConnection

from db.base import UtcDateTime, utcnow
from db.fast import CompiledStatement, Values
from db.fast.compiled import Statement
from db.models import ApiKey, Role, SignIn, User, user_roles
from db.relations import comparable
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.api_keys.way import is_good
from graph.auth import opaque
from graph.auth.credentials import credentials_of
from graph.auth.cross_site import refuse_cross_site
from graph.auth.tokens import ISSUER, Tokens
from graph.errors import Unauthenticated
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer

COOKIE = "trellis_session"


class Identify:
    """Tells who sent a request. One for each process."""

    def __init__(self, engines: Engines, settings: Settings, tokens: Tokens | None = None) -> None:
        self._engines = engines
        self._tokens = tokens or Tokens(settings)
        self._trusted = frozenset(settings.cors_origins if settings.cors_credentials else ())
        self._sign_in = CompiledStatement(_sign_in())
        self._api_key = CompiledStatement(_api_key())

    def has_credentials(self, request: HTTPConnection) -> bool:
        """Whether a request says who has sent it, so that a statement may be needed to know that."""
        return credentials_of(request, COOKIE).are_given

    def recognizes(self, request: HTTPConnection) -> bool:
        """Whether a request brings an API key, a token that we have signed, or our cookie and no other header."""
        given = credentials_of(request, COOKIE)
        if given.authorization is None:
            return bool(given.cookie)
        return given.begins_with(opaque.API_KEY_PREFIX) or given.issuer() == ISSUER

    async def __call__(self, request: HTTPConnection) -> Viewer:
        """Who sent the request: by its `Authorization` header, else by our cookie.

        Raises `Unauthenticated` when that is not so, or not any more; `CrossSite` when another site may have made a
        browser send the cookie; and what `RequestSession.rows` raises.
        """
        given = credentials_of(request, COOKIE)
        token = given.bearer()
        if token is not None:
            return await self.by_bearer(token)
        if not given.cookie:
            return NOBODY
        refuse_cross_site(request, self._trusted)
        return await self.by_cookie(given.cookie)

    async def by_bearer(self, text: str) -> Viewer:
        """Who has an access token or an API key. Raises `Unauthenticated`."""
        if text.startswith(opaque.API_KEY_PREFIX):
            return await self._by_api_key(text)
        claims = self._tokens.read(text)
        if claims is None:
            raise Unauthenticated
        rows = await self._rows(self._sign_in, sign_in=claims.sign_in)
        if not rows or rows[0][0] != claims.user_id:
            raise Unauthenticated
        return _user(rows, claims.sign_in)

    async def by_cookie(self, text: str) -> Viewer:
        """Who has a browser's cookie. Raises `Unauthenticated`."""
        parts = opaque.parts(text)
        if parts is None:
            raise Unauthenticated(COOKIE)
        rows = await self._rows(self._sign_in, sign_in=parts.sign_in)
        if not rows or not rows[0][1] or not opaque.is_same(rows[0][2], parts.digest):
            raise Unauthenticated(COOKIE)
        return _user(rows, parts.sign_in)

    async def _by_api_key(self, text: str) -> Viewer:
        if len(text) > opaque.MAX_CHARACTERS:
            raise Unauthenticated
        rows = await self._rows(self._api_key, digest=opaque.digest(text))
        if not rows:
            raise Unauthenticated
        key_id, user_id, read_only, _held, given = rows[0]
        roles = frozenset(given) if user_id is None else _roles(rows).intersection(given)
        return Viewer(user_id, roles, key_id=key_id, read_only=read_only)

    async def _rows(self, statement: CompiledStatement, **parameters: object) -> Sequence[Values]:
        async with RequestSession(self._engines, Mode.CURRENT) as session:
            return await session.rows(statement, {"now": utcnow(), **parameters})


def _user(rows: Sequence[Values], sign_in: uuid.UUID) -> Viewer:
    return Viewer(rows[0][0], _roles(rows), sign_in)


def _roles(rows: Sequence[Values]) -> frozenset[str]:
    """Each row ends with a role; without any role there is one row, and none in it."""
    return frozenset(row[3] for row in rows if row[3] is not None)


def _now() -> BindParameter[datetime]:
    return bindparam("now", type_=UtcDateTime)


def _sign_in() -> Statement:
    """A sign-in that is good, a row for each role of its user."""
    return (
        select(SignIn.user_id, SignIn.in_cookie, SignIn.secret_hash, Role.name)
        .join(SignIn.user)
        .outerjoin(user_roles, user_roles.c.user_id == User.id)
        .outerjoin(Role, Role.id == user_roles.c.role_id)
        .where(
            SignIn.id == bindparam("sign_in", type_=SignIn.id.type),
            SignIn.revoked_at.is_(None),
            comparable(SignIn.expires_at) > _now(),
            User.is_active,
        )
    )


def _api_key() -> Statement:
    """A key that is good, a row for each role that its user has now; the roles of the key itself stand in each."""
    return (
        select(ApiKey.id, ApiKey.user_number, ApiKey.read_only, Role.name, ApiKey.roles)
        .outerjoin(ApiKey.user)
        .outerjoin(user_roles, user_roles.c.user_id == User.id)
        .outerjoin(Role, Role.id == user_roles.c.role_id)
        .where(*is_good(_now()), or_(ApiKey.user_id.is_(None), User.is_active))
    )
