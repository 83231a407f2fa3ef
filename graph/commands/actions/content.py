"""`trellis demo` and `trellis export`: arguments enter; sentences and exported rows leave on stdout."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

import typer

from db import demo, exporting
from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.cli.output import destination, writing


def fill(scale: int, seed: int, *, if_empty: bool) -> None:
    """Fill an empty database with demo data.

    Raises `CommandError` for a database with content, unless `if_empty` asks to leave such a database alone.
    """
    try:
        counts = asyncio.run(_filled(scale, seed))
    except demo.NotEmpty as error:
        if not if_empty:
            raise CommandError(f"{error} With --if-empty, a database with content is left as it is.") from None
        typer.echo("The database has content already; nothing was changed.")
        return
    typer.echo("added " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()))
    typer.echo(
        f"sign in as {demo.ADMIN_EMAIL} (admin), {demo.EDITOR_EMAIL} (editor) or somebody else;"
        f' the password is "{demo.PASSWORD}"'
    )


def export(noun: str, output: Path | None) -> None:
    """Write every row of a noun as NDJSON, to a file or to stdout. Raises `CommandError` for an unknown noun."""
    if noun not in exporting.nouns():
        raise CommandError(str(exporting.UnknownNoun(noun)), Exit.USAGE)
    with destination(output) as file:
        count = asyncio.run(_exported(noun, file))
    if output is not None:
        typer.echo(f"exported {count:,} {noun.replace('_', ' ')} to {output}")


async def _filled(scale: int, seed: int) -> Mapping[str, int]:
    async with engines(settings_of_the_environment()) as made:
        return await demo.fill(made, scale, seed=seed)


async def _exported(noun: str, file: BinaryIO) -> int:
    count = 0
    async with engines(settings_of_the_environment()) as made, aclosing(exporting.export(made, noun)) as lines:
        async for line in lines:
            with writing():
                file.write(line)
            count += 1
    return count
