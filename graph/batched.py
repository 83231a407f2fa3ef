"""A loader: keys enter, one by one or a whole level at once, and each tick or level leaves as one fetch.

What is fetched, and how, is not known here.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from aiodataloader import DataLoader

from db.batch import Key

T = TypeVar("T")


class Batched(Generic[T]):
    """Loads by key: one by one, as a DataLoader collects them, or the keys of a whole level at once.

    Each key is read once. Keys of several levels or branches that are asked for while a statement runs wait for it.
    """

    def __init__(self, fetch: Callable[[list[Key]], Coroutine[Any, Any, dict[Key, T]]]) -> None:
        self._fetch = fetch
        self._read: dict[Key, T] = {}
        self._flights: dict[Key, _Flight[T]] = {}
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
        read, flights = self._read, self._flights
        missing = [key for key in dict.fromkeys(keys) if key not in read and key not in flights]
        under_way = {flights[key] for key in keys if key in flights} if flights else ()
        if missing:
            await self._fetch_once(missing, read)
        for flight in under_way:
            await flight.landed()
        return [read[key] for key in keys]

    def close(self) -> None:
        """Forget what was read; who is waiting keeps what comes."""
        self._read = {}
        self._one_by_one = None

    async def _fetch_once(self, keys: list[Key], read: dict[Key, T]) -> None:
        """Fetch keys that nobody fetched yet, and let others wait for them."""
        flight: _Flight[T] = _Flight()
        self._flights |= dict.fromkeys(keys, flight)
        try:
            found = await self._fetch(keys)
        except BaseException as error:
            flight.fail(error)
            raise
        finally:
            for key in keys:
                del self._flights[key]
        read.update(found)
        flight.land()


class _Flight(Generic[T]):
    """A statement under way. A future is made for it when somebody else waits, which is seldom."""

    def __init__(self) -> None:
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
