"""`trellis maintain`: what has run out is deleted or counted, and a line about each kind leaves on stdout."""

import asyncio

import typer

from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.maintenance import count_all, delete_all, expiring_rows
from graph.schema import DOMAIN
from graph.settings import Settings


def maintain(*, dry_run: bool) -> None:
    """Delete what has run out, or count it."""
    found = asyncio.run(_found(settings_of_the_environment(), dry_run=dry_run))
    done = "have run out" if dry_run else "deleted"
    for name, number in found.items():
        typer.echo(f"{name}: {number:,} {done}")


async def _found(settings: Settings, *, dry_run: bool) -> dict[str, int]:
    expiring = expiring_rows(DOMAIN, settings)
    async with engines(settings) as made:
        return await (count_all if dry_run else delete_all)(made.writing(), expiring)
