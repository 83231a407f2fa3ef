"""`trellis serve`: an address enters, uvicorn listens there until it is told to stop."""

import socket
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.startup import see_to_the_database

APP = "graph.app:create_app"
GRACE_S = 10
"""How long requests in flight may take after the signal to stop."""


def serve(
    host: str | None, port: int | None, workers: int, *, access_log: bool, wait_for_database_s: float | None = None
) -> None:
    """Serve until a signal ends the server. The settings give what is None.

    Raises `CommandError` for an address that cannot be listened on, and `CannotStart`.
    """
    settings = settings_of_the_environment()
    host, port = host or settings.host, settings.port if port is None else port
    _refuse_a_port_in_use(host, port)
    see_to_the_database(settings, wait_for_database_s)
    _run(host, port, workers, access_log=access_log)


def _run(host: str, port: int, workers: int, *, access_log: bool) -> None:
    options: dict[str, Any] = {
        "factory": True,
        "host": host,
        "port": port,
        "access_log": access_log,
        "server_header": False,
        "proxy_headers": False,  # believes this machine by default; whom we believe, TRELLIS_TRUSTED_PROXIES says
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
