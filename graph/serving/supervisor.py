"""Several workers on one port: what a worker does enters; workers run until their parent is told to stop, or is gone.

The parent serves nothing. Workers that end are replaced. At SIGHUP all of them are, one by one: a new one serves before
the old one drains, and where a new one cannot serve, the old ones stay. What is said between them: `line`.
Why: docs/decisions/0068-several-processes.md.
"""

import logging
import math
import multiprocessing
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import TypeAlias

from graph.serving.limits import SIGNALS
from graph.serving.line import hear_serving, say_leave
from graph.serving.terminal import Terminals

logger = logging.getLogger("uvicorn.error")

RESTART_S = 1.0
"""The least time between two starts of one worker: one that ends at once would take all of the machine."""
MAX_PAUSE_S = 60.0
"""The longest time after which a start that has failed is tried again, while other workers serve."""
START_S = 120.0
"""How long a worker may take until it serves, while the one whose place it takes serves on."""
SPARE_S = 5.0
"""How much longer than it should a worker may take to end before it is killed."""

LOCAL_SIGNALS = {signal.SIGINT, signal.SIGHUP}
"""What a terminal sends to all processes: a worker hears its parent alone."""

Work: TypeAlias = Callable[[Sequence[socket.socket], Connection, bool], object]
"""Serves on sockets until the line to the parent says that it is over. Other processes know it by its name.

The last argument is whether the worker ends where it finds something missing, because another one serves on."""

processes = multiprocessing.get_context("spawn")


class Worker:
    """A process, and the parent's end of the line to it."""

    def __init__(self, process: BaseProcess, line: Connection, drain_s: float) -> None:
        self.process = process
        self.line = line
        self.drain_s = drain_s
        """How long it may take to end; it says so itself when it serves."""
        self.started_s = time.monotonic()
        self.serves = False
        self.may_speak = True
        """Whether there is something to be heard of it yet."""
        self.ends_by_s = math.inf
        """When it is killed, if it has not ended, or does not serve by then."""

    @property
    def has_ended(self) -> bool:
        """Whether there is no such process any more."""
        return self.process.exitcode is not None

    @property
    def is_late(self) -> bool:
        """Whether it has had its time."""
        return time.monotonic() >= self.ends_by_s

    def listen(self) -> None:
        """Hear whether it serves, if it says so."""
        if self.may_speak and self.line.poll():
            drain_s = hear_serving(self.line)
            self.serves, self.may_speak = drain_s is not None, False
            self.drain_s = self.drain_s if drain_s is None else drain_s

    def leave(self) -> None:
        """Let it drain, for others serve in its place."""
        say_leave(self.line)
        self.ends_by_s = time.monotonic() + self.drain_s + SPARE_S

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.join()


@dataclass
class Place:
    """What one worker after the other has."""

    worker: Worker | None
    """None while the next one is waited for."""
    failures: int = 0
    """Starts in a row that came to nothing."""
    due_s: float = 0
    """When the next one is started."""


