"""What the Strawberry servers share: their endpoint and its production settings.

Parsed and validated documents are cached (https://strawberry.rocks/docs/extensions/parser-cache and
.../validation-cache), JSON is written by orjson (https://strawberry.rocks/docs/integrations/asgi), no page for people.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

import orjson
import strawberry
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache

CACHES = (ParserCache, ValidationCache)


class Endpoint(GraphQL[Any, Any]):
    """GraphQL over HTTP, with orjson."""

    def __init__(self, schema: strawberry.Schema) -> None:
        super().__init__(schema, graphql_ide=None)

    def encode_json(self, data: object) -> bytes:
        """Write the answer."""
        return orjson.dumps(data)


class Sessions:
    """Gives each root field a session of its own, `scope["session"]()`, and closes them when the request ends.

    Root fields run at once, and one session does not allow that.
    """

    def __init__(self, app: ASGIApp, engine: AsyncEngine) -> None:
        self._app = app
        self._make = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as stack:

            def session() -> AsyncSession:
                made = self._make()
                stack.push_async_callback(made.close)
                return made

            scope["session"] = session
            await self._app(scope, receive, send)
