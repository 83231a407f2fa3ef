"""`trellis serve`: the API over HTTP.

The declaration alone; `graph.cli.actions.serve` does the work.
"""

from typing import Annotated

import typer

from graph.cli.help import help_of


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve", help=help_of(_serve))(_serve)


def _serve(
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address to listen on; TRELLIS_HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port to listen on; TRELLIS_PORT, or 8000.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="How many processes share the work.")] = 1,
    wait_for_database: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="Wait for a database that is down or starts; TRELLIS_WAIT_FOR_DATABASE_S, or 0.",
        ),
    ] = None,
    access_log: Annotated[bool, typer.Option("--access-log", help="Write a line for every request.")] = False,
) -> None:
    """Serve the API at /graphql; browsers get GraphiQL there.

    Stop it with Ctrl-C or SIGTERM: requests in flight have TRELLIS_GRACE_S seconds to end, ten by default; a second
    time ends it at once. Each worker has connection pools of its own, so a database meets workers times
    TRELLIS_POOL_SIZE connections.

    The database has to answer, with the tables that the code wants, before the server listens.

    Examples:
      trellis serve                                 http://127.0.0.1:8000/graphql
      trellis serve --port 8080 --workers 4         four processes
      TRELLIS_DATABASE_URL=postgresql://… trellis serve --host 0.0.0.0
      trellis serve --wait-for-database 30          beside a database that starts, too
    """
    from graph.cli.actions.serve import serve

    serve(host, port, workers, access_log=access_log, wait_for_database_s=wait_for_database)
