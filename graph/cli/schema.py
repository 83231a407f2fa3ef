"""`trellis schema`: the contract with clients, as text.

Declarations alone; `graph.cli.actions.schema` does the work.
"""

from pathlib import Path
from typing import Annotated

import typer

from graph.cli.help import help_of
from graph.contract.options import FailOn, Format


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    schema = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(schema, name="schema")
    schema.callback()(_about)
    schema.command("check", help=help_of(_check))(_check)
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
    from graph.cli.actions import schema

    schema.export(output, check=check)


def _check(
    against: Annotated[
        str, typer.Option(metavar="FILE|REF|URL", help="The old schema: a file, a Git ref, or the address of a server.")
    ],
    schema: Annotated[
        Path | None, typer.Option(help="The file with the new schema; without it, the schema of the code.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(help="A header for the address, as 'Name: value'; may be repeated.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How the report is written.")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="The least critical change that ends with status 1.")] = (
        FailOn.BREAKING
    ),
    allow: Annotated[
        Path | None, typer.Option(help="A file of allowed changes; without it, schema-changes.toml if there is one.")
    ] = None,
    usage: Annotated[str | None, typer.Option(help="What clients used: a file of counted uses.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How many days the counted uses are of.")] = None,
    allow_unused: Annotated[bool, typer.Option("--allow-unused", help="Allow changes of what nobody used.")] = False,
) -> None:
    """Compare the schema with an older one, and say which changes break clients.

    The status is 0 when no change fails, 1 when one does, and 2 when the check could not run. docs/schema-checks.md has
    the rules.

    Examples:
      trellis schema check --against origin/main                     schema.graphql at that ref
      trellis schema check --against v1.2:api/schema.graphql         another file
      trellis schema check --against https://api.example/graphql     a server
      trellis schema check --against old.graphql --schema new.graphql
      trellis schema check --against main --format markdown --fail-on dangerous
    """
    from graph.cli.actions import schema_check

    question = schema_check.Question(
        against, schema, header or [], form, fail_on, allow, usage, days, allow_unused=allow_unused
    )
    schema_check.run(question)
