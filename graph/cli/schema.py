"""`trellis schema`: the contract with clients, as text.

Declarations alone; `graph.cli.actions.schema` does the work.
"""

from pathlib import Path
from typing import Annotated

import typer

from graph.cli.help import help_of
from graph.contract.options import FailOn, Format
from graph.usage.options import Form

USAGE = typer.Option(
    "--usage",
    metavar="DATABASE|FILE",
    help="Who used what: the URL of a database, or a file; without it, TRELLIS_DATABASE_URL.",
)
DAYS = typer.Option(min=1, help="How many days are looked at, today included.")
SCHEMA = typer.Option(help="The file with the schema; without it, the schema of the code.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    schema = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(schema, name="schema")
    schema.callback()(_about)
    schema.command("check", help=help_of(_check))(_check)
    schema.command("export", help=help_of(_export))(_export)
    schema.command("unused", help=help_of(_unused))(_unused)
    usage = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    schema.add_typer(usage, name="usage")
    usage.callback()(_about_usage)
    usage.command("show", help=help_of(_show_usage))(_show_usage)
    usage.command("export", help=help_of(_export_usage))(_export_usage)


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
    usage: Annotated[
        str | None,
        typer.Option(
            metavar="DATABASE|FILE", help="Who used what: the URL of a database that servers count into, or a file."
        ),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How many days are looked at; of a database, 30.")] = None,
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


def _unused(
    usage: Annotated[str | None, USAGE] = None,
    days: Annotated[int, DAYS] = 30,
    schema: Annotated[Path | None, SCHEMA] = None,
) -> None:
    """List what nobody used: fields, arguments, input fields and values of enums, deprecated ones first.

    Where nothing was counted, or uses were lost, it says so and lists nothing. docs/usage.md has the rules.

    Examples:
      trellis schema unused                          in the last 30 days
      trellis schema unused --days 90 --usage postgresql://…/production
      trellis schema unused --usage usage.json       by a file of `trellis schema usage export`
    """
    from graph.cli.actions import usage as actions

    actions.list_unused(usage, days, schema)


def _about_usage() -> None:
    """Who used what of the schema."""


def _show_usage(usage: Annotated[str | None, USAGE] = None, days: Annotated[int, DAYS] = 30) -> None:
    """List the clients, and how often each ran an operation.

    Examples:
      trellis schema usage show
      trellis schema usage show --days 7
    """
    from graph.cli.actions import usage as actions

    actions.show(usage, days)


def _export_usage(
    form: Annotated[Form, typer.Option("--format", help="The form of the file.")] = Form.TRELLIS,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it, the text goes to stdout.")
    ] = None,
    usage: Annotated[str | None, USAGE] = None,
    days: Annotated[int, DAYS] = 30,
    schema: Annotated[Path | None, SCHEMA] = None,
) -> None:
    """Write who used what to a file: for `trellis schema check`, for graphql-inspector, or for Hive.

    Examples:
      trellis schema usage export --output usage.json
      trellis schema usage export --format inspector --output usage.cjs
      trellis schema usage export --format hive --days 1 --output report.json
    """
    from graph.cli.actions import usage as actions

    actions.export(form, output, usage, days, schema)
