"""Commands about the log of changes: `trellis live install`, `uninstall` and `status`.

Declarations alone; `graph.cli.actions.live` does the work.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of

TABLE = "As the models have it: invoices, or billing.invoices."


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Record changes, and see who tells them.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(group, name="live")
    group.command("install", help=help_of(_install))(_install)
    group.command("uninstall", help=help_of(_uninstall))(_uninstall)
    group.command("status", help=help_of(_status))(_status)


def _install(tables: Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help=TABLE)] = None) -> None:
    """Write a revision with the triggers that record the changes of tables, whoever makes them.

    Without a table: all tables of the models whose changes are not recorded, or not all of them. Nothing is altered
    before `trellis db upgrade` runs the revision.

    Examples:
      trellis live install                  all that is missing
      trellis live install invoices receipts
    """
    from graph.cli.actions import live

    live.install(tables or [])


def _uninstall(tables: Annotated[list[str], typer.Argument(metavar="TABLE...", help=TABLE)]) -> None:
    """Write a revision that takes the triggers away. Nobody is told of changes of these tables any more.

    Examples:
      trellis live uninstall invoices
    """
    from graph.cli.actions import live

    live.uninstall(tables)


def _status(as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False) -> None:
    """Say whose changes are recorded, how far they are told, what they wait for, and which process is the relay.

    Examples:
      trellis live status
      trellis live status --json | jq .unrecorded
    """
    from graph.cli.actions import live

    live.status(as_json=as_json)
