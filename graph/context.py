"""What one operation carries: its session, its loaders, and who asks.

It is born when an operation begins and ends with it. A request over a WebSocket has many operations, and each gets
a context's fresh session: an old one would hold an old view of the database, and a connection, for hours.
"""

import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from starlette.requests import HTTPConnection

from db.relations import EVERYTHING, VIEWER, Visibility
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.statements import StatementCache
from graph.loading.loaders import NOTHING, Loaders
from graph.settings import MAX_PAGE
from graph.viewer import NOBODY, Viewer

REQUEST_ID = "X-Request-Id"
_REQUEST_ID = re.compile(r"[\w.:/+=-]{1,100}", re.ASCII)


class Cookie(NamedTuple):
    """What the answer tells a browser to keep."""

    name: str
    value: str
    max_age_s: int
    """0: forget it."""


class RequestContext:
    """The context value that resolvers find as `info.context`."""

    def __init__(
        self,
        engines: Engines,
        *,
        request: HTTPConnection | None = None,
        viewer: Viewer = NOBODY,
        visible: Visibility = EVERYTHING,
        statements: StatementCache | None = None,
        services: object = None,
    ) -> None:
        self.request = request
        self.services = services
        """What the application made once, for mutations that need more than a database."""
        self._see(viewer, visible)
        self.cookies: list[Cookie] = []
        """For the answer."""
        self.memo: dict[Any, Any] = {}
        """What was worked out about the document once, for every object that it applies to."""
        self.max_page = MAX_PAGE
        self.plan: object = None
        """The plan of the operation, for the executor."""
        self._request_id: str | None = None
        self._engines = engines
        self._statements = statements or StatementCache()
        self.open()

    def open(self, mode: Mode = Mode.SNAPSHOT) -> None:
        """Begin an operation: a session and loaders of its own."""
        self.session = RequestSession(self._engines, mode)
        self.loaders = Loaders(self.session, self.visible, self._statements, self._bound)
        self.memo.clear()

    def become(self, viewer: Viewer, visible: Visibility) -> None:
        """Go on as somebody else: who has just signed in, or out."""
        self._see(viewer, visible)
        self.loaders.clear()
        self.loaders = Loaders(self.session, self.visible, self._statements, self._bound)

    def _see(self, viewer: Viewer, visible: Visibility) -> None:
        self.viewer = viewer
        self.visible = visible
        self._bound: Mapping[str, Any] = NOTHING if visible is EVERYTHING else {VIEWER: viewer.id}

    @property
    def request_id(self) -> str:
        """What the request is called in records: the name that the client gave it, or one of ours."""
        if self._request_id is None:
            given = "" if self.request is None else self.request.headers.get(REQUEST_ID, "")
            self._request_id = given if _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(64):016x}"
        return self._request_id

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
