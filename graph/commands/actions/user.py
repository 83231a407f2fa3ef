"""`trellis user`: arguments and passwords enter, the latter from a terminal or from stdin. Sentences leave."""

import asyncio
import sys

import typer
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from db.characters import check_line, fold
from db.models import User
from graph.auth.passwords import HASHER, check_password, prepared
from graph.cli.database import transaction
from graph.cli.errors import CommandError, Exit
from graph.cli.output import printable
from graph.errors import InvalidPassword
from graph.identity import users
from graph.identity.errors import EmailTaken, InvalidEmail
from graph.mutations.house import HouseSettings

NAME_CHARACTERS = 200
ROWS_AT_ONCE = 500


def create(email: str, name: str, roles: list[str], *, password_stdin: bool) -> None:
    """Add a user. Raises `CommandError` for a name, an address or a password that no user may have."""
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise CommandError(f"A name has 1 to {NAME_CHARACTERS} characters; this one has {len(name)}.", Exit.USAGE)
    try:
        check_line(name)
    except ValueError as error:
        raise CommandError(f"This is no name: {error}.", Exit.USAGE) from None
    try:
        email = users.checked_email(email)
    except InvalidEmail as error:
        raise CommandError(error.message, Exit.USAGE) from None
    if _is_the_house(email):
        raise CommandError(EmailTaken(email).message)
    hashed = _hashed_password(password_stdin)
    asyncio.run(_created(email, name, roles, hashed))
    typer.echo(f"added {email}")
    if hashed is None:
        typer.echo(f"Nobody can sign in as {email} yet; set a password with `trellis user password {email}`.", err=True)


def print_list() -> None:
    """Print a line for each user, with tabs between the parts."""
    asyncio.run(_listed())


def deactivate(email: str) -> None:
    """End the user's sign-ins and let the user in no more."""
    ended = asyncio.run(_deactivated(email))
    typer.echo(f"{email} may not sign in any more; {_sign_ins(ended)}.")


def activate(email: str) -> None:
    """Let a user in again."""
    asyncio.run(_activated(email))
    typer.echo(f"{email} may sign in.")


def change_password(email: str, *, password_stdin: bool) -> None:
    """Give a user another password. Raises `CommandError` for the house, and where no terminal can ask for it."""
    if _is_the_house(email):
        raise CommandError(f"Nobody signs in as {email}, whom paid orders pay; take another user.")
    hashed = _hashed_password(password_stdin)
    if hashed is None:
        raise CommandError("There is no terminal to ask for the password; give it with --password-stdin.", Exit.USAGE)
    ended = asyncio.run(_changed(email, hashed))
    typer.echo(f"{email} has another password; {_sign_ins(ended)}.")


def _is_the_house(email: str) -> bool:
    return fold(email.strip()) == HouseSettings().house_email


def _hashed_password(from_stdin: bool) -> str | None:
    """The password, hashed; None where there is nobody to ask."""
    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        text = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        return None
    try:
        check_password(text)
    except InvalidPassword as error:
        raise CommandError(error.message, Exit.USAGE) from None
    return HASHER.hash(prepared(text))


def _sign_ins(ended: int) -> str:
    return "1 sign-in was ended" if ended == 1 else f"{ended:,} sign-ins were ended"


async def _created(email: str, name: str, roles: list[str], hashed_password: str | None) -> None:
    async with transaction() as session:
        await users.create(session, email, name, hashed_password=hashed_password, roles=roles)


async def _listed() -> None:
    statement = select(User).options(selectinload(User.roles)).order_by(User.email)
    async with transaction() as session:
        found = await session.stream_scalars(statement.execution_options(yield_per=ROWS_AT_ONCE))
        async for user in found:
            roles = ", ".join(sorted(role.name for role in user.roles))
            typer.echo("\t".join(map(printable, (user.email, user.name, roles, _state(user)))))


def _state(user: User) -> str:
    state = "active" if user.is_active else "inactive"
    return state if user.hashed_password else f"{state}, no password"


async def _deactivated(email: str) -> int:
    async with transaction() as session:
        return await users.deactivate(session, await users.by_email(session, email))


async def _activated(email: str) -> None:
    async with transaction() as session:
        (await users.by_email(session, email)).is_active = True


async def _changed(email: str, hashed_password: str) -> int:
    async with transaction() as session:
        return await users.set_password(session, await users.by_email(session, email), hashed_password)
