"""The rows of API keys: how they are made, ended and deleted.

A session and words enter, rows change, and a new key's text leaves, once. Whether somebody may have such a key, the
caller has seen to. Nothing is committed here.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import utcnow
from db.care.expiry import Expiring
from db.dialects import dialect_of
from db.own import ApiKey
from db.relations import ViewerId, comparable, fitted
from graph.auth import opaque

KEPT_FOR = timedelta(days=90)
"""How long a key that has ended keeps its name, so that the record does not mean two keys by one."""

_KEYS = cast(Table, ApiKey.__table__)


def _ended_long_ago(now: datetime) -> ColumnElement[bool]:
    return or_(*(comparable(moment) < now - KEPT_FOR for moment in (_KEYS.c.revoked_at, _KEYS.c.expires_at)))


ENDED_KEYS = Expiring("ended API keys", _KEYS, _ended_long_ago)


async def make_key(
    session: AsyncSession,
    name: str,
    roles: Collection[str],
    *,
    user: ViewerId | None = None,
    read_only: bool = False,
    expires_at: datetime | None = None,
) -> str | None:
    """Make a key for a user, or for nobody, which then acts for itself; its text, which cannot be told again.

    None if the user has a key of this name, perhaps an ended one.
    """
    text = opaque.make_api_key()
    made = (
        dialect_of(session.get_bind().dialect.name)
        .insert_missing(_KEYS, ["user_id", "name"])
        .values(
            name=name,
            shown=text[: opaque.SHOWN_CHARACTERS],
            secret_hash=opaque.digest(text),
            user_id=None if user is None else str(user),
            user_number=fitted(user, int),
            roles=sorted(set(roles)),
            read_only=read_only,
            created_at=utcnow(),
            expires_at=expires_at,
        )
    )
    found = await session.execute(made.returning(_KEYS.c.id))
    return text if found.first() else None


async def end_key(session: AsyncSession, name: str, user: ViewerId | None) -> bool:
    """End a user's key, now; whether there is one of this name. One that has ended stays as it is."""
    of_user = _KEYS.c.user_id.is_(None) if user is None else _KEYS.c.user_id == str(user)
    there = await session.scalar(select(_KEYS.c.id).where(of_user, _KEYS.c.name == name))
    ended = update(_KEYS).where(_KEYS.c.id == there, _KEYS.c.revoked_at.is_(None))
    if there is not None:
        await session.execute(ended.values(revoked_at=utcnow()))
    return there is not None


async def keys_of(session: AsyncSession, user: ViewerId) -> int:
    """How many keys a user has, ended ones too; those that ended long ago are deleted first."""
    of_user = _KEYS.c.user_id == str(user)
    await session.execute(delete(_KEYS).where(of_user, ENDED_KEYS.is_over(utcnow())))
    return int(await session.scalar(select(func.count()).select_from(_KEYS).where(of_user)) or 0)


async def delete_keys_of(session: AsyncSession, user: ViewerId) -> None:
    """Delete the keys of a user who goes: nothing refers to users, so that no database does it."""
    await session.execute(delete(_KEYS).where(_KEYS.c.user_id == str(user)))
