"""How long a turn may take: tasks that wait for the database are cancelled when the time is up.

A session has one `Deadline`, and watches anew for each turn. Inside an operation the operation's one timer looks after
all of its sessions (`db.session.operation`); elsewhere a session has a timer of its own, and one for all of its turns.
Nothing is sent and nothing is closed here.
"""

import asyncio
import math
from typing import Protocol

from db.session.errors import DeadlineExceeded

NEVER = math.inf


class Operation(Protocol):
    """The operation under way, as its sessions see it."""

    is_over: bool
    timeout_s: float
    loop: asyncio.AbstractEventLoop

    def add(self, deadline: "Deadline") -> None:
        """Look after a session, too."""

    def remove(self, deadline: "Deadline") -> None:
        """Look after a session no more."""


class Interruption:
    """Cancels the task that waits, by the rules of `asyncio.timeout`, for a third of the cost.

    Source: https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.uncancel
    """

    __slots__ = ("_cancelling", "_rang", "_task", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Make it. To ask for the running loop asks the system for the process: whoever knows the loop says so."""
        self.loop = loop or asyncio.get_running_loop()
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._rang = False

    def watch(self) -> None:
        """Watch the task that runs now."""
        task = self._task = asyncio.current_task(self.loop)
        assert task is not None
        self._cancelling = task.cancelling()
        self._rang = False

    def ring(self) -> bool:
        """Cancel the task now. Whether there is a task to cancel."""
        if self._task is not None and not self._rang:
            self._rang = True
            self._task.cancel()
        return self._task is not None

    def stop(self) -> bool:
        """Watch no more. Whether `ring` has cancelled the task, and nothing else has."""
        task, self._task = self._task, None
        if task is None or not self._rang:
            return False
        self._rang = False
        return task.uncancel() <= self._cancelling

    def is_watching(self) -> bool:
        """Whether there is a task to cancel."""
        return self._task is not None

    def watches_this_task(self) -> bool:
        """Whether the task that it may cancel is the one that asks."""
        return self._task is not None and self._task is asyncio.current_task(self.loop)

    def is_cancelling(self) -> bool:
        """Whether the task that runs now is being cancelled."""
        task = asyncio.current_task(self.loop)
        return task is not None and bool(task.cancelling())


class Deadline(Interruption):
    """The time that each turn of one session may take, at most `timeout_s` and the rest of its operation.

    A timer costs as much as a twentieth of a look-up. A turn notes when it is due instead, and the timer, when it
    rings, finds how long the turn under way may still take.
    """

    __slots__ = ("_due", "_operation", "_timer", "timeout_s")

    def __init__(self, timeout_s: float, operation: Operation | None) -> None:
        super().__init__(None if operation is None else operation.loop)
        self.timeout_s = timeout_s
        self._due = NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._operation = operation
        if operation is not None:
            operation.add(self)

    def watch(self) -> None:
        """Watch the task that runs now. Raises `DeadlineExceeded` when its operation is over."""
        if self._operation is None:
            super().watch()
            self.start()
            return
        if self._operation.is_over:
            raise self.exceeded()
        super().watch()
        self._due = self.loop.time() + self.timeout_s

    def wait(self) -> None:
        """Watch the task that runs now, which waits for a connection: only its operation ends that."""
        if self._operation is not None and self._operation.is_over:
            raise self.exceeded()
        super().watch()
        self._due = NEVER

    def start(self) -> None:
        """Let the time run from now on."""
        self._due = self.loop.time() + self.timeout_s
        if self._operation is None and self._timer is None:
            self._timer = self.loop.call_at(self._due, self._look)

    def look(self, now: float) -> float:
        """Cancel what is late; when to look again."""
        if self._task is None or self._due == NEVER:
            return now + self.timeout_s
        if self._due <= now:
            self.ring()
            return now + self.timeout_s
        return self._due

    def is_over(self) -> bool:
        """Whether the operation's time is up."""
        return self._operation is not None and self._operation.is_over

    def exceeded(self, note: str = "") -> DeadlineExceeded:
        """What to raise when the time is up."""
        if self._operation is not None and self._operation.is_over:
            return DeadlineExceeded(self._operation.timeout_s, "This operation", note)
        return DeadlineExceeded(self.timeout_s, note=note)

    def end(self) -> None:
        """The session is closed: nothing is to be watched any more."""
        if self._operation is not None:
            self._operation.remove(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def leave(self) -> None:
        """Go on without the operation, which has ended: somebody has left this session behind."""
        self._operation = None
        if self._task is not None and self._due != NEVER:
            self._timer = self.loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._task is not None:  # else the next turn sets the timer
            self._timer = self.loop.call_at(self.look(self.loop.time()), self._look)
