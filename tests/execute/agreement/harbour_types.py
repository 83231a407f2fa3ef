"""What the harbour answers: resolvers of every kind that Strawberry takes, on mapped types and on plain ones.

They are sync and async, take `info` or not, raise, return other mapped types, lists, unions and interfaces, and now
and then something that does not fit their type.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry.types import Info

from graph.entity import Connection, Node, computed, entity, query_type
from graph.entity.registry import entity_of
from graph.errors import ClientError
from tests.entity.serving import Sample
from tests.execute.agreement import harbour


class Sunk(ClientError):
    """A ship that cannot be asked any more."""

    code = "SUNK"


@strawberry.enum
class Flag(Enum):
    RED = "red"
    GREEN = "green"


@strawberry.interface
class Mark:
    """Something that shows the way."""

    name: str

    @strawberry.field
    async def light(self) -> str | None:
        """Whether it shines; some cannot tell."""
        if self.name == "Dark":
            raise Sunk("There is no light.")
        return f"{self.name} shines"


@strawberry.type
class Buoy(Mark):
    """A mark that swims."""

    number: int

    @strawberry.field
    async def nearest(self, info: Info[Any, Any]) -> Ship | None:
        """A ship, if there is one of this number."""
        return await ship(info, self.number)

    @strawberry.field
    def heavy(self) -> int:
        """More than fits into an Int, for some."""
        return self.number * 2**30


@strawberry.type
class Lighthouse(Mark):
    """A mark that stands."""

    height: float | None = None
    flags: list[Flag] = strawberry.field(default_factory=list)


Freight = Annotated["Crate | Buoy", strawberry.union("Freight")]
Anything = Annotated["Ship | Port | Lighthouse", strawberry.union("Anything")]


async def ship(info: Info[Any, Any], number: int) -> Ship | None:
    """A ship with all its columns, read together with those that others ask for at the same time."""
    found = entity_of(Ship)
    columns = ("id", "name", "port_id", "tonnage", "tug_id")
    row = await info.context.loaders.by_key(found.mapper, found.key, columns).load((number,))
    return None if row is None else found.instance(columns, row)


@entity(harbour.Port)
class Port(Node):
    name: str
    depth: int | None
    ships: Connection[Ship]

    @computed(needs=["name", "depth"])
    def chart(self, info: Info[Any, Any], scale: int = 1) -> str:
        """A text that knows what was asked; not where, because a row that is found twice is asked once."""
        if scale < 0:
            raise Sunk(f"{self.name} has no chart of scale {scale}.")
        return f"{self.name} {self.depth} x{scale} by {info.field_name} for {info.variable_values}"

    @computed(needs=["depth"])
    async def quay(self) -> int:
        """How long the quay is; a port without a depth has none, which the type denies."""
        await asyncio.sleep(0)
        return None if self.depth is None else self.depth * 2  # type: ignore[return-value]  # that is what is tried

    @computed(needs=["id"])
    async def flagship(self, info: Info[Any, Any]) -> Ship | None:
        """Another mapped type, through its loader."""
        return await ship(info, self.id)  # type: ignore[arg-type]  # a row's id is the column

    @computed(needs=["id", "name"])
    def marks(self) -> list[Mark]:
        """An interface, of two types."""
        return [Buoy(name=self.name, number=1), Lighthouse(name="Dark", flags=[Flag.RED]), Buoy(name="Far", number=3)]

    @computed(needs=["name"])
    def levels(self) -> list[list[int]]:
        """A list of lists."""
        return [[len(self.name)], [], [1, 2]]


@entity(harbour.Ship)
class Ship(Node):
    name: str
    tonnage: int
    port: Port | None
    tug: Ship | None
    crates: Connection[Crate]

    @computed(needs=["name"])
    def hail(self) -> str:
        """Sync, and simple."""
        return f"{self.name} ahoy"

    @computed(needs=["tonnage"])
    def seaworthy(self) -> bool:
        """Every third ship cannot tell, though it must."""
        if self.tonnage % 30 == 0:
            raise Sunk(f"{self.tonnage} t are at the bottom.")
        return self.tonnage > 20

    @computed(needs=["tonnage"])
    async def inspection(self) -> str | None:
        """Async; every second ship fails for a reason of our own."""
        await asyncio.sleep(0)
        if self.tonnage % 20 == 0:
            raise ValueError(f"{self.tonnage}")
        return f"{self.tonnage} t"

    @computed()
    def forgetful(self) -> str | None:
        """Reads what it does not need."""
        return self.name

    @computed(needs=["id", "port_id", "tug_id", "name", "tonnage"])
    def itself(self) -> Ship:
        """The same object, with what its own fields need."""
        return self

    @computed(needs=["id"])
    async def fleet(self, info: Info[Any, Any], size: int = 2) -> list[Ship | None]:
        """Other ships, some of which there are not."""
        if size > 2:
            raise Sunk("That is too large a fleet.")
        first: Any = self.id
        return await asyncio.gather(*(ship(info, first + step) for step in range(size)))

    @computed(needs=["id"])
    def convoy(self, info: Info[Any, Any]) -> list[Ship]:
        """A list of things to wait for, none of which may be missing."""
        first: Any = self.id
        coming: list[Awaitable[Any]] = [ship(info, first), ship(info, first + 1)]
        return coming  # type: ignore[return-value]  # that is what is tried

    @computed(needs=["id"])
    async def cargo(self) -> list[Freight]:
        """A union; what stands in it does not always belong there."""
        last: Any = Lighthouse(name="Lost") if self.id == harbour.SHIPS else Buoy(name="Towed", number=2)  # type: ignore[comparison-overlap]
        return [Buoy(name="Dark", number=1), last]

    @computed(needs=["id", "tonnage"])
    async def goal(self, info: Info[Any, Any]) -> Anything | None:
        """A union of mapped types and a plain one."""
        number: Any = self.id
        return Lighthouse(name="End") if number % 2 else await ship(info, number + 1)

    @computed(needs=["tonnage"])
    def notes(self) -> list[str | None]:
        """A list with an error in it."""
        return ["dry", ValueError("wet"), None]  # type: ignore[list-item]  # that is what is tried

    @computed(needs=["tonnage"])
    def crew(self) -> list[str] | None:
        """Not a list at all, for heavy ships."""
        return 5 if self.tonnage > 40 else ["Ahab"]  # type: ignore[return-value]  # that is what is tried

    @computed(needs=["tonnage"])
    def knots(self) -> list[int]:
        """A list that comes piece by piece, and breaks off for heavy ships."""

        async def tie() -> AsyncIterator[int]:
            for knot in range(3):
                await asyncio.sleep(0)
                if knot == 2 and self.tonnage > 70:
                    raise Sunk("The rope is too short.")
                yield knot

        return tie()  # type: ignore[return-value]  # that is what is tried


@entity(harbour.Crate)
class Crate(Node):
    label: str
    weight: int | None
    ship: Ship

    @computed(needs=["weight"])
    def load(self, factor: int) -> int:
        """Sync; a crate without a weight fails."""
        return self.weight * factor  # type: ignore[operator]  # that is what is tried

    @strawberry.field
    def stamp(self, info: Info[Any, Any]) -> str:
        """A field as Strawberry knows it, which needs nothing of the row."""
        return info.field_name


@strawberry.type
class Query(query_type(Port, Ship, Crate)):  # type: ignore[misc]  # made while running
    """The house's fields, and some of the harbour's own."""

    @strawberry.field
    def beacon(self, name: str = "Dark") -> Mark | None:
        """An interface; now and then what is none of its types."""
        if name == "compost":
            return object()  # type: ignore[return-value]  # that is what is tried
        return Lighthouse(name=name, height=12.5, flags=[Flag.GREEN, Flag.RED])

    @strawberry.field
    async def armada(self, info: Info[Any, Any]) -> list[Anything]:
        """A union, in a list that must not have gaps."""
        first, third = await asyncio.gather(ship(info, 1), ship(info, 3))
        return [first, Lighthouse(name="Dark"), third]  # type: ignore[list-item]

    @strawberry.field
    async def storm(self, after: int = 0) -> bool | None:
        """Fails."""
        for _ in range(after):
            await asyncio.sleep(0)
        raise Sunk("Everything is wet.")


HARBOUR = Sample("harbour", harbour.Base.metadata, harbour.rows, Query)
