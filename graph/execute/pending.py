"""Awaitables that resolvers have returned.

Awaitables enter, each with a function for its value; values leave when all of a group are there, or as soon as one of
them fails: its null may make the others needless. Nothing is started before the scheduler waits.
"""

from asyncio import Future, ensure_future, get_running_loop, iscoroutine, sleep
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple, TypeAlias

from graph.execute.response import ResponsePosition
from graph.loading.asking import Asking, asking
from graph.prepare.fields import FieldPlan


class Waiting(NamedTuple):
    """An awaitable, the function that takes its value, and the position that waits for it."""

    awaitable: Awaitable[Any]
    then: Callable[[Any], None]
    position: ResponsePosition
    others: Sequence[ResponsePosition] = ()
    """Positions of the same object that wait for it, too."""


TICKS = 2
"""Turns of the event loop after which something is taken to be waiting for something else."""

Delivery: TypeAlias = tuple[Waiting, Any]
"""An awaitable that is done, and its value or the exception that came instead."""


class _Group:
    """Awaitables that belong together: of one field of one level, or of the elements of one list."""

    def __init__(self, members: list[Waiting]) -> None:
        self.members = members
        self.futures: list[Future[Any]] = []

    @property
    def due(self) -> bool:
        """Whether there is something to tell: all of it, or a failure."""
        done = [future for future in self.futures if future.done()]
        return len(done) == len(self.futures) or any(future.cancelled() or future.exception() for future in done)

    def remove(self, numbers: Collection[int]) -> list[Awaitable[Any]]:
        """Forget some members. What we started is cancelled; what others gave us may be waited for by others."""
        left: list[Awaitable[Any]] = []
        for number in numbers:
            awaitable = self.members[number].awaitable
            if not self.futures:
                left.append(awaitable)
            elif self.futures[number] is not awaitable:
                self.futures[number].cancel()
        self.members = [member for number, member in enumerate(self.members) if number not in numbers]
        self.futures = [future for number, future in enumerate(self.futures) if number not in numbers]
        return left

    def take(self) -> list[Delivery]:
        """What is there; the rest stays."""
        pairs = list(zip(self.members, self.futures, strict=True))
        left = [(member, future) for member, future in pairs if not future.done()]
        self.members, self.futures = [member for member, _ in left], [future for _, future in left]
        return [(member, _outcome(future)) for member, future in pairs if future.done()]


class PendingAwaitables:
    """Everything that one run waits for."""

    def __init__(self, asker: Callable[[FieldPlan], Asking] | None = None) -> None:
        """Begin without any. What they send is noted as asked for by their fields, if `asker` says how."""
        self.groups: list[_Group] = []
        """Those that are still waited for."""
        self._asker = asker
        self._left = 0
        self._wake: Future[None] | None = None

    def expect(self, members: list[Waiting]) -> None:
        """Wait for these, too; they belong together."""
        self.groups.append(_Group(members))

    def start(self) -> None:
        """Let everything run that does not run yet."""
        for group in self.groups:
            if not group.futures:
                group.futures = [self._begin(member) for member in group.members]
                for future in group.futures:
                    future.add_done_callback(self._tell)

    async def soon(self) -> list[Delivery]:
        """What is ready anyway, or nothing; what really waits is not waited for."""
        self.start()
        for _ in range(TICKS):
            if found := self.due():
                return found
            await sleep(0)
        return self.due()

    async def next(self) -> list[Delivery]:
        """What comes next: at least one delivery."""
        if len(self.groups) == 1 and len(self.groups[0].members) == 1 and not self.groups[0].futures:
            alone = self.groups.pop().members[0]
            with self._asking(alone):
                return [await _alone(alone)]
        self.start()
        while not (found := self.due()):
            self._wake = get_running_loop().create_future()
            await self._wake
        return found

    def due(self) -> list[Delivery]:
        """What is there by now: what hangs on the root itself, else everything."""
        due = [group for group in self.groups if group.futures and group.due]
        nearest = [group for group in due if group.members[0].position.field.depth == 1]
        found = [delivery for group in nearest or due for delivery in group.take()]
        if found:
            self.groups = [group for group in self.groups if group.members]
        return found

    def drop(self, is_gone: Callable[[ResponsePosition], bool]) -> list[Awaitable[Any]]:
        """Cancel what belongs to positions that are gone. What had not begun leaves, for the caller to settle."""
        left: list[Awaitable[Any]] = []
        for group in self.groups:
            needless = {number for number, member in enumerate(group.members) if is_gone(member.position)}
            left += group.remove(needless)
        self.groups = [group for group in self.groups if group.members]
        return left

    def close(self) -> None:
        """Stop everything, because nobody wants the answer any more; what had not begun never begins."""
        for awaitable in self.drop(lambda _: True):
            if iscoroutine(awaitable):
                awaitable.close()

    def _begin(self, member: Waiting) -> Future[Any]:
        if self._asker is None:
            return ensure_future(member.awaitable)
        with self._asking(member):  # the task that begins here goes on in this context
            return ensure_future(member.awaitable)

    def _asking(self, member: Waiting) -> AbstractContextManager[None]:
        return nullcontext() if self._asker is None else asking(self._asker(member.position.field))

    def _tell(self, future: Future[Any]) -> None:
        future.cancelled() or future.exception()  # seen, also when nobody wants it any more
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


async def _alone(waiting: Waiting) -> Delivery:
    try:
        return waiting, await waiting.awaitable
    except Exception as error:
        return waiting, error


def _outcome(future: Future[Any]) -> Any:
    if future.cancelled():
        return future.result()  # raises, as it would where it was awaited
    return future.exception() or future.result()
