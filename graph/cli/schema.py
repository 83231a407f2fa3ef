"""`trellis schema`: the contract with clients, as text."""

import difflib
from pathlib import Path
from typing import Annotated

import typer

from db.settings import HOUSE
from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of

SCHEMA = HOUSE / "schema.graphql"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    schema = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(schema, name="schema")
    schema.callback()(_about)  # a group needs it to stay a group while it has one command
    schema.command("export", help=help_of(_export))(_export)


def _about() -> None:
    """The GraphQL schema as text."""


def _export(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it, the text goes to stdout.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; the status is 1 when the file differs.")
    ] = False,
) -> None:
    """Write the schema in GraphQL's schema definition language.

    Examples:
      trellis schema export                              to stdout
      trellis schema export --output schema.graphql      to a file
      trellis schema export --check                      is schema.graphql up to date?
    """
    from graph.schema import make_schema  # late, because no other command builds it

    text = make_schema().as_str().rstrip() + "\n"
    if check:
        _compare(output or SCHEMA, text)
    elif output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)


def _compare(file: Path, text: str) -> None:
    kept = file.read_text() if file.is_file() else ""
    if kept == text:
        typer.echo(f"{file.name} is up to date.")
        return
    lines = difflib.unified_diff(kept.splitlines(), text.splitlines(), file.name, "the code", n=1, lineterm="")
    typer.echo("\n".join(lines))
    raise CommandError(f"{file.name} is stale; run `make schema` and commit what changes.")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}. Name a file in a folder that you may write to.",
            Exit.UNAVAILABLE,
        ) from None
