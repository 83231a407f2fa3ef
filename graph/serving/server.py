"""The server of one process: an application and sockets enter; it serves until it is told to stop, and drains.

Draining has an order. `/readyz` turns; for as long as the settings say, requests are served, and each answer is the
last of its connection. No connection is taken any more; what is under way ends within the grace, or is cancelled and
answered; the application ends. A second signal ends the process at once. Where others serve in its place, nothing turns
and they take whoever connects. No request is known here.
"""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from types import FrameType

import uvicorn
from uvicorn.server import ServerState

from graph.serving.gate import Gate
from graph.serving.limits import HANGING_S, IN_USE_AT_MOST_S, IN_USE_S, LAST_REQUESTS_S, LAST_WORDS_S, SIGNALS
from graph.serving.line import Word, hear_parent, say_serving
from graph.serving.newcomers import let_nobody_come
from graph.serving.protocol import LimitedProtocol
from graph.serving.sockets import LimitedSocket
from graph.serving.succession import Succession
from graph.serving.terminal import Terminals

logger = logging.getLogger("uvicorn.error")

TICK_S = 0.05


class LimitedState(ServerState):
    """What uvicorn keeps for all connections, and their gate."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate


class DrainingServer(uvicorn.Server):
    """A server that limits its clients, and loses none of their requests when it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        gate: Gate,
        on_drain: Callable[[], None],
        delay_s: float,
        grace_s: float,
        parent: Connection | None = None,
        when_started: Callable[[], None] = lambda: None,
        succession: Succession | None = None,
        end_sockets: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_drain` is called at once, perhaps in a signal's handler. When `parent` ends, so does the server.

        `succession` is what a server without a parent does at SIGHUP. `end_sockets` is called when no connection is
        taken any more.
        """
        super().__init__(config)
        self.server_state = LimitedState(gate)
        self._gate = gate
        self._on_drain = on_drain
        self._delay_s = delay_s
        self._grace_s = grace_s
        self._parent = parent
        self._when_started = when_started
        self._succession = succession
        self._succeeding: asyncio.Task[None] | None = None
        self._terminals = Terminals()
        self._end_sockets = end_sockets
        self._accepting: set[asyncio.Task[object]] = set()
        self._was_told = False
        """Whether a signal has come. A parent is no signal: some supervisors send theirs to all processes."""
        self._leaves = False
        """Whether others serve in its place."""

    def stop(self) -> None:
        """Begin to drain."""
        self._on_drain()
        self._gate.draining = True
        self.should_exit = True

    def leave(self) -> None:
        """Begin to drain, while others serve in its place: balancers are told nothing."""
        self._leaves = True
        self._gate.in_use_s = max(IN_USE_S, min(IN_USE_AT_MOST_S, self._grace_s / 2))
        self._gate.draining = True
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application and listen, as long as the parent lives."""
        if self._parent is not None:
            asyncio.get_running_loop().add_reader(self._parent.fileno(), self._hear_parent)
        await super().startup(sockets)
        if self._parent is not None:
            say_serving(self._parent, self._delay_s + LAST_REQUESTS_S + self._grace_s + LAST_WORDS_S)
        self._when_started()

    async def on_tick(self, counter: int) -> bool:
        """Do what is done now and then; a server that is alone looks whether it was hung up."""
        if self._succession is not None and self._succession.is_wanted and not self.should_exit:
            self._hear_hang_up(self._succession)
        return await super().on_tick(counter)

    def _hear_hang_up(self, succession: Succession) -> None:
        """Drain where the terminal has gone, else be succeeded."""
        if self._terminals.have_gone():
            succession.end()
            self.stop()
        elif self._succeeding is None:
            self._succeeding = asyncio.create_task(self._be_succeeded(succession))

    async def _be_succeeded(self, succession: Succession) -> None:
        try:
            if await asyncio.to_thread(succession.begin) and not self.should_exit:
                self.leave()
        finally:
            self._succeeding = None

    def _hear_parent(self) -> None:
        assert self._parent is not None
        word = hear_parent(self._parent)
        if word is Word.LEAVE:
            self.leave()
            return
        asyncio.get_running_loop().remove_reader(self._parent.fileno())
        self.stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Drain at a signal. uvicorn would send it once more in the end, and the process would not exit with 0.

        A server whose place a worker has taken hears signals until who looks after that one does: they end the worker.
        """
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            if self._succession is None or not self._leaves:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain at the first signal, end at the second."""
        if self._was_told:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self._was_told = True
        if self._succession is not None:
            self._succession.end()
        self.stop()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain."""
        last = self._end_at_last()
        for connection in list(self._connections()):
            connection.drain()
        if self._leaves:
            self._stop_listening(sockets or [])
        await self._serve_on(self._delay_s)
        if not self._leaves:
            self._stop_listening(sockets or [])
        self._end_sockets()
        await self._serve_on(LAST_REQUESTS_S)
        for connection in list(self._connections()):
            connection.shutdown()
        if not await self._ended(self._grace_s):
            await self._cut_off()
        await self.lifespan.shutdown()
        if self._leaves and self._parent is None:  # the process goes on as a parent
            last.cancel()

    def _end_at_last(self) -> threading.Timer:
        """End the process however much hangs: a database that has fallen silent, a thread that computes."""
        patience_s = self._delay_s + LAST_REQUESTS_S + self._grace_s + LAST_WORDS_S + HANGING_S
        timer = threading.Timer(patience_s, signal.raise_signal, (signal.SIGKILL,))
        timer.daemon = True
        timer.start()
        return timer

    def _connections(self) -> Iterator[LimitedProtocol | LimitedSocket]:
        return (it for it in self.server_state.connections if isinstance(it, LimitedProtocol | LimitedSocket))

    async def _serve_on(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await self.on_tick(0)  # the date in headers
            await asyncio.sleep(min(TICK_S, end - loop.time()))

    def _stop_listening(self, sockets: list[socket.socket]) -> None:
        """Take what has connected already, for closing the socket would reset it; then refuse newcomers.

        Where only this worker ends, newcomers are for the others; where others serve in its place, they take those who
        wait, too.
        """
        all_end = self._parent is None or self._parent.poll()
        for listening in () if self._leaves else sockets:
            if all_end:
                let_nobody_come(listening)
            self._accept_waiting(listening)
        for server in self.servers:
            server.close()
        for listening in sockets:
            listening.close()

    def _accept_waiting(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        make = partial(LimitedProtocol, self.config, self.server_state, self.lifespan.state, loop)
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # nobody waits
                return
            connection.setblocking(False)
            task = loop.create_task(loop.connect_accepted_socket(make, connection))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    async def _ended(self, seconds: float) -> bool:
        """Wait for all connections and all work to end. Whether they have."""
        state = self.server_state
        end = asyncio.get_running_loop().time() + seconds
        while state.connections or state.tasks:
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(TICK_S)
        return True

    async def _cut_off(self) -> None:
        """Cancel what is under way, and let it say so."""
        if self.server_state.tasks:
            logger.warning(
                "%d requests were not done within %g s and are cancelled", len(self.server_state.tasks), self._grace_s
            )
        for task in list(self.server_state.tasks):
            task.cancel()
        await self._ended(LAST_WORDS_S)
        for connection in list(self._connections()):
            connection.transport.abort()
