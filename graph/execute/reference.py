"""A request for rows: what a resolver may return instead of an object of a mapped type.

The plan reads the row with the columns that are selected below, together with every other row that the level asks
for. Root look-ups, payloads of mutations and events of subscriptions use it alike.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.execute.response import ResponsePosition
    from graph.execute.scheduler import Run
    from graph.prepare.plan import Selection


class Request(ABC):
    """Some row, not read yet."""

    type_name: str
    """The object type that it will be."""

    @abstractmethod
    def begin(self, run: Run, selection: Selection, slot: ResponsePosition) -> None:
        """Ask for the row, with what the selection needs, and put its answer into the place."""

    @abstractmethod
    async def load(self, info: Any) -> Any:
        """The row as an object of its type, where graphql-core walks from object to object."""
