"""A DataLoader that takes a whole level at once: keys enter, one by one or all together, and leave as one statement.

What it reads, and for whom, whoever makes it has said (`graph.loading.loaders`). Keys of several levels or branches
that are asked for while a statement runs wait for it, and each key is read once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, NamedTuple, Self, TypeVar

from aiodataloader import DataLoader
from sqlalchemy.orm import Mapper

from db.fast import Values
from db.statements import Key, Statement
from graph.loading.asking import load_for
from graph.loading.queries import FoundRows

T = TypeVar("T")

Fetch = Callable[[list[Key]], Coroutine[Any, Any, dict[Key, T]]]
"""From keys, each of them once, to the value of each."""


class Outcome(NamedTuple):
    """How the rows of a statement are the values of its keys."""

    values: Callable[[Sequence[Key], Statement, FoundRows], dict[Key, Any]]
    """From all rows to the value of each key."""
    of_row: Callable[[Values], Any]
    """The value of a key that has this one row."""
    rows_in: Callable[[Any], FoundRows]
    """The rows of a value, whose columns may be keys of others."""


class Reads(NamedTuple):
    """What a loader sends, for whoever sends it together with others."""

    identity: Hashable
    """That of the loader."""
    statement: Callable[[], Statement]
    """The statement as it is sent alone."""
    part: Callable[[int], Statement] | None
    """As it is sent with others, where that is another one: its rows say their number among those of their parent.

    It is told how many rows it finds at most, about.
    """
    parameters: Mapping[str, Any]
    """All but the keys, and what is bound for the viewer."""


class LevelLoader(DataLoader[Key, T], Generic[T]):
    """Loads by key. `load` and `load_many` are aiodataloader's; `load_level` is the short way for a whole level.

    Each key is read once. Keys of several levels or branches that are asked for while a statement runs wait for it.
    Source: https://github.com/syrusakbary/aiodataloader
    """

    _loads_apart = False

    def __init__(
        self,
        fetch: Fetch[T],
        model: Mapper[Any],
        tell: Callable[[], Reads] | None = None,
        values: dict[Key, T] | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Make it. It may have values already; `tell` and `outcome` say what it does, as far as others may know."""
        self._model = model
        self._fetch = fetch
        self._tell = tell
        self.outcome = outcome
        """How rows are its values; None where nobody may know."""
        self._values: dict[Key, T] = values or {}
        self._flights: list[_Flight] = []

    @cached_property
    def reads(self) -> Reads | None:
        """What it sends; None where that hangs on what it finds. Made when somebody asks: a look-up never does."""
        return None if self._tell is None else self._tell()

    @property
    def name(self) -> str:
        """What it loads: the model's name."""
        return self._model.class_.__name__

    def load(self, key: Key) -> asyncio.Future[T]:
        """As aiodataloader has it: the keys of one tick are one batch. Its own part is made when it is first asked.

        aiodataloader would keep a future for each key; values are kept here, where a level finds them without.
        """
        if not self._loads_apart:
            self._loads_apart = True
            super().__init__(cache=False)
        return super().load(key)

    async def batch_load_fn(self, keys: list[Key]) -> list[T]:
        """The values of the keys of one tick, in their order: one statement."""
        load_for(self.name, len(keys))
        return await self.load_level(keys)

    async def load_level(self, keys: Sequence[Key]) -> list[T]:
        """The values of the keys of one level, in their order, without a future for each of them.

        250 keys take 24 µs of processor time this way, and 420 µs through 250 futures of `load_many`, statement apart.
        What was read before waits for what was not: were it faster, it would reach the next level alone, and that
        level would take a statement more. The cost of an operation counts on it.
        """
        values = self._values
        wanted = dict.fromkeys(keys)
        flights = self._flights
        under_way = [each for each in flights if not wanted.keys().isdisjoint(each.keys)] if flights else []
        landing = [flight.landed() for flight in under_way]  # now, for they may land while the rest is read
        missing = [key for key in wanted if key not in values] if values else list(wanted)
        for flight in under_way:
            missing = [key for key in missing if key not in flight.keys]
        if missing:
            flight = _Flight(frozenset(missing))
            flights.append(flight)
            try:
                values.update(await self._fetch(missing))
            except BaseException as error:
                flight.fail(error)
                raise
            finally:
                flights.remove(flight)
            flight.land()
        if landing:
            await asyncio.wait(landing)  # who leaves, leaves the others waiting
            for landed in landing:
                landed.result()
        return [values[key] for key in keys]

    def missing(self, keys: Sequence[Key]) -> int:
        """How many of these keys are not read yet."""
        return len(set(keys).difference(self._values))

    def prime(self, key: Key, value: T) -> Self:
        """Keep a value that was read another way, unless the key has one."""
        self._values.setdefault(key, value)
        return self

    def prime_all(self, values: Mapping[Key, T]) -> None:
        """Keep values that were read another way, unless their keys have some."""
        self._values = {**values, **self._values}

    def clear(self, key: Key) -> Self:
        """Forget the value of a key."""
        self._values.pop(key, None)
        return self

    def clear_all(self) -> Self:
        """Forget every value; who is waiting keeps what comes."""
        self._values = {}
        return self


class _Flight:
    """A statement under way. A future is made for it when somebody else waits, which is seldom."""

    __slots__ = ("_future", "keys")

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
