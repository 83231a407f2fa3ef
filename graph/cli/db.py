"""Commands about the database's tables: `trellis db upgrade`, `downgrade`, `check` and `current`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from alembic.util import CommandError as AlembicError

from db import migrate
from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of
from graph.settings import Settings

SQL = typer.Option("--sql", help="Write the statements to stdout and touch nothing.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    database = typer.Typer(
        help="Bring the database's tables to a revision.", no_args_is_help=True, rich_markup_mode=None
    )
    app.add_typer(database, name="db")
    database.command("upgrade", help=help_of(_upgrade))(_upgrade)
    # A revision may begin with a minus sign: -1 is the one before.
    minus = {"ignore_unknown_options": True}
    database.command("downgrade", help=help_of(_downgrade), context_settings=minus)(_downgrade)
    database.command("check", help=help_of(_check))(_check)
    database.command("current", help=help_of(_current))(_current)


def _upgrade(
    revision: Annotated[str, typer.Argument(help="A revision, +1 for the next one, or head for the newest.")] = "head",
    sql: Annotated[bool, SQL] = False,
) -> None:
    """Create the tables, or bring them up to date.

    It is safe to run at every start, also from several machines at once: they wait for each other. On PostgreSQL a
    revision gives up after five seconds rather than block everybody else behind its lock; then run it again.

    Examples:
      trellis db upgrade           to the newest revision
      trellis db upgrade 0001      to that revision
      trellis db upgrade --sql     print the statements for somebody else to run
    """
    settings = Settings()
    with _revision_errors(revision):
        if sql:
            migrate.upgrade(settings, revision, sql=sys.stdout)
            return
        before = migrate.current(settings)
        migrate.upgrade(settings, revision)
    _report(before, migrate.current(settings))


def _downgrade(
    revision: Annotated[str, typer.Argument(help="A revision, -1 for the one before, or base for no tables at all.")],
    sql: Annotated[bool, SQL] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take the tables back to an earlier revision. What only later revisions hold is lost.

    On a terminal it asks first.

    Examples:
      trellis db downgrade -1             one revision back
      trellis db downgrade 0001           back to that revision
      trellis db downgrade base --yes     remove every table, without asking
      trellis db downgrade 0002:0001 --sql     print the statements
    """
    settings = Settings()
    with _revision_errors(revision):
        if sql:
            migrate.downgrade(settings, revision, sql=sys.stdout)
            return
        before = migrate.current(settings)
        if sys.stdin.isatty() and not yes:
            typer.confirm(f"Go from revision {before or 'none'} to {revision}? Rows may be lost.", abort=True)
        migrate.downgrade(settings, revision)
    _report(before, migrate.current(settings))


def _check() -> None:
    """Compare the tables with the models, and name each difference; the status is 1 when there is one.

    Examples:
      trellis db check || trellis db upgrade     bring the tables up to date when they are not
    """
    settings = Settings()
    differences = migrate.check(settings)
    if differences:
        raise CommandError("\n".join(differences))
    typer.echo(f"The tables are as the models want them, at revision {migrate.newest()}.")


def _current() -> None:
    """Print the revision that the database is at."""
    at = migrate.current(Settings())
    if at is None:
        typer.echo("none; run `trellis db upgrade`")
    elif at == migrate.newest():
        typer.echo(f"{at} (the newest)")
    else:
        typer.echo(f"{at}; the newest is {migrate.newest()}: run `trellis db upgrade`")


def _report(before: str | None, after: str | None) -> None:
    if before == after:
        typer.echo(f"The database is at revision {after or 'none'} already.")
    else:
        typer.echo(f"The database went from revision {before or 'none'} to {after or 'none'}.")


@contextmanager
def _revision_errors(revision: str) -> Iterator[None]:
    try:
        yield
    except AlembicError as error:
        known = ", ".join(migrate.revisions())
        raise CommandError(f"There is no way to revision {revision}: {error}. Known: {known}.", Exit.USAGE) from None
