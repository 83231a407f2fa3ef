"""`trellis db`: revisions enter, the tables change, and a sentence about it leaves on stdout."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from alembic.util import CommandError as AlembicError

from db import migrate
from db.care.backup import CannotBackUp, back_up
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.domain import own_features
from graph.schema import DOMAIN


def upgrade(revision: str, *, sql: bool) -> None:
    """Bring the tables to a revision, or print the statements."""
    settings = settings_of_the_environment()
    with _revision_errors(revision):
        if sql:
            migrate.upgrade(settings, revision, own=own_features(DOMAIN, settings), sql=sys.stdout)
            return
        before = migrate.current(settings)
        migrate.upgrade(settings, revision, own=own_features(DOMAIN, settings))
        if before is not None and migrate.is_ahead(settings):
            typer.echo(f"The database is at revision {before}, one ahead of the code, which can serve it so.")
            return
    _report(before, migrate.current(settings))


def downgrade(revision: str, *, sql: bool, ask: bool) -> None:
    """Take the tables back to a revision, or print the statements; `ask` first on a terminal."""
    settings = settings_of_the_environment()
    with _revision_errors(revision):
        if sql:
            migrate.downgrade(settings, revision, sql=sys.stdout)
            return
        before = migrate.current(settings)
        if ask and sys.stdin.isatty():
            typer.confirm(f"Go from revision {before or 'none'} to {revision}? Rows may be lost.", abort=True)
        migrate.downgrade(settings, revision)
    _report(before, migrate.current(settings))


def adopt(revision: str) -> None:
    """Write down at which revision the tables are; they stay as they are."""
    settings = settings_of_the_environment()
    with _revision_errors(revision):
        migrate.adopt(settings, revision)
    typer.echo(f"The database is at revision {migrate.current(settings)} from now on; no table was changed.")


def check() -> None:
    """Compare the tables with the models. Raises `CommandError` that names each difference."""
    settings = settings_of_the_environment()
    differences = migrate.check(settings, own=own_features(DOMAIN, settings))
    if differences:
        raise CommandError("\n".join(differences))
    typer.echo(f"The tables are as the models want them, at revision {migrate.newest()}.")


def check_online(since: str | None, running: str | None) -> None:
    """Say what revisions that have not run would do to servers that run. Raises `CommandError` with each finding."""
    from db.care import online  # late: few commands need it
    from db.care.online.running import what_is_read

    settings = settings_of_the_environment()
    with _revision_errors(since or "head"):
        after = since or migrate.current(settings)
        if after is None:
            typer.echo("The database is at no revision yet, so no server runs on it that could wait or break.")
            return
        try:
            found = online.findings(settings, after, None if running is None else what_is_read(running))
            own = own_features(DOMAIN, settings)
            found += online.own_findings(settings, own, None if since else migrate.own_current(settings))
        except online.CannotCheck as error:
            raise CommandError(str(error), Exit.USAGE) from None
    if found:
        raise CommandError("\n".join(str(each) for each in found))
    typer.echo(f"Servers can go on while the revisions after {after} run.")


def current() -> None:
    """Print the revision of the database, and how to reach the newest one."""
    settings = settings_of_the_environment()
    at = migrate.current(settings)
    if at is not None and migrate.is_ahead(settings):
        typer.echo(f"{at}, one ahead of the code, which is at {migrate.newest()}")
    elif at is not None and at not in migrate.revisions():
        typer.echo(f"{at}, which this code does not know; its newest is {migrate.newest()}")
    elif at is None:
        typer.echo("none; run `trellis db upgrade`")
    elif at == migrate.newest():
        typer.echo(f"{at} (the newest)")
    else:
        typer.echo(f"{at}; the newest is {migrate.newest()}: run `trellis db upgrade`")


def backup(target: Path, *, overwrite: bool) -> None:
    """Copy a SQLite database into a file. Raises `CommandError` where no copy was made."""
    settings = settings_of_the_environment()
    try:
        size = back_up(settings, target, overwrite=overwrite)
    except CannotBackUp as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(
            f"{target} cannot be written: {error.strerror}. Name a file in a folder that is there, that you may write"
            " to, and that has room.",
            Exit.UNAVAILABLE,
        ) from None
    typer.echo(f"{target} holds a copy of the database, checked, of {size:,} bytes.")


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
