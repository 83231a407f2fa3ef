"""Users as administrators manage them: they are added, let in or out, and given passwords and roles.

A session and texts enter, rows change. Passwords come hashed. Nothing is committed here.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.emails import email_address
from db.models import Role, User
from db.models.role import ROLES
from graph.identity import sign_ins
from graph.identity.errors import EmailTaken, InvalidEmail, UnknownRole, UnknownUser


def checked_email(text: str) -> str:
    """The address as it is kept. Raises `InvalidEmail`."""
    try:
        return email_address(text)
    except ValueError as error:
        raise InvalidEmail(str(error)) from None


async def create(
    session: AsyncSession, email: str, name: str, *, hashed_password: str | None = None, roles: Collection[str] = ()
) -> User:
    """Add a user. Without a password, the user cannot sign in.

    Raises `InvalidEmail`, `EmailTaken` and `UnknownRole`; of two at once with one address, one meets the database's own
    constraint.
    """
    email = checked_email(email)
    if await session.scalar(select(User.id).where(User.email == email)) is not None:
        raise EmailTaken(email)
    user = User(
        email=email, name=name, hashed_password=hashed_password, is_active=True, roles=await roles_of(session, roles)
    )
    session.add(user)
    await session.flush()
    return user


async def by_email(session: AsyncSession, email: str) -> User:
    """The user with an address, in any case. Raises `UnknownUser`."""
    user = await session.scalar(select(User).where(User.email == email.strip()))
    if user is None:
        raise UnknownUser(email)
    return user


async def set_password(session: AsyncSession, user: User, hashed_password: str) -> int:
    """Give a user another password, and end all sign-ins; how many that were."""
    user.hashed_password = hashed_password
    return await sign_ins.revoke_all(session, user.id)


async def deactivate(session: AsyncSession, user: User) -> int:
    """Let a user in no more, and end all sign-ins, so that they do not come back with the user; how many that were."""
    user.is_active = False
    return await sign_ins.revoke_all(session, user.id)


async def roles_of(session: AsyncSession, names: Collection[str]) -> list[Role]:
    """The roles with these names; those that Trellis knows are added where they are missing. Raises `UnknownRole`."""
    rows = await session.scalars(select(Role))
    known = {role.name: role for role in rows}
    for name in names:
        if name not in known:
            if name not in ROLES:
                raise UnknownRole(name, sorted({*known, *ROLES}))
            known[name] = Role(name=name)
            session.add(known[name])
    return [known[name] for name in dict.fromkeys(names)]
