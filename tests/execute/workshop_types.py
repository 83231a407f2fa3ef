"""What the workshop answers: mapped types with resolvers of their own, and resolvers that return requests for rows."""

from __future__ import annotations

import asyncio
from typing import Any

import strawberry
from strawberry.types import Info

from graph.entity import Connection, Node, computed, entity, hybrid, query_type, row
from tests.entity.serving import Sample
from tests.execute import workshop


@entity(workshop.Shelf)
class Shelf(Node):
    name: str
    best_id: int | None
    capacity: int
    rank: int | None
    tools: Connection[Tool]

    @computed(needs=["name"])
    def loud(self) -> str:
        """Sync."""
        return self.name.upper()

    @computed(needs=["name"])
    async def slow(self) -> str:
        """Async."""
        await asyncio.sleep(0)
        return self.name[::-1]

    @computed(needs=["name"])
    def told(self, info: Info[Any, Any], times: int = 1) -> str:
        """With arguments, and with what is known of the field."""
        place = ".".join(map(str, info.path.as_list()))
        return f"{self.name * times} at {place} as {info.field_name}"

    @computed()
    def careless(self) -> str | None:
        """Reads what it does not need."""
        return self.name

    @computed(needs=["best_id"])
    def best(self) -> Tool | None:
        """The row of a key; there may be none."""
        return row(Tool, self.best_id)

    @computed(needs=["best_id"])
    async def best_later(self) -> Tool | None:
        """The same, after a while."""
        await asyncio.sleep(0)
        return row(Tool, self.best_id)

    @computed(needs=["best_id"])
    def surely(self) -> Tool:
        """The same, where there must be one."""
        return row(Tool, self.best_id)

    @computed(needs=["best_id"])
    def several(self) -> list[Tool | None]:
        """Rows in a list, one of which there is not."""
        return [row(Tool, self.best_id), row(Tool, 404), row(Tool, 3)]

    @computed(needs=["id"])
    def neighbour(self) -> Node | None:
        """A row behind an interface."""
        return row(Shelf, 3 - self.id)  # type: ignore[operator]  # a row's id is the column


@entity(workshop.Tool)
class Tool(Node):
    name: str
    weight: int
    length: float | None
    part_weight: int = hybrid(needs=["weight", "parts"])
    kind: workshop.Kind | None = hybrid(needs=["word"])
    shelf: Shelf


@strawberry.type
class Query(query_type(Shelf, Tool)):  # type: ignore[misc]  # made while running
    """The house's fields, and some that return requests for rows."""

    @strawberry.field
    def tool_number(self, number: int) -> Tool | None:
        """A row that there may not be."""
        return row(Tool, number)

    @strawberry.field
    async def sure_tool(self, number: int) -> Tool:
        """A row that there must be."""
        return row(Tool, number)

    @strawberry.field
    def tool_numbers(self, numbers: list[int]) -> list[Tool | None]:
        """Rows in a list."""
        return [row(Tool, number) for number in numbers]

    @strawberry.field
    def misplaced(self) -> Tool | None:
        """A row of another type than promised."""
        return row(Shelf, 1)  # type: ignore[return-value]  # the mistake that is tried

    @strawberry.field
    def thing(self, shelf: bool) -> Node | None:
        """A row of one type or another."""
        return row(Shelf, 1) if shelf else row(Tool, 1)


WORKSHOP = Sample("workshop", workshop.Base.metadata, workshop.rows, Query)
