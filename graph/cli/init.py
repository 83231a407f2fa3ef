"""Commands about a project of one's own: `trellis init`, `noun add` and `sync`.

Declarations alone; `graph.cli.actions.init` does the work.
"""

from pathlib import Path
from typing import Annotated

import typer

from graph.cli.help import help_of

NAME = typer.Option(help="The project's name; without it, the folder's.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("init", help=help_of(_init))(_init)
    app.command("sync", help=help_of(_sync))(_sync)
    nouns = typer.Typer(help="What an application is about.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(nouns, name="noun")
    nouns.command("add", help=help_of(_add))(_add)


def _init(
    source: Annotated[
        str | None,
        typer.Argument(metavar="[URL]", help="The database: postgresql://… or sqlite:///file.db; or --empty."),
    ] = None,
    directory: Annotated[Path | None, typer.Argument(help="A folder that is new or empty.")] = None,
    empty: Annotated[
        Path | None, typer.Option("--empty", metavar="DIRECTORY", help="Without tables: nouns are added later.")
    ] = None,
    schema: Annotated[str | None, typer.Option(metavar="A,B", help="Schemas; those that the URL finds first.")] = None,
    only: Annotated[str | None, typer.Option(metavar="A,B*", help="These tables alone.")] = None,
    without: Annotated[str | None, typer.Option("--except", metavar="A,B*", help="All but these tables.")] = None,
    name: Annotated[str | None, NAME] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Without changes of the tables.")] = False,
) -> None:
    """Write a project that is yours: the machinery, and rooms for what your application is about.

    From the URL of a database: models, types, changes and policies (closed but for admins), tests and a report of
    guesses. Nothing is written to the database.

    Examples:
      trellis init postgresql://user@host/shop ../shop
      trellis init sqlite:///chinook.db ../music --except '*_log'
      trellis init --empty ../shop        a project without tables
    """
    from graph.cli.actions import init

    if empty is not None:
        given = {
            "URL": source,
            "second folder": directory,
            "--schema": schema,
            "--only": only,
            "--except": without,
            "--read-only": read_only,
        }
        init.init_empty(empty, name, [word for word, value in given.items() if value])
    else:
        init.init_found(source, directory, name, schema, only, without, writable=not read_only)


def _add(
    name: Annotated[str, typer.Argument(help="The noun, for one: `book`, `order_line`.")],
    fields: Annotated[list[str] | None, typer.Argument(metavar="FIELD:TYPE…", help="What it has.")] = None,
    plural: Annotated[str | None, typer.Option(help="The table and the list: `books`.")] = None,
) -> None:
    """Add a noun: its model, type, policy, changes, revision and a test.

    A type is one of str, text, int, bigint, float, bool, decimal, date, time, datetime, uuid and json, or another noun:
    `author:Author` is a relation, and gives Author its list. `:optional` and `:unique` may follow.

    Examples:
      trellis noun add author name:str:unique
      trellis noun add book title:str author:Author published_on:date:optional price:decimal
      trellis noun add person name:str --plural people
    """
    from graph.cli.actions import init

    init.add_noun(name, fields or [], plural)


def _sync(
    write: Annotated[bool, typer.Option("--write", help="Write the changes, not only show them.")] = False,
    check: Annotated[bool, typer.Option("--check", help="The status is 1 when anything has changed.")] = False,
    migration: Annotated[
        str | None, typer.Option(metavar="MESSAGE", help="Write a revision of what the models have changed instead.")
    ] = None,
) -> None:
    """Show what has changed since in the database or in the models, as a diff.

    What you have edited stays, and what the database has no longer is named and stays, too. In the other direction,
    `--migration` writes a revision of what the models have and the tables have not; nothing is dropped that no revision
    has made.

    Examples:
      trellis sync                             what has changed in the database
      trellis sync --write                     follow it
      trellis sync --migration "Add isbn"      the models have changed: write a revision
    """
    from graph.cli.actions import init

    init.sync(write=write, check=check, migration=migration)
