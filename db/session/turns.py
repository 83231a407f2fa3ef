"""Whose turn it is: statements of one session go through one by one, in the order in which they came.

Whoever holds a turn for longer than one statement (a change, a savepoint, a stream) divides it among the tasks that
start from there: they wait for one another, and everybody else waits for all of them. A context variable tells which
task started where. Nothing of the database is known here.
"""

import asyncio
from collections import deque
from contextvars import ContextVar


class Turn:
    """A lock for statements. A part of a longer turn belongs to a session, and ends before that turn does.

    `asyncio.Lock` does the same with three calls more for each statement, a twentieth of a look-up: whoever finds that
    the turn is not `taken` may set that, and needs no call at all.
    """

    __slots__ = ("before", "holds_outer", "outer", "over", "owner", "taken", "waiting")

    def __init__(self, owner: object = None, outer: "Turn | None" = None) -> None:
        self.taken = False
        self.waiting: deque[asyncio.Future[None]] | None = None
        self.owner = owner
        """The session, as a task may use several; None for the whole."""
        self.outer = outer
        """The turn of which this is a part; None for the whole."""
        self.before: Turn | None = None
        """The turn in which the task was when it entered this one, perhaps of another session."""
        self.over = False
        self.holds_outer = False

    async def take(self) -> None:
        """Wait until all who came before have had their turn."""
        if not self.taken:
            self.taken = True
            return
        waiter = asyncio.get_running_loop().create_future()
        self.waiting = self.waiting or deque()
        self.waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled():  # it is our turn, and we do not want it any more
                self.give()
            raise

    def give(self) -> None:
        """Give the turn to the next. The outer turn is given back after the last statement of a part that is over."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)  # it stays taken, so that nobody comes in between
                break
        else:
            self.taken = False
        if self.over:
            self._give_outer()

    def is_over(self) -> bool:
        """Whether this part, or a turn of which it is a part, has ended. The whole never is."""
        outer = self.outer
        return self.over or (outer is not None and outer.outer is not None and outer.is_over())

    def innermost(self, owner: object) -> "Turn | None":
        """The innermost part of this session's turn that is not over; None if the running task is in none."""
        turn: Turn | None = self
        while turn is not None and (turn.owner is not owner or turn.is_over()):
            turn = turn.before
        return turn

    def enter(self, owner: object) -> "Turn":
        """Divide this turn, which is taken: the running task goes on inside the part that is returned."""
        part = Turn(owner, self)
        part.before = HELD.get()
        HELD.set(part)
        return part

    def leave(self) -> None:
        """Let no more statements through inside this part. Twice does nothing."""
        self.over = True
        self.owner = None  # a context that lives on would keep the session
        if HELD.get() is self:
            HELD.set(self.before)

    def end(self) -> None:
        """Leave a part that `hold` took, and give the outer turn back. Twice does nothing."""
        self.leave()
        if not self.taken:
            self._give_outer()

    def _give_outer(self) -> None:
        if self.holds_outer and self.outer is not None:
            self.holds_outer = False
            self.outer.give()


HELD: ContextVar[Turn | None] = ContextVar("trellis_turn", default=None)
"""The innermost of the longer turns in which the running task began, or which it has taken since."""


def current(owner: object, whole: Turn) -> Turn:
    """The part of a session's turn in which the running task may send a statement, or the whole."""
    held = HELD.get()
    return whole if held is None else held.innermost(owner) or whole


async def hold(owner: object, whole: Turn) -> Turn:
    """Take a turn until `end`: statements of this task, and of tasks that it starts, go through inside.

    To be awaited by the task that goes on, not by a task of its own.
    """
    outer = current(owner, whole)
    await outer.take()
    if outer.is_over():  # it ended while this task waited
        outer.give()
        return await hold(owner, whole)
    part = outer.enter(owner)
    part.holds_outer = True
    return part
