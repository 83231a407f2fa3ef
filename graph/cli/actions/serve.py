"""`trellis serve`: an address enters; it is served, by this process or by several, until a signal says stop."""

import logging
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette

from graph.building import building
from graph.cli.env_file import read_env_file
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.errors import TrellisError
from graph.outside.announcement import announcement
from graph.serving.limits import LAST_REQUESTS_S, LAST_WORDS_S, MAX_REFUSED, Limits
from graph.serving.succession import Succession
from graph.serving.supervisor import Supervisor
from graph.settings import LoggedOperations, Settings
from graph.startup import see_to_the_database
from graph.telemetry.ledgers import Ledgers
from graph.telemetry.shared import LedgerFiles, SharedLedgers
from graph.telemetry.writing import Write, line_writer, set_up_logging

T = TypeVar("T")

logger = logging.getLogger("uvicorn.error")

FILES_BESIDE = MAX_REFUSED + 200
"""Open files beside connections of clients: clients that are refused, databases, logs, the loop itself."""


class Make(Protocol):
    """Makes the application in the process that serves it; it is sent to workers as it is."""

    def __call__(self, *, ledgers: Ledgers) -> tuple[Settings, Starlette]:
        """The application, with its settings, which counts in these ledgers. Raises `TrellisError`."""


def serve(
    host: str | None, port: int | None, workers: int, *, access_log: bool, wait_for_database_s: float | None = None
) -> None:
    """Serve until a signal ends the server. The settings give what is None.

    Raises `CommandError` for an address that cannot be listened on, and when a worker cannot serve; `CannotStart`.
    """
    settings = settings_of_the_environment()
    with bound(host or settings.host, settings.port if port is None else port) as sockets:
        announced = announcement(settings, [each.getsockname()[0] for each in sockets])
        see_to_the_database(settings, wait_for_database_s, workers)
        listen(workers, sockets, settings, _app_of_the_environment, access_log=access_log, announced=announced)


def _app_of_the_environment(*, ledgers: Ledgers) -> tuple[Settings, Starlette]:
    with building():
        # Late: a parent would keep 100 MB of modules for nothing.
        from graph.app import create_app

        return Settings(), create_app(ledgers=ledgers)


def listen(
    workers: int,
    sockets: Sequence[socket.socket],
    settings: Settings,
    make: Make,
    *,
    access_log: bool,
    announced: str | None = None,
    make_here: Make | None = None,
) -> None:
    """Serve what `make` makes in so many processes. Raises `CommandError` when a worker cannot serve.

    `announced` is what the log says first. `make_here` makes the same in this process, if that alone serves.
    """
    set_up_logging(settings, sys.stderr)
    if announced is not None:
        logger.warning(announced)
    _allow_files(settings.max_connections + FILES_BESIDE)
    drain_s = settings.drain_delay_s + LAST_REQUESTS_S + settings.grace_s + LAST_WORDS_S

    def supervisor(count: int, on: Sequence[socket.socket]) -> Supervisor:
        work = partial(_serve, make=make, access_log=access_log, files=LedgerFiles(count))
        return Supervisor(work, count, on, drain_s, read_env_file)

    if workers == 1:
        succession = Succession(partial(supervisor, 1), sockets)
        signal.signal(signal.SIGHUP, succession.hear)
        _serve(sockets, None, make=make_here or make, access_log=access_log, succession=succession)
        able = succession.go_on()
    else:
        logger.info("Trellis is running on %s in %d processes (press Ctrl-C to stop)", address_of(sockets), workers)
        able = supervisor(workers, sockets).run()
    if not able:
        raise CommandError("A worker could not serve; the lines above say why.", Exit.UNAVAILABLE)


