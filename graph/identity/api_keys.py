"""API keys: how they are made and ended.

A session and words enter, rows change, and a new key's text leaves, once. Nothing is committed here.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.base import utcnow
from db.characters import check_line
from db.models import ApiKey, Role, User
from db.models.role import ADMIN
from graph.api_keys import make_key
from graph.identity.errors import InvalidKey, UnknownKey
from graph.identity.users import roles_of

NAME_CHARACTERS = 100


async def create(
    session: AsyncSession,
    name: str,
    roles: Collection[str],
    *,
    user: User | None = None,
    read_only: bool = False,
    expires_at: datetime | None = None,
) -> str:
    """Make a key with roles of its own; with a user, it acts for that user, and has no roles besides the user's.

    The key's text leaves, which cannot be told again.

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
    await roles_of(session, roles)
    await _check_roles(session, roles, user)
    text = await make_key(
        session, name, roles, user=None if user is None else user.id, read_only=read_only, expires_at=expires_at
    )
    assert text is not None  # no key has this name
    return text


async def _check_roles(session: AsyncSession, names: Collection[str], user: User | None) -> None:
    """Raise `InvalidKey` for a role that the key's user has not, and for a key that could do nothing."""
    if user is None:
        if not names:
            raise InvalidKey("A key that acts for itself needs a role; give it one, or a user.")
        return
    held = set(await session.scalars(select(Role.name).join(Role.users).where(User.id == user.id)))
    missing = [name for name in names if name not in held]
    if missing:
        raise InvalidKey(
            f"{user.email} has not the role {missing[0]!r}, and a key has no more than its user; grant the role first,"
            " or leave it out."
        )


async def revoke(session: AsyncSession, name: str) -> None:
    """End a key, now. One that has ended stays as it is. Raises `UnknownKey`."""
    id_ = await session.scalar(select(ApiKey.id).where(ApiKey.name == name))
    if id_ is None:
        raise UnknownKey(name)
    await session.execute(
        update(ApiKey).where(ApiKey.id == id_, ApiKey.revoked_at.is_(None)).values(revoked_at=utcnow())
    )
