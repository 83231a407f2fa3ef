"""Users, sign-ins, keys and requests to try identity with."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from db.models import SignIn, User
from db.session.engines import Engines
from graph.identity import api_keys, sign_ins, users
from graph.identity.sign_ins import Opened

PASSWORD = "correct horse"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""For tests that are about other things than the hash."""

LIFE_S = 3600


@asynccontextmanager
async def writing(engines: Engines) -> AsyncIterator[AsyncSession]:
    """A transaction for changes."""
    async with AsyncSession(engines.writing(), expire_on_commit=False) as session, session.begin():
        yield session


async def make_user(
    engines: Engines,
    email: str = "ada@example.org",
    *roles: str,
    is_active: bool = True,
    hashed_password: str | None = None,
) -> User:
    async with writing(engines) as session:
        user = await users.create(session, email, "Ada", hashed_password=hashed_password, roles=roles)
        user.is_active = is_active
    return user


async def make_sign_in(engines: Engines, user: User, *, in_cookie: bool = False, life_s: float = LIFE_S) -> Opened:
    async with writing(engines) as session:
        return await sign_ins.open(session, user.id, in_cookie=in_cookie, life_s=life_s)


async def make_key(
    engines: Engines,
    *roles: str,
    name: str = "importer",
    user: User | None = None,
    read_only: bool = False,
    expires_at: datetime | None = None,
) -> str:
    async with writing(engines) as session:
        return await api_keys.create(session, name, roles, user=user, read_only=read_only, expires_at=expires_at)


async def found(engines: Engines, opened: Opened) -> SignIn:
    """The sign-in as the database has it now."""
    async with writing(engines) as session:
        sign_in = await session.get(SignIn, opened.sign_in.id)
        assert sign_in is not None
        return sign_in


def make_request(method: str = "POST", scheme: str = "http", **headers: str) -> HTTPConnection:
    """A request with these headers (`sec_fetch_site` is `sec-fetch-site`); with the scheme `ws`, a WebSocket's."""
    named = {"host": "api.example.org"} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope: dict[str, Any] = {
        "type": "websocket" if scheme.startswith("ws") else "http",
        "scheme": scheme,
        "path": "/graphql",
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
    }
    return HTTPConnection(scope if scheme.startswith("ws") else scope | {"method": method})
