"""What both limits share: HTTP by hand on ASGI, a pool of asyncpg, JSON by orjson.

A path and a JSON body enter, the answer's bytes leave. No GraphQL, and nothing is looked at twice.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, TypeAlias

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"
Asked: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Any
Objects: TypeAlias = list[dict[str, Any]]
Headers: TypeAlias = Sequence[tuple[bytes, bytes]]
Handler: TypeAlias = Callable[[Connection, Asked], Awaitable[Answer]]
ForMember: TypeAlias = Callable[[Connection, Asked, int], Awaitable[Answer]]
"""An answer to a member with this number."""

CONNECTIONS = 15


class Limit:
    """The ASGI application. `answer` has a connection, the path, what the body says, and the headers."""

    def __init__(self, answer: Callable[[Connection, str, Asked, Headers], Awaitable[Answer]]) -> None:
        self._answer = answer
        self._pools = list[asyncpg.Pool]()

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[..., Any], send: Callable[..., Any]
    ) -> None:
        """Answer one request, or live as long as the server does."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message.get("more_body", False)
        async with self._pools[0].acquire() as connection:
            answer = await self._answer(connection, scope["path"], orjson.loads(body), scope["headers"])
        data = orjson.dumps({"data": answer})
        length = str(len(data)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _live(self, receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        await receive()
        pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=CONNECTIONS, reset=_keep)
        self._pools.append(pool)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def groups(keys: Iterable[int]) -> dict[int, Objects]:
    """An empty list for each key."""
    return {key: [] for key in keys}


async def _keep(_connection: Any) -> None:
    """Leave a connection as it is between requests: asyncpg's own reset is one more statement."""
