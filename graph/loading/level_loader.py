"""A loader: keys enter, one by one or a whole level at once, and each tick or level leaves as one fetch.

What is fetched, and how, is not known here.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from db.statements import Key

T = TypeVar("T")


class LevelLoader(Generic[T]):
    """Loads by key: one by one, as a DataLoader collects them, or the keys of a whole level at once.

    Each key is read once. Keys of several levels or branches that are asked for while a statement runs wait for it.
    """

    def __init__(self, fetch: Callable[[list[Key]], Coroutine[Any, Any, dict[Key, T]]]) -> None:
        self._fetch = fetch
        self._read: dict[Key, T] = {}
        self._flights: list[_Flight] = []
        self._one_by_one: DataLoader[Key, T] | None = None

    def load(self, key: Key) -> asyncio.Future[T]:
        """The value of one key, fetched with all others of this tick."""
        if self._one_by_one is None:
            self._one_by_one = DataLoader(self.level, cache=False)
        return self._one_by_one.load(key)

    async def level(self, keys: Sequence[Key]) -> list[T]:
        """The values of these keys, in their order.

        What was read before waits for what was not: were it faster, it would reach the next level alone, and that
        level would take a statement more. The price of an operation counts on it.
        """
        read = self._read
        wanted = dict.fromkeys(keys)
        under_way = [flight for flight in self._flights if not wanted.keys().isdisjoint(flight.keys)]
        missing = [key for key in wanted if key not in read] if read else list(wanted)
        for flight in under_way:
            missing = [key for key in missing if key not in flight.keys]
        if missing:
            flight = _Flight(frozenset(missing))
            self._flights.append(flight)
            try:
                read.update(await self._fetch(missing))
            except BaseException as error:
                flight.fail(error)
                raise
            finally:
                self._flights.remove(flight)
            flight.land()
        for flight in under_way:
            await flight.landed()
        return [read[key] for key in keys]

    def close(self) -> None:
        """Forget what was read; who is waiting keeps what comes."""
        self._read = {}
        self._one_by_one = None


class _Flight:
    """A statement under way. A future is made for it when somebody else waits, which is seldom."""

    def __init__(self, keys: frozenset[Key]) -> None:
        self.keys = keys
        self._future: asyncio.Future[None] | None = None

    def landed(self) -> asyncio.Future[None]:
        """Done when the values have been read."""
        if self._future is None:
            self._future = asyncio.get_running_loop().create_future()
        return self._future

    def land(self) -> None:
        """The values are there."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)

    def fail(self, error: BaseException) -> None:
        """The values will not come."""
        if self._future is None or self._future.done():
            return
        if isinstance(error, Exception):
            self._future.set_exception(error)
            self._future.exception()  # seen, also when who waited has left
        else:
            self._future.cancel()
