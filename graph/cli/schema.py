"""`trellis schema`: the contract with clients, as text.

Declarations alone; `graph.cli.actions.schema` does the work.
"""

from pathlib import Path
from typing import Annotated

import typer

from graph.cli.help import help_of


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
    semantic_non_null: Annotated[
        bool,
        typer.Option(
            "--semantic-non-null",
            help="For clients that send `onError: NULL`: fields that are null on errors alone say so.",
        ),
    ] = False,
    federation: Annotated[
        bool,
        typer.Option(
            "--federation",
            envvar="TRELLIS_FEDERATION",
            help="As a subgraph of Apollo Federation 2, with the look-ups of composite schemas.",
        ),
    ] = False,
) -> None:
    """Write the schema in GraphQL's schema definition language.

    Examples:
      trellis schema export                              to stdout
      trellis schema export --output schema.graphql      to a file
      trellis schema export --check                      is schema.graphql up to date?
      trellis schema export --federation                 for the composition of a supergraph
    """
    from graph.cli.actions import schema

    schema.export(output, check=check, semantic_non_null=semantic_non_null, federation=federation)
