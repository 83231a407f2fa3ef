"""The end of an operation: one moment for all that it waits for, and one timer.

Whoever begins an operation makes an `OperationDeadline`; every session that is made in its context heeds it. When the
time is up, what waits for the database is told first, so that what was read before stays in the answer. What does not
come to its end then is cancelled as a whole. Nothing of requests, statements and connections is known here.
Why: docs/decisions/0032-one-deadline.md.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar

from db.session.errors import DeadlineExceeded
from db.session.timeout import Deadline, Interruption

GRACE_S = 0.1
"""Seconds in which an operation whose time is up may make an answer of what it has."""

OPERATION: "ContextVar[OperationDeadline | None]" = ContextVar("trellis_operation", default=None)
"""The operation under way."""


class OperationDeadline(Interruption):
    """Ends whatever the task that runs now waits for, `timeout_s` seconds from now, until `end`."""

    __slots__ = (
        "_afterwards",
        "_deadlines",
        "_ends",
        "_next",
        "_patience_s",
        "_timer",
        "_token",
        "has_patience",
        "is_over",
        "timeout_s",
    )

    def __init__(self, timeout_s: float, patience_s: float) -> None:
        super().__init__()
        self.timeout_s = timeout_s
        self.is_over = False
        """Whether the time is up."""
        self.has_patience = True
        """Whether `patience_s` seconds have not passed yet."""
        self._patience_s = patience_s
        self._deadlines: list[Deadline] = []
        self._afterwards: Callable[[], None] | None = None
        now = self.loop.time()
        self._ends = now + timeout_s
        self._next = now + patience_s if patience_s < timeout_s else self._ends
        self._timer: asyncio.TimerHandle | None = self.loop.call_at(self._next, self._look)
        self._token = OPERATION.set(self)
        self.watch()

    def add(self, deadline: Deadline) -> None:
        """Look after a session, too."""
        self._deadlines.append(deadline)
        if deadline.timeout_s < self._patience_s or not self.has_patience:  # else the first look comes soon enough
            soon = self.loop.time() + deadline.timeout_s
            if soon < self._next:
                self._look_at(soon)

    def remove(self, deadline: Deadline) -> None:
        """Look after a session no more."""
        if deadline in self._deadlines:
            self._deadlines.remove(deadline)

    def prolong(self, timeout_s: float) -> None:
        """Let the operation take so many seconds in all; before its time is up."""
        self._ends += timeout_s - self.timeout_s
        self.timeout_s = timeout_s

    def at_end(self, then: Callable[[], None]) -> None:
        """Do something when the operation has come to its end, whatever that is."""
        self._afterwards = then

    def lose_patience(self) -> None:
        """Begin with what need not begin in an operation that is over soon; called once."""
        self.has_patience = False

    def exceeded(self) -> DeadlineExceeded:
        """What to raise when the time is up."""
        return DeadlineExceeded(self.timeout_s, "This operation")

    def end(self) -> None:
        """The operation has come to its end."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        OPERATION.reset(self._token)
        for deadline in self._deadlines:
            deadline.leave()
        self._deadlines.clear()
        self.stop()
        if self._afterwards is not None:
            self._afterwards()

    def _look_at(self, moment: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = moment
        self._timer = self.loop.call_at(moment, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self.loop.time()
        if self.is_over:
            self.ring()
        elif now >= self._ends:
            self._end_now()
        else:
            self._look_again(now)

    def _look_again(self, now: float) -> None:
        if self.has_patience:
            self.lose_patience()
        self._look_at(min([self._ends, *(deadline.look(now) for deadline in self._deadlines)]))

    def _end_now(self) -> None:
        """Stop what waits for the database; without any such thing, the operation itself."""
        self.is_over = True
        rang = [deadline.ring() for deadline in self._deadlines]  # each must be told
        if any(rang):
            self._look_at(self._ends + GRACE_S)
        else:
            self.ring()
