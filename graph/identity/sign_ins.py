"""Sign-ins: how they begin, go on and end.

A session and the text that a client sent enter; rows change, and the text that the client is to keep leaves. Nothing is
committed here. A refresh token changes with each use. When an old token comes back, it has been copied, and the server
cannot tell the thief from the user: the sign-in ends for both. A browser's cookie stays as it is, because a page sends
many requests at once.
Source: https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 (refresh token rotation).
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, cast

from sqlalchemy import CursorResult, Table, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager
from uuid_utils.compat import uuid7

from db.base import utcnow
from db.care.expiry import Expiring
from db.models import SignIn
from graph.auth import opaque

EXPIRED_SIGN_INS = Expiring("expired sign-ins", cast(Table, SignIn.__table__), lambda now: SignIn.expires_at < now)


@dataclass(frozen=True)
class Opened:
    """A sign-in and the text that its client keeps: a refresh token, or the value of a cookie."""

    sign_in: SignIn
    text: str = field(repr=False)


class Rejected(Enum):
    """Why a refresh token is good for nothing."""

    UNKNOWN = auto()
    """There is no such sign-in, it was ended, or its user may not sign in any more."""
    EXPIRED = auto()
    """It was not used for too long."""
    REUSED = auto()
    """It was used before. The sign-in has just been ended: commit that."""


async def open(session: AsyncSession, user_id: int, *, in_cookie: bool, life_s: float) -> Opened:
    """Begin a sign-in, which ends `life_s` seconds after its last use.

    The caller has checked that the user is active, and the password.
    """
    now = utcnow()
    secret = opaque.make_secret()
    sign_in = SignIn(
        id=uuid7(),
        user_id=user_id,
        secret_hash=opaque.digest(secret),
        in_cookie=in_cookie,
        created_at=now,
        expires_at=now + timedelta(seconds=life_s),
    )
    session.add(sign_in)
    await session.flush()
    return Opened(sign_in, opaque.joined(sign_in.id, secret))


async def refresh(session: AsyncSession, text: str, *, life_s: float, now: datetime | None = None) -> Opened | Rejected:
    """Take a refresh token and give the next one; or take a cookie's value, let it live on, and give it back.

    Of several at once with one token, one is served: the row is locked, and the others find another secret in it. Their
    sign-in is ended, as after any reuse; the caller commits in every case, for that must not be lost.
    """
    now = now or utcnow()
    parts = opaque.parts(text)
    sign_in = None if parts is None else await _locked(session, parts.sign_in)
    if parts is None or sign_in is None or sign_in.revoked_at is not None or not sign_in.user.is_active:
        return Rejected.UNKNOWN
    if not opaque.is_same(parts.digest, sign_in.secret_hash):
        if sign_in.in_cookie:  # its secret never changes: another one is a guess, which must not end the sign-in
            return Rejected.UNKNOWN
        sign_in.revoked_at = now
        await session.flush()
        return Rejected.REUSED
    if sign_in.expires_at <= now:
        return Rejected.EXPIRED
    sign_in.expires_at = now + timedelta(seconds=life_s)
    if not sign_in.in_cookie:
        secret = opaque.make_secret()
        sign_in.secret_hash = opaque.digest(secret)
        text = opaque.joined(sign_in.id, secret)
    await session.flush()
    return Opened(sign_in, text)


async def revoke(session: AsyncSession, sign_in: uuid.UUID) -> None:
    """End a sign-in, now: its next request is refused. One that has ended stays as it is."""
    await session.execute(
        update(SignIn).where(SignIn.id == sign_in, SignIn.revoked_at.is_(None)).values(revoked_at=utcnow())
    )


async def revoke_all(session: AsyncSession, user_id: int, *, except_: uuid.UUID | None = None) -> int:
    """End all sign-ins of a user, or all but one; the number of those that had not ended before."""
    statement = update(SignIn).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None))
    if except_ is not None:
        statement = statement.where(SignIn.id != except_)
    result = await session.execute(statement.values(revoked_at=utcnow()))
    return cast("CursorResult[Any]", result).rowcount


async def _locked(session: AsyncSession, id_: uuid.UUID) -> SignIn | None:
    """The row as it is now, locked until the transaction ends; with its user."""
    statement = (
        select(SignIn)
        .join(SignIn.user)
        .options(contains_eager(SignIn.user))
        .where(SignIn.id == id_)
        .with_for_update(of=SignIn)
        .execution_options(populate_existing=True)
    )
    return await session.scalar(statement)
