"""Several workers on one port: what a worker does enters; workers run until their parent is told to stop, or is gone.

All workers have one end of a pipe, and the parent has the other one. When that is closed, because the parent stops or
was killed, they drain. Workers that end are replaced. The parent serves nothing.
"""

import logging
import multiprocessing
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import NamedTuple, TypeAlias

from graph.serving.limits import SIGNALS

logger = logging.getLogger("uvicorn.error")

RESTART_S = 1.0
"""The least time between two starts of one worker: one that ends at once would take all of the machine."""
SPARE_S = 5.0
"""How much longer than it should a worker may take to end before it is killed."""

Work: TypeAlias = Callable[[Sequence[socket.socket], Connection], None]
"""Serves on sockets until the other end of the connection is closed. Other processes know it by its name."""

processes = multiprocessing.get_context("spawn")


class Worker(NamedTuple):
    """A process, and when it was started."""

    process: BaseProcess
    started_s: float


class Supervisor:
    """The parent of workers."""

    def __init__(self, work: Work, count: int, sockets: Sequence[socket.socket], drain_s: float) -> None:
        """`drain_s`: how long a worker may take to end."""
        self._work = work
        self._count = count
        self._sockets = sockets
        self._drain_s = drain_s
        self._theirs, self._ours = processes.Pipe(duplex=False)
        self._woken, self._waking = socket.socketpair()
        self._workers: list[Worker] = []
        self._stopping = False

    def run(self) -> bool:
        """Keep workers running until a signal says stop. False: one of them could not serve."""
        self._hear_signals()
        self._workers = [self._started() for _ in range(self._count)]
        able = True
        while able and not self._stopping:
            wait([self._woken, *(worker.process.sentinel for worker in self._workers)])
            able = self._stopping or self._replace_ended()
        self._end()
        return able

    def _hear_signals(self) -> None:
        self._waking.setblocking(False)
        signal.set_wakeup_fd(self._waking.fileno())
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        """Stop at the first signal, end at the second."""
        if self._stopping:
            for worker in self._workers:
                worker.process.kill()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._stopping = True

    def _started(self) -> Worker:
        process = processes.Process(target=_run, args=(self._work, self._sockets, self._theirs))
        # Ctrl-C in a terminal reaches all processes; a worker hears its parent alone, from its first moment on.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        process.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        return Worker(process, time.monotonic())

    def _replace_ended(self) -> bool:
        """Start others for workers that have ended. False when one has failed rather than been ended."""
        for place, (process, started_s) in enumerate(self._workers):
            if process.exitcode is None:
                continue
            if process.exitcode > 0:
                return False
            logger.warning("Worker %s has ended (%s) and is replaced", process.pid, process.exitcode)
            wait([self._woken], max(0.0, started_s + RESTART_S - time.monotonic()))
            if self._stopping:
                break
            self._workers[place] = self._started()
        return True

    def _end(self) -> None:
        """Let newcomers be refused, and workers drain; kill those that do not."""
        for listening in self._sockets:
            listening.close()
        self._ours.close()
        end = time.monotonic() + self._drain_s + SPARE_S
        for process, _ in self._workers:
            process.join(max(0.0, end - time.monotonic()))
            if process.exitcode is None:
                logger.error("Worker %s has not ended and is killed", process.pid)
                process.kill()
                process.join()


def _run(work: Work, sockets: Sequence[socket.socket], parent: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # nothing is to be drained before anything is served
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    work(sockets, parent)
