"""`trellis key`: arguments enter. A new key leaves once, alone on stdout, so that a script can take it.

Sentences about it go to stderr.
"""

import asyncio
from datetime import timedelta

import typer
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from db.base import utcnow
from db.models import ApiKey
from graph.cli.database import transaction
from graph.cli.errors import CommandError
from graph.cli.output import printable
from graph.identity import api_keys, users


def create(name: str, roles: list[str], *, user: str | None, read_only: bool, expires_days: int | None) -> None:
    """Make an API key, for itself or for the user with an e-mail address, and print it."""
    text = asyncio.run(_created(name, roles, user, read_only, expires_days))
    typer.echo(text)
    typer.echo("Keep it now; it cannot be shown again.", err=True)


def print_list() -> None:
    """Print a line for each key, with tabs between the parts."""
    asyncio.run(_listed())


def revoke(name: str) -> None:
    """End a key."""
    asyncio.run(_revoked(name))
    typer.echo(f"The key {printable(name)} was ended.")


async def _created(name: str, roles: list[str], email: str | None, read_only: bool, expires_days: int | None) -> str:
    expires_at = None if expires_days is None else utcnow() + timedelta(days=expires_days)
    async with transaction() as session:
        user = None if email is None else await users.by_email(session, email)
        if user is not None and not user.is_active:
            raise CommandError(f"{email} may not sign in, so no key can act for them; activate them first.")
        return await api_keys.create(session, name, roles, user=user, read_only=read_only, expires_at=expires_at)


async def _listed() -> None:
    statement = select(ApiKey).options(selectinload(ApiKey.user)).order_by(ApiKey.name)
    async with transaction() as session:
        for key in await session.scalars(statement):
            roles = ", ".join(sorted(key.roles))
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
