"""What one operation carries: its session, its loaders, and who asks.

It is born when an operation begins and ends with it. A request over a WebSocket has many operations, and each gets
a context's fresh session: an old one would hold an old view of the database, and a connection, for hours.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import HTTPConnection

from db.engine import Engines
from db.links import Visibility, every_row
from db.session import RequestSession
from db.statements import Statements
from graph.loaders import Loaders
from graph.settings import MAX_PAGE


class RequestContext:
    """The context value that resolvers find as `info.context`."""

    def __init__(
        self,
        engines: Engines,
        *,
        request: HTTPConnection | None = None,
        visible: Visibility = every_row,
        statements: Statements | None = None,
    ) -> None:
        self.request = request
        self.visible = visible
        self.memo: dict[Any, Any] = {}
        """What was worked out about the document once, for every object that it applies to."""
        self.max_page = MAX_PAGE
        self.plan: object = None
        """The plan of the operation, for the executor."""
        self._engines = engines
        self._statements = statements or Statements()
        self.open()

    def open(self) -> None:
        """Begin an operation: a session and loaders of its own."""
        self.session = RequestSession(self._engines)
        self.loaders = Loaders(self.session, self.visible, self._statements)
        self.memo.clear()

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        """Give one operation a session and loaders of its own, and take the connection back at its end."""
        self.open()
        try:
            yield
        finally:
            await self.close()

    async def close(self) -> None:
        """End an operation, and give the connection back."""
        self.loaders.clear()  # they hold one another, and would hold all rows until the next garbage collection
        await self.session.close()
