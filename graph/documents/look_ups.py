"""Looking for ids that a server does not know: together with others, and seldom.

Ids enter; the database is asked for all that have come by then in one statement, at most ten times a second. One that
it does not know is not asked for again for some seconds. So nobody's made-up ids become a load.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection

PAUSE_S = 0.1
"""Between two statements."""
MAX_ASKED = 100
"""Ids that one statement looks for; more at once are taken for unknown."""
ABSENT_S = 5
"""How long an id counts as unknown after it was looked for."""
MAX_ABSENT = 10_000


class LookUps:
    """Looks for ids by a function that learns of those that there are."""

    def __init__(self, learn: Callable[[Collection[str]], Awaitable[None]]) -> None:
        self._learn = learn
        self._looked_for: OrderedDict[str, float] = OrderedDict()
        """Until when each is not looked for again."""
        self._asked: set[str] = set()
        self._asking: asyncio.Task[Exception | None] | None = None
        self._asked_at = -PAUSE_S
        self._at_work = asyncio.Lock()

    async def ask(self, given: str) -> None:
        """Return when this id was looked for, or need not be. Raises what the database raises."""
        if time.monotonic() < self._looked_for.get(given, 0) or (
            len(self._asked) >= MAX_ASKED and given not in self._asked
        ):
            return
        self._asked.add(given)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        failure = await asyncio.shield(self._asking)
        if failure is not None:
            raise failure

    async def _ask(self) -> Exception | None:
        """Look for all ids that have come by then; what went wrong."""
        await asyncio.sleep(self._asked_at + PAUSE_S - time.monotonic())
        async with self._at_work:
            asked, self._asked, self._asking = self._asked, set(), None
            self._asked_at = time.monotonic()
            try:
                await self._learn(asked)
            except Exception as error:  # whatever it is, all who wait are told
                return error
        self._remember(asked)
        return None

    def _remember(self, asked: Collection[str]) -> None:
        until = time.monotonic() + ABSENT_S
        for given in asked:
            self._looked_for[given] = until
            self._looked_for.move_to_end(given)
        while len(self._looked_for) > MAX_ABSENT:
            self._looked_for.popitem(last=False)
