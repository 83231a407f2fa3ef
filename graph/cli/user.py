"""Commands about users: `trellis user create`, `list`, `activate`, `deactivate` and `password`.

Arguments and passwords enter, the last from a terminal or from stdin and never as an argument, which others on the
machine could read. Sentences leave.
"""

import asyncio
import sys
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from db.models import User
from graph.auth.passwords import HASHER, check_password, prepared
from graph.cli.database import transaction
from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of
from graph.cli.output import printable
from graph.errors import InvalidPassword
from graph.identity import users
from graph.identity.errors import InvalidEmail

NAME_CHARACTERS = 200
ROWS_AT_ONCE = 500

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
PasswordStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Add users, and say who may sign in.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="user")
    group.command("create", help=help_of(_create))(_create)
    group.command("list", help=help_of(_list))(_list)
    group.command("deactivate", help=help_of(_deactivate))(_deactivate)
    group.command("activate", help=help_of(_activate))(_activate)
    group.command("password", help=help_of(_password))(_password)


def _create(
    email: Email,
    name: Annotated[str, typer.Option("--name", help="The name that others see.")],
    role: Annotated[list[str] | None, typer.Option("--role", help="What the user may do; may be repeated.")] = None,
    password_stdin: PasswordStdin = False,
) -> None:
    """Add a user.

    The roles are admin, editor, author and member. On a terminal the password is asked for, twice. Without a password
    the user cannot sign in.

    Examples:
      trellis user create ada@example.org --name Ada --role admin
      pass show ada | trellis user create ada@example.org --name Ada --role author --password-stdin
    """
    if not 0 < len(name) <= NAME_CHARACTERS:
        raise CommandError(f"A name has 1 to {NAME_CHARACTERS} characters; this one has {len(name)}.", Exit.USAGE)
    try:
        email = users.checked_email(email)
    except InvalidEmail as error:
        raise CommandError(error.message, Exit.USAGE) from None
    hashed = _hashed_password(password_stdin)
    asyncio.run(_created(email, name, role or [], hashed))
    typer.echo(f"added {email}")
    if hashed is None:
        typer.echo(f"Nobody can sign in as {email} yet; set a password with `trellis user password {email}`.", err=True)


def _list() -> None:
    """Print the users.

    Each is a line: e-mail address, name, roles and state, with tabs between them.

    Examples:
      trellis user list | grep inactive
    """
    asyncio.run(_listed())


def _deactivate(email: Email) -> None:
    """Let a user in no more. Tokens, cookies and keys of the user are refused from now on.

    Examples:
      trellis user deactivate ada@example.org
    """
    ended = asyncio.run(_deactivated(email))
    typer.echo(f"{email} may not sign in any more; {_sign_ins(ended)}.")


def _activate(email: Email) -> None:
    """Let a user in again. Keys of the user work again; to sign in takes the password.

    Examples:
      trellis user activate ada@example.org
    """
    asyncio.run(_activated(email))
    typer.echo(f"{email} may sign in.")


def _password(email: Email, password_stdin: PasswordStdin = False) -> None:
    """Give a user another password.

    On a terminal it is asked for, twice. All sign-ins of the user end.

    Examples:
      trellis user password ada@example.org
      pass show ada | trellis user password ada@example.org --password-stdin
    """
    hashed = _hashed_password(password_stdin)
    if hashed is None:
        raise CommandError("There is no terminal to ask for the password; give it with --password-stdin.", Exit.USAGE)
    ended = asyncio.run(_changed(email, hashed))
    typer.echo(f"{email} has another password; {_sign_ins(ended)}.")


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