def _serve(
    sockets: Sequence[socket.socket],
    parent: Connection | None,
    checked: bool = True,
    *,
    make: Make,
    access_log: bool,
    files: LedgerFiles | None = None,
    succession: Succession | None = None,
) -> None:
    """Serve in this process, for as long as the parent lives if there is one; `files` are for what workers count.

    `checked`: whether it ends where the checks of a start find something; a worker that replaces one which has ended
    serves all the same.
    """
    # Late, as above.
    from graph.serving.gate import Gate
    from graph.serving.monitoring import ConnectionMetrics
    from graph.serving.server import DrainingServer

    ledgers = Ledgers() if files is None else SharedLedgers(files)
    settings, app = made(partial(make, ledgers=ledgers), parent)
    app.state.starts_unchecked = not checked
    set_up_logging(settings, sys.stderr)
    write = line_writer(settings, sys.stderr)
    _log_operations(settings, app, write)
    gate = Gate(Limits.of(settings))
    app.state.metrics.watch(ConnectionMetrics(gate))
    tell = partial(logger.info, "Trellis is running on %s (press Ctrl-C to stop)", address_of(sockets))
    DrainingServer(
        _config(app, settings, access_log=access_log),
        gate,
        app.state.health.drain,
        settings.drain_delay_s,
        settings.grace_s,
        parent,
        tell if parent is None else lambda: None,
        succession,
        app.state.live.drain,
    ).run(list(sockets))
    app.state.listeners.flush()
    write.close()


def _config(app: Starlette, settings: Settings, *, access_log: bool) -> uvicorn.Config:
    # Late, as above.
    from graph.serving.protocol import LimitedProtocol
    from graph.serving.sockets import LimitedSocket

    return uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws=LimitedSocket,
        ws_max_size=settings.max_body_bytes,
        ws_ping_interval=settings.socket_heartbeat_s,
        ws_ping_timeout=settings.write_timeout_s,
        ws_per_message_deflate=settings.socket_compression,
        lifespan="on",
        access_log=access_log,
        log_config=None,
        server_header=False,
        proxy_headers=False,  # believes this machine by default; whom we believe, TRELLIS_TRUSTED_PROXIES says
    )


def _log_operations(settings: Settings, app: Starlette, write: Write) -> None:
    """Write a line for each operation, as far as the settings say."""
    # Late, as above.
    from graph.live import SubscriptionLines
    from graph.telemetry.lines import OperationLines

    listeners = app.state.listeners
    if settings.log_operations is not LoggedOperations.NONE:
        listeners.gather(OperationLines(write, settings.log_operations, settings.slow_operation_s))
        if settings.log_operations is LoggedOperations.ALL:
            app.state.live.listeners.append(SubscriptionLines(write))
        listeners.are_told_of_statements = settings.slow_operation_s > 0


def made(make: Callable[[], T], parent: Connection | None) -> T:
    """What a function makes; a worker says itself why it makes nothing, for a traceback would hide the sentence."""
    try:
        return make()
    except Exception as error:
        from graph.cli.failures import explained  # late: database drivers come along

        failure = explained(error)
        if parent is None or (failure is None and not isinstance(error, TrellisError)):
            raise
        logger.error(str(failure or error))
        raise SystemExit(Exit.UNAVAILABLE if failure is None else failure.status) from None


def _allow_files(needed: int) -> None:
    """Raise the limit of open files, if that is needed, as far as the system lets us: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < needed:
        allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        if allowed < needed:
            logger.warning("The system allows %d open files; TRELLIS_MAX_CONNECTIONS needs %d", allowed, needed)


def address_of(sockets: Sequence[socket.socket]) -> str:
    """Where people find the server."""
    host, port, *_ = sockets[0].getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def bound(host: str, port: int) -> Iterator[Sequence[socket.socket]]:
    """A socket for each address of the host, as asyncio would make them; nobody can connect yet.

    Raises `CommandError` for an address that cannot be listened on.
    """
    with ExitStack() as open_sockets:
        yield [open_sockets.enter_context(each) for each in _bound(host, port)]


def _bound(host: str, port: int) -> list[socket.socket]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        return [_bound_to(family, address) for family, *_, address in dict.fromkeys(found)]
    except OSError as error:
        raise CommandError(
            f"{host}:{port} cannot be listened on: {error.strerror}. Stop what uses it, or choose another address with"
            f" --host and --port, for instance --port {port + 1 if port < 65535 else 8000}.",
            Exit.UNAVAILABLE,
        ) from None


def _bound_to(family: int, address: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # the other family has its own
        # Connections inherit it. asyncio sets it on sockets of its own; without it, each answer would wait 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setblocking(False)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening
