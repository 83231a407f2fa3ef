"""`trellis status`: how a database, its replicas and a server fare.

The declaration alone; `graph.cli.actions.status` does the work.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status", help=help_of(_status))(_status)


def _status(
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="The address of a running server: its pools and caches, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
) -> None:
    """Say at which revision the database is, how large it is with its largest tables, and how far replicas are behind.

    With --server, also how one process of that server fares: its pools, its caches, its memory. It is asked with
    TRELLIS_METRICS_TOKEN where that is set.

    Examples:
      trellis status
      trellis status --server http://127.0.0.1:8000
      trellis status --json | jq .database.bytes
    """
    from graph.cli.actions import status

    status.status(server, as_json=as_json)
