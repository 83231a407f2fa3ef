"""Commands about API keys: `trellis key create`, `list` and `revoke`.

Arguments enter. A new key leaves once, alone on stdout, so that a script can take it; sentences about it go to stderr.
"""

import asyncio
from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from db.base import utcnow
from db.models import ApiKey
from graph.cli.database import transaction
from graph.cli.errors import CommandError
from graph.cli.help import help_of
from graph.cli.output import printable
from graph.identity import api_keys, users

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Make and end API keys.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="key")
    group.command("create", help=help_of(_create))(_create)
    group.command("list", help=help_of(_list))(_list)
    group.command("revoke", help=help_of(_revoke))(_revoke)


def _create(
    name: Name,
    role: Annotated[list[str], typer.Option("--role", help="What the key may do; may be repeated.")],
    user: Annotated[
        str | None, typer.Option("--user", metavar="EMAIL", help="For whom the key acts; without one, for itself.")
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="The key may change nothing.")] = False,
    expires_days: Annotated[
        int | None, typer.Option("--expires-days", min=1, max=36_500, help="Days after which the key ends.")
    ] = None,
) -> None:
    """Make an API key and print it.

    It is printed once, because only a digest of it is kept. Programs send it as `Authorization: Bearer <key>`. The
    roles are admin, editor, author and member.

    Examples:
      KEY=$(trellis key create importer --role editor)
      trellis key create report --role member --read-only --expires-days 90
      trellis key create ada-backup --role author --user ada@example.org
    """
    text = asyncio.run(_created(name, role, user, read_only, expires_days))
    typer.echo(text)
    typer.echo("Keep it now; it cannot be shown again.", err=True)


def _list() -> None:
    """Print the keys.

    Each is a line: name, first characters, roles, user and state, with tabs between them.

    Examples:
      trellis key list | grep expired
    """
    asyncio.run(_listed())


def _revoke(name: Name) -> None:
    """End a key. Requests with it are refused from now on, and no other key gets its name.

    Examples:
      trellis key revoke importer
    """
    asyncio.run(_revoked(name))
    typer.echo(f"The key {printable(name)} was ended.")


async def _created(name: str, roles: list[str], email: str | None, read_only: bool, expires_days: int | None) -> str:
    expires_at = None if expires_days is None else utcnow() + timedelta(days=expires_days)
    async with transaction() as session:
        user = None if email is None else await users.by_email(session, email)
        if user is not None and not user.is_active:
            raise CommandError(f"{email} may not sign in, so no key can act for them; activate them first.")
        created = await api_keys.create(session, name, roles, user=user, read_only=read_only, expires_at=expires_at)
    return created.text


async def _listed() -> None:
    statement = select(ApiKey).options(selectinload(ApiKey.roles), selectinload(ApiKey.user)).order_by(ApiKey.name)
    async with transaction() as session:
        for key in await session.scalars(statement):
            roles = ", ".join(sorted(role.name for role in key.roles))
            email = "" if key.user is None else key.user.email
            typer.echo("\t".join(map(printable, (key.name, f"{key.shown}…", roles, email, _state(key)))))


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    rights = "read-only" if key.read_only else "active"
    if key.expires_at is None:
        return rights
    ended = key.expires_at <= utcnow()
    return f"{'expired' if ended else f'{rights}, expires'} {key.expires_at:%Y-%m-%d}"


async def _revoked(name: str) -> None:
    async with transaction() as session:
        await api_keys.revoke(session, name)
