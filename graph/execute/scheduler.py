"""One operation, run level by level.

The objects of one level that share a selection begin each of their fields once. What loaders are asked for on one level
is gathered first and then fetched, one statement for each loader, so that branches share statements. Values go straight
to their positions in the response; objects wait there for the next level. Errors are kept where they happened, and
nulls rise when a level ends: `graph.execute.null_propagation`. Under `HALT` the first error ends the run.
Source: https://spec.graphql.org/September2025/#sec-Executing-Operations; docs/decisions/0010-level-by-level.md.
"""

from __future__ import annotations

from asyncio import sleep
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError

from graph.errors import ErrorsLeftOut
from graph.execute.level import begin
from graph.execute.null_propagation import MAX_ERRORS, propagate_nulls
from graph.execute.pending import Delivery
from graph.execute.response import ResponseObject
from graph.execute.work import Load, Objects, Work
from graph.loading.asking import asking
from graph.prepare.fields import FieldPlan

if TYPE_CHECKING:
    from graph.loading.level_loader import LevelLoader


class Scheduler:
    """Takes a run from the root to the last level."""

    def __init__(self, work: Work, root: Any, *, serially: bool) -> None:
        self.errors: list[GraphQLError] = []
        """What went wrong, with its path, in the order of the response."""
        self._work = work
        self._fatal: GraphQLError | None = None
        self._left_out = 0
        self._left: deque[tuple[Objects, FieldPlan]] = deque()
        """Fields of this level that are still to be begun."""
        self._root = Objects(work.selection, [work.root], [root])
        self._fields = list(work.selection.steps) if serially else []
        """The root's fields that are begun one after the other, as those of a mutation are."""
        if not serially:
            work.ready.append(self._root)

    def start(self) -> bool:
        """Go as far as possible without waiting; whether there is something to wait for."""
        work = self._work
        work.turn_ends = None
        while True:
            if not work.is_hopeless:
                self._begin_levels()
                if work.put_off_fields:
                    return True
            if work.too_large is not None:
                self._settle()
                return False
            waits = work.pending is not None and bool(work.pending.groups)
            if work.failures and (work.is_hopeless or (waits and not work.phase)) and self._settle():
                return False
            if work.loads or (work.pending is not None and work.pending.groups):
                return True
            if not self._fields or (work.failures and self._settle()):
                return False
            begin(work, self._root, self._fields.pop(0))

    async def finish(self) -> None:
        """Go on to the end."""
        try:
            await self._wait()
            while self.start():
                await self._wait()
        except BaseException:
            if self._work.pending is not None:
                self._work.pending.close()
            raise

    def data(self) -> ResponseObject:
        """The response. Raises the `GraphQLError` that leaves nothing of it, and `AnswerTooLarge`."""
        if self._work.failures and self._fatal is None:
            self._propagate()
        if self._left_out:
            self.errors.append(ErrorsLeftOut(self._left_out))
            self._left_out = 0
        if self._fatal is not None:
            raise self._fatal
        if self._work.size.is_shared:
            self._work.size.check(self._work.root)
        return self._work.root

    def release(self) -> None:
        """Let go of what leads back here, so that all of it is freed at once and not by the collector."""
        self._fatal = None
        self.errors = []  # their tracebacks lead back here
        self._work.release()

    def _begin_levels(self) -> None:
        """Begin fields, level after level, until there is nothing to begin or the run's turn is over."""
        work, left = self._work, self._left
        while work.put_off_fields or left or work.ready or work.next:
            if work.put_off_fields:  # before what follows: a level asks its loaders once
                left.extendleft(reversed(work.put_off_fields))
                work.put_off_fields = []
            elif not left:
                left.extend([(each, field) for each in (*work.ready, *work.next.values()) for field in each.fields])
                work.ready, work.next = [], {}
            while left and not work.put_off_fields:
                begin(work, *left.popleft())
                if work.is_hopeless:  # what resolvers raise at once stops their siblings
                    return
            if work.put_off_fields:
                return

    async def _wait(self) -> None:
        """Fetch what this level has asked for; if it asked for nothing, wait for resolvers.

        After a failure, what is ready anyway is taken, and told if it fails too; then nulls rise, and what they make
        needless is not waited for.
        """
        work = self._work
        if work.put_off_fields:
            await sleep(0)
            return
        work.phase += 1
        if not work.loads:
            pending = work.pending
            assert pending is not None
            found = await (pending.soon() if work.failures else pending.next())
            self._deliver(found)
            if not found:
                self._settle()
            return
        if work.pending is not None:
            work.pending.start()
        loads, work.loads = work.loads, {}
        for loader, asked in loads.items():
            if not work.is_hopeless:
                await self._fetch(loader, asked)
        if work.pending is not None and work.pending.groups:
            self._deliver(work.pending.due())

    def _deliver(self, deliveries: Iterable[Delivery]) -> None:
        for waiting, value in deliveries:
            if self._work.is_hopeless:
                return
            if isinstance(value, Exception):
                for position in (waiting.position, *waiting.others):
                    self._work.fail(position, value)
            else:
                waiting.then(value)

    async def _fetch(self, loader: LevelLoader[Any], asked: list[Load]) -> None:
        is_alone = len(asked) == 1
        keys = asked[0].keys if is_alone else [key for load in asked for key in load.keys]
        try:
            loading = self._load_traced(loader, keys, asked) if self._work.traced else loader.load_level(keys)
            values = await loading
        except Exception as error:
            for load in asked:
                load.otherwise(error)
            return
        start = 0
        for load in asked:
            end = start + len(load.keys)
            try:
                load.then(values if is_alone else values[start:end])
            except Exception as error:
                load.otherwise(error)
            start = end

    async def _load_traced(self, loader: LevelLoader[Any], keys: Sequence[Any], asked: list[Load]) -> list[Any]:
        """The values of keys, with a note of the fields that ask."""
        asker = self._work.asking(*(load.field for load in asked))
        with asking(asker._replace(loader=loader.name, keys=loader.missing(keys))):
            return await loader.load_level(keys)

    def _settle(self) -> bool:
        """Let nulls rise, and stop what they make needless; whether nothing is left."""
        is_gone = self._propagate()
        if self._fatal is not None:
            self._fields = []
            self._left.clear()
            self._work.abandon()
            return True
        self._work.drop(is_gone)
        return False

    def _propagate(self) -> Any:
        """Report the failures so far; a function that tells which positions are gone because of them."""
        self._work.forget_paths()
        if self._work.too_large is not None:
            self.errors, self._fatal = [], self._work.too_large
            return lambda _: True
        propagation = propagate_nulls(self._work, MAX_ERRORS - len(self.errors))
        self.errors += propagation.errors
        self._left_out += propagation.left_out
        self._fatal = propagation.fatal
        return propagation.is_gone