class Supervisor:
    """The parent of workers."""

    def __init__(
        self,
        work: Work,
        count: int,
        sockets: Sequence[socket.socket],
        drain_s: float,
        renew: Callable[[], None] = lambda: None,
    ) -> None:
        """`drain_s`: how long a worker may take to end that has not said so itself.

        `renew` is called before workers are replaced, to read anew what new ones inherit. It may raise `OSError`.
        """
        self._work = work
        self._count = count
        self._sockets = sockets
        self._drain_s = drain_s
        self._renew = renew
        self._woken, self._waking = socket.socketpair()
        self._woken.setblocking(False)
        self._waking.setblocking(False)
        self._terminals = Terminals()
        self._places: list[Place] = []
        self._newcomer: Worker | None = None
        self._leaving: list[Worker] = []
        self._rolling: Iterator[None] | None = None
        self._hung_up = False
        self._stopping = False

    def run(self) -> bool:
        """Keep workers running until a signal says stop. False: none of them can serve."""
        self._hear_signals()
        if not self._stopping and not self._places:
            self._places = [Place(self._started(checked=True)) for _ in range(self._count)]
        able = True
        while able and not self._stopping:
            self._wait()
            able = self._stopping or self._look_after_places()
            self._look_after_leaving()
            if able and not self._stopping:
                self._roll_on()
        self._end()
        return able

    def begin(self) -> bool:
        """Start one worker and wait until it serves; whether it does. `run` goes on from there.

        For a process that serves itself until then: it blocks, and may be called in a thread.
        """
        if not self._renewed():
            return False
        self._newcomer = worker = self._started(checked=True)
        worker.ends_by_s = time.monotonic() + START_S
        while not worker.serves:
            wait([worker.process.sentinel, *([worker.line] if worker.may_speak else [])], START_S)
            worker.listen()
            if self._is_of_no_use(worker):
                return False
        self._newcomer = None
        self._places = [Place(worker)]
        logger.info("Worker %s serves from now on; this process looks after it", worker.process.pid)
        return True

    def stop(self) -> None:
        """Tell workers to end; `run` waits for that. It may be called in the handler of a signal."""
        self._stopping = True
        for worker in self._all():
            if worker is self._newcomer:  # nothing is to be drained; who waits for it sees that it ends
                worker.process.terminate()
            else:
                worker.line.close()

    def replace_all(self) -> None:
        """Replace all workers, once what is under way of that kind is done."""
        self._hung_up = True
        self._waking.send(b"\0")

    # Signals

    def _hear_signals(self) -> None:
        signal.set_wakeup_fd(self._waking.fileno())
        for number in SIGNALS:
            signal.signal(number, self._hear_stop)
        signal.signal(signal.SIGHUP, self._hear_hang_up)

    def _hear_stop(self, number: int, _frame: FrameType | None) -> None:
        """Stop at the first signal, end at the second."""
        if self._stopping:
            for worker in self._all():
                worker.process.kill()
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self._stopping = True

    def _hear_hang_up(self, _number: int, _frame: FrameType | None) -> None:
        if self._terminals.have_gone():
            self._stopping = True
        else:
            self._hung_up = True

    # Workers

    def _all(self) -> list[Worker]:
        serving = [place.worker for place in self._places if place.worker is not None]
        return [*serving, *self._leaving, *([self._newcomer] if self._newcomer else [])]

    def _started(self, *, checked: bool = False) -> Worker:
        """A new process. Raises `OSError` where the system has no room for one."""
        ours, theirs = processes.Pipe()
        process = processes.Process(target=_run, args=(self._work, self._sockets, theirs, checked))
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, LOCAL_SIGNALS)  # deaf from its first moment on
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            theirs.close()
        return Worker(process, ours, self._drain_s)

    def _wait(self) -> None:
        """Wait until a signal comes, a worker says something or ends, or it is time for something."""
        workers = self._all()
        moments = [place.due_s for place in self._places if place.worker is None]
        moments += [worker.ends_by_s for worker in workers if worker.ends_by_s < math.inf]
        pause_s = max(0.0, min(moments) - time.monotonic()) if moments else None
        lines = [worker.line for worker in workers if worker.may_speak]
        wait([self._woken, *lines, *(worker.process.sentinel for worker in workers)], pause_s)
        with suppress(BlockingIOError):
            while self._woken.recv(1_024):
                pass
        for worker in workers:
            worker.listen()

    # Places

    def _look_after_places(self) -> bool:
        """Start others for workers that have ended. False when one has failed, and none serves."""
        for place in self._places:
            worker = place.worker
            if worker is not None and worker.has_ended:
                place.worker = None
                worker.line.close()
                if not self._plan_next(place, worker):
                    return False
            elif worker is not None and worker.serves:
                place.failures = 0
            if place.worker is None and time.monotonic() >= place.due_s:
                self._fill(place)
        return True

    def _plan_next(self, place: Place, ended: Worker) -> bool:
        """Say when the next one is to be started. False when there is no use in one."""
        pid, status = ended.process.pid, ended.process.exitcode or 0
        if status <= 0:
            place.due_s = ended.started_s + RESTART_S
            logger.warning("Worker %s has ended (%s) and is replaced", pid, status)
            return True
        others = [other.worker for other in self._places if other.worker is not None]
        if not any(worker.serves and not worker.has_ended for worker in others):
            return False
        self._put_off(place)
        logger.error(
            "Worker %s has failed (%s); the lines above say why. The others serve on, and the next one is started in"
            " %g s",
            pid,
            status,
            place.due_s - time.monotonic(),
        )
        return True

    def _put_off(self, place: Place) -> None:
        place.due_s = time.monotonic() + min(MAX_PAUSE_S, RESTART_S * 2 ** min(place.failures, 10))
        place.failures += 1

    def _fill(self, place: Place) -> None:
        try:
            place.worker = self._started()
        except OSError as error:
            self._put_off(place)
            logger.error("No worker can be started (%s); that is tried again", error.strerror)

    def _look_after_leaving(self) -> None:
        """Forget those that have left, and kill those that do not leave."""
        for worker in list(self._leaving):
            if not worker.has_ended and worker.is_late:
                logger.error("Worker %s has not ended and is killed", worker.process.pid)
                worker.kill()
            if worker.has_ended:
                worker.line.close()
                self._leaving.remove(worker)

    # Replacing all

    def _roll_on(self) -> None:
        if self._rolling is None and self._hung_up:
            self._hung_up = False
            if self._renewed():
                self._rolling = self._roll()
        if self._rolling is not None and next(self._rolling, _DONE) is _DONE:
            self._rolling = None
            if self._hung_up:  # somebody has asked again meanwhile
                self._waking.send(b"\0")

    def _roll(self) -> Iterator[None]:
        """Replace one worker after the other; yield while something is waited for."""
        logger.info("Workers are replaced, one by one")
        for place in self._places:
            try:
                self._newcomer = newcomer = self._started(checked=True)
            except OSError as error:
                logger.error("No worker can be started (%s); the old ones stay. Send SIGHUP again.", error.strerror)
                return
            newcomer.ends_by_s = time.monotonic() + START_S
            while not newcomer.serves:
                if self._is_of_no_use(newcomer):
                    return
                yield
            newcomer.ends_by_s, self._newcomer = math.inf, None
            leaving, place.worker, place.failures = place.worker, newcomer, 0
            if leaving is not None:
                leaving.leave()
                self._leaving.append(leaving)
                while leaving in self._leaving:
                    yield
        logger.info("All workers are new")

    def _is_of_no_use(self, newcomer: Worker) -> bool:
        """Whether a newcomer has ended, or takes too long: then it is gone, and the log says so."""
        if newcomer.serves or not (newcomer.has_ended or newcomer.is_late):
            return False
        if not self._stopping:
            became = f"has failed ({newcomer.process.exitcode})" if newcomer.has_ended else f"took {START_S:g} s"
            logger.error(
                "A new worker cannot serve: it %s. The old ones stay; mend what the lines above say, and send SIGHUP"
                " again.",
                became,
            )
        newcomer.kill()
        newcomer.line.close()
        self._newcomer = None
        return True

    def _renewed(self) -> bool:
        try:
            self._renew()
        except OSError as error:
            logger.error("%s cannot be read (%s); no worker is replaced", error.filename, error.strerror)
            return False
        return True

    # The end

    def _end(self) -> None:
        """Let newcomers be refused, and workers drain; kill those that do not."""
        workers = self._all()
        for listening in self._sockets:
            listening.close()
        self.stop()
        begun = time.monotonic()
        for worker in workers:
            worker.process.join(max(0.0, begun + worker.drain_s + SPARE_S - time.monotonic()))
            if not worker.has_ended:
                logger.error("Worker %s has not ended and is killed", worker.process.pid)
                worker.kill()


_DONE = object()


def _run(work: Work, sockets: Sequence[socket.socket], parent: Connection, checked: bool) -> None:
    for number in LOCAL_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # nothing is to be drained before anything is served
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LOCAL_SIGNALS)
    work(sockets, parent, checked)
