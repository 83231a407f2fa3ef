"""Those who follow a noun over a socket, on the servers of live queries' tests."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from graph.following import Following
from tests.live.wire import SocketClient
from tests.live_queries.conftest import WHO, Shown, engines, show, shown, watch, write

__all__ = ["engines", "show", "shown", "watch", "write"]

POSTS = """subscription ($where: PostFilter, $after: String) {
  postsChanged(where: $where, after: $after) { kind id node { slug title } position }
}"""


def following(shown: Shown) -> Following:
    """What a server's subscriptions share."""
    found: Following = shown.app.state.following
    return found


class Follower:
    """Somebody who follows over a socket."""

    def __init__(self, client: SocketClient) -> None:
        self.client = client

    async def begin(self, shown: Shown, query: str = POSTS, id_: str = "a", **variables: Any) -> None:
        """Subscribe; the source is there at the end."""
        before = following(shown).streams
        await self.client.subscribe(id_, query, **variables)
        await shown.until(lambda: following(shown).streams > before)

    async def event(self, id_: str = "a") -> dict[str, Any]:
        """The next event."""
        payload = await self.client.payload(id_)
        assert "errors" not in payload, payload
        (found,) = payload["data"].values()
        event: dict[str, Any] = found
        return event

    async def events(self, count: int, id_: str = "a") -> list[dict[str, Any]]:
        """The next events."""
        return [await self.event(id_) for _ in range(count)]

    async def refusal(self, query: str = POSTS, id_: str = "a", **variables: Any) -> dict[str, Any]:
        """The error with which a subscription is refused."""
        await self.client.subscribe(id_, query, **variables)
        return await self.error(id_)

    async def error(self, id_: str = "a") -> dict[str, Any]:
        """The one error that ends a subscription."""
        message = await self.client.next()
        assert message["id"] == id_, message
        if message["type"] == "next":
            assert message["payload"]["data"] is None, message
            errors = message["payload"]["errors"]
            assert await self.client.next() == {"id": id_, "type": "complete"}
        else:
            assert message["type"] == "error", message
            errors = message["payload"]
        (error,) = errors
        found: dict[str, Any] = error
        return found


Follow: TypeAlias = Callable[..., Awaitable[Follower]]
"""`await follow(shown, "a member")`."""


@pytest.fixture
async def follow() -> AsyncIterator[Follow]:
    """Open sockets; those that are open at the end of the test are left."""
    clients: list[SocketClient] = []

    async def begin(shown: Shown, who: str = "an admin") -> Follower:
        client = await SocketClient.begun(shown.origin, None, **{WHO.replace("-", "_"): who})
        clients.append(client)
        return Follower(client)

    yield begin
    for client in clients:
        client.leave()
