"""`trellis explain`: what an operation costs, statement by statement.

Declarations alone; `graph.cli.actions.explain` does the work.
"""

from enum import StrEnum
from typing import Annotated

import typer

from graph.cli.help import help_of


class Format(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("explain", help=help_of(_explain))(_explain)


def _explain(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file with the document; - for stdin.")],
    variables: Annotated[
        str | None, typer.Option("--variables", metavar="JSON|FILE", help="The variables, or a file with them.")
    ] = None,
    operation: Annotated[str | None, typer.Option("--operation", help="Which operation, if there are several.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="Ask as this user.")] = None,
    role: Annotated[list[str] | None, typer.Option("--role", help="Ask with this role; may be repeated.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="Ask as somebody who has not signed in.")] = False,
    analyze: Annotated[
        bool, typer.Option("--analyze", help="Run what reads once more, and tell what happened, if the database can.")
    ] = False,
    values: Annotated[bool, typer.Option("--values", help="Show what is bound to the statements.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Run mutations, too: what they change is kept.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How the report is written.")] = Format.TEXT,
) -> None:
    """Run an operation on the database and print what it costs.

    Each statement is shown with the fields that asked for it, its rows, its time, its plan, and the index that would
    serve where there is none. Without --user, --role or --nobody, everything is visible. The status is 1 when the
    operation has errors.

    Examples:
      trellis explain feed.graphql
      trellis explain feed.graphql --variables '{"first": 10}' --role editor --analyze
      echo '{ viewer { name } }' | trellis explain - --user 1 --format json
    """
    from graph.cli.actions import explain

    explain.explain(
        file,
        explain.Asked(variables, operation, analyze=analyze, values=values, write=write, as_json=output is Format.JSON),
        explain.viewer(user, role or [], nobody=nobody),
    )
