"""`trellis serve`: the API over HTTP, by uvicorn."""

import socket
from typing import Annotated, Any

import typer

from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of
from graph.settings import Settings

APP = "graph.app:create_app"
GRACE_S = 10
"""How long requests in flight may take after the signal to stop."""


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
    access_log: Annotated[bool, typer.Option("--access-log", help="Write a line for every request.")] = False,
) -> None:
    """Serve the API at /graphql; browsers get GraphiQL there.

    Stop it with Ctrl-C or SIGTERM: requests in flight have ten seconds to end. Each worker has connection pools of its
    own, so a database meets workers times TRELLIS_POOL_SIZE connections.

    Examples:
      trellis serve                                 http://127.0.0.1:8000/graphql
      trellis serve --port 8080 --workers 4         four processes
      TRELLIS_DATABASE_URL=postgresql://… trellis serve --host 0.0.0.0
    """
    settings = Settings()
    host, port = host or settings.host, settings.port if port is None else port
    _refuse_a_port_in_use(host, port)
    _run(host, port, workers, access_log=access_log)


def _run(host: str, port: int, workers: int, *, access_log: bool) -> None:
    import uvicorn  # late, because no other command needs it
    from uvicorn.supervisors import Multiprocess

    options: dict[str, Any] = {
        "factory": True,
        "host": host,
        "port": port,
        "access_log": access_log,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
    }
    if workers == 1:
        uvicorn.run(APP, **options)
        return
    config = uvicorn.Config(APP, workers=workers, **options)
    listening = config.bind_socket()
    # uvicorn shares a socket on which asyncio does not switch Nagle's algorithm off: each answer would wait 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Multiprocess(config, sockets=[listening]).run()


def _refuse_a_port_in_use(host: str, port: int) -> None:
    """Try the port, so that one sentence says what is wrong; uvicorn would log it and stop."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as uvicorn does
            probe.bind(address)
    except OSError as error:
        raise CommandError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Stop what uses it, or choose another address with"
            f" --host and --port, for instance --port {port + 1 if port < 65535 else 8000}.",
            Exit.UNAVAILABLE,
        ) from None
