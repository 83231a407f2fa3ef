"""Counters in Redis, or in a server that speaks its language: processes that share it share them.

Names and work enter; records are read, changed, and written if nobody else has written one of them meanwhile, otherwise
all of it is done again. Redis forgets what is past by itself.
Source: https://redis.io/docs/latest/develop/using-commands/transactions/#optimistic-locking-using-check-and-set
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TypeVar
from weakref import WeakValueDictionary

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from graph.rates.counters import PATIENCE_S, Work
from graph.rates.records import read, written

PREFIX = "trellis:"

T = TypeVar("T")


class RedisCounters:
    """Records in Redis."""

    def __init__(self, url: str) -> None:
        self.failures = 0
        self._redis: Redis = Redis.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Within one process changes of a name take turns: a hundred at once would have a hundred attempts each."""

    async def change(self, names: Sequence[str], work: Work[T]) -> T:
        """Do the work, again if others were faster. Raises what Redis does."""
        keys = [PREFIX + name for name in names]

        async def attempt(pipe: Pipeline) -> T:
            records = [read(text) for text in await pipe.mget(keys)]
            result = work(records)
            pipe.multi()  # type: ignore[no-untyped-call]  # redis has types for most of its methods
            for key, record in zip(keys, records, strict=True):
                if record.changed:
                    pipe.set(key, written(record), exat=record.past_at)
            return result

        async with AsyncExitStack() as turns:
            for name in sorted(names):
                await turns.enter_async_context(self._locks.setdefault(name, asyncio.Lock()))
            result: T = await self._redis.transaction(attempt, *keys, value_from_callable=True)
            return result

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
