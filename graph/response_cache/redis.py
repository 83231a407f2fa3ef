"""Answers in Redis, or in a server that speaks its language: processes that share it share them.

Each answer is a hash that ends by itself. Beside them is one sorted set: of each table, the position of the feed at
which it was changed last. An answer says which position was heard before it was read, and is good while none of its
tables has a later one: so it does not matter who stores and who drops first, and a process that is killed leaves
nothing behind that is wrong. The set has a floor, a position before which no answer is good; where the set is gone
(Redis was emptied, or had to make room), no answer is, until it has a floor again. Every process notes every change.
Sources: https://redis.io/docs/latest/develop/programmability/eval-intro/, https://redis.io/docs/latest/commands/zadd/
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import orjson
from redis.asyncio import Redis

from db.kept import Figures
from graph.response_cache.answers import NOT_OURS, KeptAnswer

T = TypeVar("T")

PREFIX = "trellis:answers:"
PATIENCE_S = 0.5
"""Seconds that Redis may take: to read the database takes less."""
RETRY_S = 1.0
"""Seconds for which a Redis that has failed is left alone; each time, a line of the log tells of it."""

FLOOR, HEARD = " floor", " heard"
"""Members of the set that are no tables."""

GET = """
local found = redis.call('HMGET', KEYS[1], 'body', 'told', 'tables', 'heard')
local floor = redis.call('ZSCORE', KEYS[2], ' floor')
if not found[1] or not floor then return false end
local heard = tonumber(found[4])
if heard < tonumber(floor) then return false end
for _, name in ipairs(cjson.decode(found[3])) do
  local changed = redis.call('ZSCORE', KEYS[2], name)
  if changed and tonumber(changed) > heard then return false end
end
return found
"""
"""The answer of a key, unless one of its tables was changed later."""

PUT = """
redis.call('ZADD', KEYS[2], 'NX', ARGV[1], ' floor')
redis.call('HSET', KEYS[1], 'body', ARGV[2], 'told', ARGV[3], 'tables', ARGV[4], 'heard', ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
"""
"""Keep an answer. Whether it is still good is found out when it is read."""

NOTE = """
redis.call('ZADD', KEYS[1], 'NX', ARGV[1], ' floor')
for place = 2, #ARGV do redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[place]) end
"""
"""Tables, or the floor, have changed at a position."""

logger = logging.getLogger("trellis")


class RedisAnswers:
    """Answers that several processes share."""

    is_shared = True

    def __init__(self, url: str, namespace: str) -> None:
        """`namespace`: what only processes share whose answers are the same."""
        self.failures = 0
        self._redis: Redis = Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
        self._prefix = f"{PREFIX}{{{namespace}}}:"  # in braces: a cluster keeps all of it in one place
        self._changes = f"{self._prefix}changes"
        self._get = self._redis.register_script(GET)
        self._put = self._redis.register_script(PUT)
        self._note = self._redis.register_script(NOTE)
        self._unsaid: dict[str, int] = {}
        """Members of the set with positions that Redis has not been told yet."""
        self._has_unsaid = asyncio.Event()
        self._asked_again_at = 0.0

    @property
    def figures(self) -> Figures | None:
        """Redis knows how full it is."""
        return None

    async def get(self, key: str) -> KeptAnswer | None:
        """The answer of a key, if it is good; None also while Redis is away."""
        found = await self._asked(lambda: self._get(keys=[self._prefix + key, self._changes]))
        return None if not found else _read(cast("list[bytes]", found))

    async def put(self, key: str, answer: KeptAnswer, heard_by_now: int) -> None:
        """Keep it, if Redis is there."""
        told = orjson.dumps([answer.max_age_s, answer.began, answer.position, answer.objects])
        left_ms = max(1, int((answer.began + answer.max_age_s - time.time()) * 1000))
        given: list[Any] = [heard_by_now, answer.body, told, orjson.dumps(answer.tables), answer.heard, left_ms]
        await self._asked(lambda: self._put(keys=[self._prefix + key, self._changes], args=given))

    async def drop(self, key: str) -> None:
        """It is left there: what has outdated it is told to Redis as well, if others do not know better."""

    def note_changed(self, tables: Collection[str], position: int) -> None:
        """Have Redis told soon."""
        self._say(tables, position)

    def note_lost(self, position: int) -> None:
        """Have Redis told soon."""
        self._say([FLOOR], position)

    async def heard(self) -> int | None:
        """Up to where anybody has told Redis."""
        score = await self._asked(lambda: self._redis.zscore(self._changes, HEARD))
        return None if score is None else int(score)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell Redis of changes, as long as the block lasts."""
        saying = asyncio.create_task(self._say_all())
        try:
            yield
        finally:
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _say(self, members: Collection[str], position: int) -> None:
        for member in (*members, HEARD):
            self._unsaid[member] = max(position, self._unsaid.get(member, 0))
        self._has_unsaid.set()

    async def _say_all(self) -> None:
        while True:
            await self._has_unsaid.wait()
            self._has_unsaid.clear()
            said, self._unsaid = self._unsaid, {}
            if not await self._said(said):
                for member, position in said.items():
                    self._unsaid[member] = max(position, self._unsaid.get(member, 0))
                self._has_unsaid.set()
                await asyncio.sleep(RETRY_S)

    async def _said(self, said: dict[str, int]) -> bool:
        """Tell Redis, the lowest position first, so that `heard` is never ahead; whether that was possible."""
        for position in sorted(set(said.values())):
            members = [member for member, its in said.items() if its == position]
            try:
                await self._note(keys=[self._changes], args=[position, *members])
            except Exception as error:  # whatever it is, it is tried again
                self._complain(error)
                return False
        return True

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """What Redis says; None while it is away."""
        if time.monotonic() < self._asked_again_at:
            return None
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await ask()
        except Exception as error:  # whatever it is, the database knows the answer
            self._complain(error)
            return None

    def _complain(self, error: Exception) -> None:
        self.failures += 1
        now = time.monotonic()
        if now >= self._asked_again_at:
            logger.warning(
                "Answers are not kept for now, for Redis cannot be asked (%s). Look whether it answers, and whether"
                " TRELLIS_RESPONSE_CACHE leads there.",
                type(error).__name__,
            )
        self._asked_again_at = now + RETRY_S


def _read(found: list[bytes]) -> KeptAnswer | None:
    """An answer as it was put; None for what nobody of us has written."""
    try:
        body, told, tables, heard = found
        max_age_s, began, position, objects = orjson.loads(told)
        names: Any = orjson.loads(tables)
        return KeptAnswer(body, tuple(names), max_age_s, began, position, NOT_OURS, int(heard), tuple(objects))
    except (TypeError, ValueError):
        return None
