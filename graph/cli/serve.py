"""`trellis serve`: the API over HTTP.

The declaration alone; `graph.cli.actions.serve` does the work.
"""

from collections.abc import Mapping
from typing import Annotated

import typer

from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of

Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="The address to listen on; TRELLIS_HOST, or 127.0.0.1.")
]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on; TRELLIS_PORT, or 8000.")]
Workers = Annotated[int, typer.Option(min=1, help="How many processes share the work.")]
WaitForDatabase = Annotated[
    float | None,
    typer.Option(
        min=0, metavar="SECONDS", help="Wait for a database that is down or starts; TRELLIS_WAIT_FOR_DATABASE_S, or 0."
    ),
]
AccessLog = Annotated[bool, typer.Option("--access-log", help="Write a line for every request.")]
Reflect = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Look at any database by its URL, as it is. Nothing is written anywhere."),
]
Schemas = Annotated[str, typer.Option(metavar="NAMES", help="With --reflect: these schemas, separated by commas.")]
Only = Annotated[str, typer.Option(metavar="NAMES", help="With --reflect: these tables; * stands for any characters.")]
Except = Annotated[str, typer.Option("--except", metavar="NAMES", help="With --reflect: not these tables.")]
Writable = Annotated[
    bool, typer.Option("--writable", help="With --reflect: mutations, too; else the database refuses changes.")
]
Public = Annotated[
    bool, typer.Option("--public", help="With --reflect: let other machines in, at the address of --host.")
]
Verbose = Annotated[bool, typer.Option("--verbose", help="With --reflect: tell each name that was guessed.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve", help=help_of(_serve))(_serve)


def _serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = 1,
    wait_for_database: WaitForDatabase = None,
    access_log: AccessLog = False,
    reflect: Reflect = None,
    schema: Schemas = "",
    only: Only = "",
    except_: Except = "",
    writable: Writable = False,
    public: Public = False,
    verbose: Verbose = False,
) -> None:
    """Serve the API at /graphql; browsers get GraphiQL there.

    Stop it with Ctrl-C or SIGTERM: requests in flight have TRELLIS_GRACE_S seconds to end, ten by default; a second
    time ends it at once. SIGHUP replaces the workers one by one, with new code and a new .env, and no request is lost
    (docs/scaling.md). Each worker has connection pools of its own, so a database meets workers times
    TRELLIS_POOL_SIZE connections.

    The database has to answer, with the tables that the code wants, before the server listens.

    Examples:
      trellis serve                                 http://127.0.0.1:8000/graphql
      trellis serve --port 8080 --workers 4         four processes
      TRELLIS_DATABASE_URL=postgresql://… trellis serve --host 0.0.0.0
      trellis serve --wait-for-database 30          beside a database that starts, too
      trellis serve --reflect postgresql://… --schema shop,stock
    """
    if reflect is None:
        _refuse_alone(
            {"--schema": schema, "--only": only, "--except": except_}
            | {"--writable": writable, "--public": public, "--verbose": verbose}
        )
        from graph.cli.actions.serve import serve

        serve(host, port, workers, access_log=access_log, wait_for_database_s=wait_for_database)
        return
    from graph.cli.actions.reflect import reflect as serve_reflected

    serve_reflected(
        reflect,
        host,
        port,
        workers,
        schemas=_listed(schema),
        only=_listed(only),
        without=_listed(except_),
        writable=writable,
        public=public,
        verbose=verbose,
        access_log=access_log,
        wait_for_database_s=wait_for_database,
    )


def _refuse_alone(given: Mapping[str, object]) -> None:
    """Raise `CommandError` for an option that says nothing without --reflect."""
    alone = next((name for name, value in given.items() if value), None)
    if alone is not None:
        raise CommandError(f"{alone} goes with --reflect URL. Give that as well, or leave {alone} out.", Exit.USAGE)


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip())
