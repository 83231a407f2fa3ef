"""`trellis maintain`: delete what has run out.

The declaration alone; `graph.cli.actions.maintain` does the work.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("maintain", help=help_of(_maintain))(_maintain)


def _maintain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and delete nothing.")] = False,
) -> None:
    """Delete what has run out: sign-ins, idempotency keys, ended API keys, old counts of usage, old records of changes.

    Servers do it once an hour by themselves, one of all that share the database, unless TRELLIS_MAINTENANCE is false.
    Rows go a thousand at a time; servers can go on meanwhile.

    Examples:
      trellis maintain --dry-run     how many rows have run out
      trellis maintain               delete them
    """
    from graph.cli.actions import maintain

    maintain.maintain(dry_run=dry_run)
