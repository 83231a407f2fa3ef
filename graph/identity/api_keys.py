"""API keys: how they are made and ended.

A session and words enter, rows change, and a new key's text leaves, once. Nothing is committed here.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import utcnow
from db.characters import check_line
from db.models import ApiKey, User
from db.models.role import ADMIN
from graph.auth import opaque
from graph.identity.errors import InvalidKey, UnknownKey
from graph.identity.users import roles_of

NAME_CHARACTERS = 100


@dataclass(frozen=True)
class Created:
    """A key, and its text, which cannot be told again."""

    key: ApiKey
    text: str = field(repr=False)


async def create(
    session: AsyncSession,
    name: str,
    roles: Collection[str],
    *,
    user: User | None = None,
    read_only: bool = False,
    expires_at: datetime | None = None,
) -> Created:
    """Make a key with roles of its own; with a user, it acts for that user.

    Raises `InvalidKey` and `UnknownRole`.
    """
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise InvalidKey(f"A key's name has 1 to {NAME_CHARACTERS} characters; this one has {len(name)}.")
    try:
        check_line(name)
    except ValueError as error:
        raise InvalidKey(f"This is no name for a key: {error}.") from None
    if read_only and ADMIN in roles:
        raise InvalidKey(
            "A key that is read-only may stand in a web page for all to read, so it cannot be an admin's; give it"
            " another role, or let it write."
        )
    if await session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        raise InvalidKey(f"There is a key with the name {name!r} already, perhaps an ended one; take another name.")
    text = opaque.make_api_key()
    key = ApiKey(
        name=name,
        shown=text[: opaque.SHOWN_CHARACTERS],
        secret_hash=opaque.digest(text),
        user_id=None if user is None else user.id,
        read_only=read_only,
        expires_at=expires_at,
        roles=await roles_of(session, roles),
    )
    session.add(key)
    await session.flush()
    return Created(key, text)


async def revoke(session: AsyncSession, name: str) -> None:
    """End a key, now. One that has ended stays as it is. Raises `UnknownKey`."""
    id_ = await session.scalar(select(ApiKey.id).where(ApiKey.name == name))
    if id_ is None:
        raise UnknownKey(name)
    await session.execute(
        update(ApiKey).where(ApiKey.id == id_, ApiKey.revoked_at.is_(None)).values(revoked_at=utcnow())
    )
