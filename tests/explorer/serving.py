"""An application behind a real uvicorn, on a free port of this machine, in this event loop."""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

START_TIMEOUT_S = 30
KEEP_ALIVE_S = 60


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def main_loop(self) -> None:
        """Look ten times as often whether the test has ended, for hundreds of tests wait for that."""
        ticks = itertools.count()
        while not await self.on_tick(next(ticks)):  # noqa: ASYNC110 - as uvicorn does
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    app: ASGIApp,
    http: type[asyncio.Protocol] | Literal["auto"] = "auto",
    state: ServerState | None = None,
    **more: Any,
) -> AsyncIterator[str]:
    """Serve an application and yield its origin, `http://127.0.0.1:<port>`; by another protocol where one is given.

    `more` is for uvicorn, about WebSockets for instance.
    """
    # uvicorn closes a connection that was idle for five seconds. Where this loop stands still for as long, because the
    # collector looks at all that the tests have left, that is a connection on which a client is just sending.
    config = uvicorn.Config(
        app,
        http=http,
        lifespan="on",
        log_level="warning",
        proxy_headers=False,  # as `trellis serve` has it
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE_S,
        **more,
    )
    server = _Server(config)
    server.server_state = state or server.server_state
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # asyncio sets it on sockets of its own; without it, each answer waits 40 ms for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not server.started:
                    if running.done():
                        raise RuntimeError("The application did not start; its log says why.")
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
