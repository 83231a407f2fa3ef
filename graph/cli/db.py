"""Commands about the database: `trellis db upgrade`, `downgrade`, `adopt`, `check`, `current` and `backup`.

Declarations alone; `graph.cli.actions.db` does the work.
"""

from pathlib import Path
from typing import Annotated

import typer

from graph.cli.completing import revisions
from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of

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
    database.command("adopt", help=help_of(_adopt))(_adopt)
    database.command("check", help=help_of(_check))(_check)
    database.command("current", help=help_of(_current))(_current)
    database.command("backup", help=help_of(_backup))(_backup)


def _upgrade(
    revision: Annotated[
        str,
        typer.Argument(help="A revision, +1 for the next one, or head for the newest.", autocompletion=revisions),
    ] = "head",
    sql: Annotated[bool, SQL] = False,
) -> None:
    """Create the tables, or bring them up to date.

    It is safe to run at every start, also from several machines at once: they wait for each other. On PostgreSQL a
    revision gives up after five seconds rather than block everybody else behind its lock, and is tried again four
    times. A database that is one revision ahead, as while a release is rolled out, is left as it is.

    Examples:
      trellis db upgrade           to the newest revision
      trellis db upgrade 0001      to that revision
      trellis db upgrade --sql     print the statements for somebody else to run
    """
    from graph.cli.actions import db

    db.upgrade(revision, sql=sql)


def _downgrade(
    revision: Annotated[
        str,
        typer.Argument(
            help="A revision, -1 for the one before, or base for no tables at all.", autocompletion=revisions
        ),
    ],
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
    from graph.cli.actions import db

    db.downgrade(revision, sql=sql, ask=not yes)


def _adopt(
    revision: Annotated[
        str, typer.Argument(help="The revision that the tables are of, or head.", autocompletion=revisions)
    ] = "head",
) -> None:
    """Write down that tables which are there are those of a revision. No table is changed.

    For a database that somebody else has made. At the newest revision the tables are compared with the models first.

    Examples:
      trellis db adopt           the tables are as the models want them
      trellis db adopt 0001      they are as an older revision makes them; then run trellis db upgrade
    """
    from graph.cli.actions import db

    db.adopt(revision)


def _check(
    online: Annotated[
        bool, typer.Option("--online", help="Say what the revisions that are to come would do to servers that run.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION",
            help="With --online: those after this one; no database is asked then.",
            autocompletion=revisions,
        ),
    ] = None,
    running: Annotated[
        str | None,
        typer.Option(metavar="REF", help="With --online: the commit that runs; what its models do not read may go."),
    ] = None,
) -> None:
    """Compare the tables with the models, and name each difference; the status is 1 when there is one.

    Where there is none, rows are asked whether they keep the keys that models tell of views.

    With --online, the revisions that have not run are read instead, as statements, and none is run. Each line that
    would block servers or break what they ask is named, with the safe way. Needs the extra trellis[online].

    Examples:
      trellis db check || trellis db upgrade     bring the tables up to date when they are not
      trellis db check --online                  before a release
      trellis db check --online --since 0007 --running v3.2
    """
    if not online:
        for name, value in (("--since", since), ("--running", running)):
            if value is not None:
                raise CommandError(f"{name} goes with --online. Give that as well, or leave {name} out.", Exit.USAGE)
    from graph.cli.actions import db

    if online:
        db.check_online(since, running)
    else:
        db.check()


def _current() -> None:
    """Print the revision that the database is at."""
    from graph.cli.actions import db

    db.current()


def _backup(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="The file that the copy is to be.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let the copy take the place of the file.")] = False,
) -> None:
    """Copy a SQLite database into a file, also while servers write to it, and check the copy.

    The file appears when the copy is whole; it holds what was committed when the command began. PostgreSQL has tools of
    its own for that: docs/backup.md.

    Examples:
      trellis db backup "backups/$(date +%F).db"
      trellis db backup latest.db --overwrite
    """
    from graph.cli.actions import db

    db.backup(target, overwrite=overwrite)
