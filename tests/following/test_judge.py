"""Writers whose transactions commit in another order than they began, while listeners, relays and servers are killed.

Whoever goes on by positions hears each change that may be seen exactly once, in the order of the log, on whichever
server, and nothing else; and whoever shows a list by a live query shows the list as it is in the end.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import insert

from db import models
from db.session.engines import Engines
from graph.entity.ids import id_of_type
from graph.entity.registry import entity_of
from graph.following.rows import NounRows
from graph.settings import Settings
from graph.types.post import Post
from tests.databases import Database
from tests.db.changes.logs import end_followers, told
from tests.following.test_events import PUBLISHED, post, titled
from tests.live.wire import Refused, SocketClient
from tests.promises.process import ServerProcess

FOLLOW_S = float(os.environ.get("TRELLIS_FOLLOW_S", "4"))
"""How long it is tried. Read when the module is, because tests do not see the developer's settings."""

WRITERS = 50
SUBSCRIBERS = 6
WATCHERS = 4
PATIENCE_S = 120
KILLS = max(2, int(FOLLOW_S / 5))
"""How often a server is killed and started again."""
LAST = 10**9
QUERY = "subscription ($after: String) { postsChanged(after: $after) { kind id node { title status } position } }"
LIVE = "query { posts(first: 50, orderBy: [{ title: DESC }, { id: ASC }]) { totalCount nodes { id title status } } }"
SETTINGS = {
    "record_usage": "false",
    "pool_size": "5",
    "max_sockets_per_address": "0",
    "max_connections_per_address": "0",
    "max_socket_events": "10000",
    "changes_poll_s": "0.1",
    "token_keys": "a key of forty characters for the test..",
}

pytestmark = [pytest.mark.nouns, pytest.mark.process, pytest.mark.direct]


@pytest.fixture
async def engines(database: Database) -> AsyncIterator[Engines]:
    """Engines with a connection for each writer, and an author of all posts."""
    engines = Engines(Settings(database_url=SecretStr(database.url), pool_size=WRITERS))
    async with engines.writing().begin() as connection:
        await connection.execute(insert(models.User).values(id=5, name="a", email="a@example.org"))
    yield engines
    await engines.dispose()


class Subscriber:
    """Somebody who comes back to any server, and goes on from the last position."""

    def __init__(self, servers: list[ServerProcess], first: int) -> None:
        self.heard: list[tuple[str, str]] = []
        self.hidden: list[Any] = []
        """Events that nobody may be told."""
        self.refused: list[str] = []
        """Codes of errors."""
        self.position: str | None = None
        self.returns = 0
        self._servers = servers
        self._next = first

    async def follow(self, until: str) -> None:
        """Hear everything up to an event of this row."""
        while not self.heard or self.heard[-1][1] != until:
            server = self._servers[self._next % len(self._servers)]
            self._next += 1
            with suppress(OSError, AssertionError, Refused):  # closed, or not there at the moment
                client = await SocketClient.begun(server.origin)
                try:
                    await self._take(client, until)
                finally:
                    client.leave()
            self.returns += 1
            await asyncio.sleep(0.05)

    async def _take(self, client: SocketClient, until: str) -> None:
        await client.subscribe("a", QUERY, **({} if self.position is None else {"after": self.position}))
        while not self.heard or self.heard[-1][1] != until:
            payload = await client.payload("a")
            if "errors" in payload:
                self.refused += [error["extensions"]["code"] for error in payload["errors"]]
                return
            event = payload["data"]["postsChanged"]
            if event["node"] is not None and event["node"]["status"] != "PUBLISHED":
                self.hidden.append(event)
            self.heard.append((event["kind"], event["id"]))
            self.position = event["position"]


class Watcher:
    """Somebody who shows a list by a live query, and asks again on any server when a connection is lost."""

    def __init__(self, servers: list[ServerProcess], first: int) -> None:
        self.newest: Any = None
        self.answers = 0
        self.returns = 0
        self._servers = servers
        self._next = first

    async def watch(self) -> None:
        """Keep the newest answer, until this is cancelled."""
        while True:
            server = self._servers[self._next % len(self._servers)]
            self._next += 1
            with suppress(OSError, AssertionError, Refused):  # as above
                client = await SocketClient.begun(server.origin)
                try:
                    await self._take(client)
                finally:
                    client.leave()
            self.returns += 1
            await asyncio.sleep(0.05)

    async def _take(self, client: SocketClient) -> None:
        await client.subscribe("a", LIVE.replace("query", "query @live", 1))
        while True:
            payload = await client.payload("a")
            if "errors" not in payload:
                self.newest = payload
                self.answers += 1


async def asked(server: ServerProcess) -> Any:
    """The answer to the query itself."""
    async with httpx.AsyncClient(base_url=server.origin, timeout=PATIENCE_S) as http:
        return (await http.post("/graphql", json={"query": LIVE})).json()


async def become(watchers: list[Watcher], payload: Any) -> None:
    """Wait until this is what all of them show."""
    async with asyncio.timeout(PATIENCE_S):
        while any(watcher.newest != payload for watcher in watchers):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def test_everybody_hears_each_change_once_and_in_one_order(engines: Engines, database: Database) -> None:
    dice = random.Random(11)
    is_over, turn_to_write = asyncio.Event(), asyncio.Lock()
    published: set[int] = set()

    is_sqlite = database.dialect == "sqlite"

    async def commit(*statements: Any, pause_s: float = 0) -> None:
        if is_sqlite:
            await turn_to_write.acquire()  # SQLite itself is unfair to fifty who want to write
        try:
            async with engines.writing().begin() as connection:
                for statement in statements:
                    await connection.execute(statement)
                    await asyncio.sleep(pause_s / 10 if is_sqlite else pause_s)
        finally:
            if is_sqlite:
                turn_to_write.release()

    async def write(writer: int) -> None:
        """New posts, of which some are drafts, and changes of them; others begin and end meanwhile."""
        number = (writer + 1) * 100_000
        while not is_over.is_set():
            is_draft = dice.random() < 0.3
            new = [number + extra for extra in range(dice.randint(1, 3))]
            number += 10
            status = models.PostStatus.DRAFT if is_draft else PUBLISHED
            changes = [post(each, status=status) for each in new]
            old = [each for each in (new[0] - 10,) if each in published]
            changes += [titled(each, f"again {number}") for each in old]
            await commit(*changes, pause_s=dice.random() * 0.1)
            published.update([] if is_draft else new)
            await asyncio.sleep(dice.random() * 1.5)

    count = 1 if is_sqlite else 2
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(ServerProcess(database.url, **SETTINGS)) for _ in range(count)]
        someone = Subscriber(servers, 0)
        begun = asyncio.create_task(someone.follow("nothing"))
        for number in range(1, 10_000):  # until it hears of one
            await commit(post(number, status=PUBLISHED))
            await asyncio.sleep(0.2)
            if someone.position is not None:
                break
        begun.cancel()
        await asyncio.gather(begun, return_exceptions=True)
        subscribers = [Subscriber(servers, number) for number in range(SUBSCRIBERS)]
        for subscriber in subscribers:
            subscriber.position = someone.position
        start = someone.heard[-1]
        last = id_of_type("Post", (LAST,))
        following = [asyncio.create_task(subscriber.follow(last)) for subscriber in subscribers]
        watchers = [Watcher(servers, number) for number in range(WATCHERS)]
        watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
        writing = [asyncio.create_task(write(writer)) for writer in range(WRITERS)]
        for turn in range(KILLS):
            await asyncio.sleep(FOLLOW_S / KILLS / 2)
            if not is_sqlite:
                await end_followers(engines)
            await asyncio.sleep(FOLLOW_S / KILLS / 2)
            killed = servers[turn % count]  # in turn, so that the relay is among them
            killed.kill()
            await killed.start()
        is_over.set()
        await asyncio.gather(*writing)
        await commit(post(LAST, status=PUBLISHED))
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*following)
        payload = await asked(servers[0])
        assert payload["data"]["posts"]["totalCount"] > len(published)  # with those that were there before
        await become(watchers, payload)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)

    batches = await told(engines, models.Post.metadata)
    rows = NounRows(entity_of(Post))
    every = [("CREATED" if row.is_new else "UPDATED", row.key[0]) for each in batches for row in rows.changed(each)]
    seen = [
        (kind, id_of_type("Post", (number,)))
        for kind, number in every
        if number in published | {LAST, *range(1, 10_000)}
    ]
    expected = seen[seen.index(start) + 1 :]
    assert {number for _, number in every} >= published
    assert len(expected) > WRITERS
    assert any(kind == "UPDATED" for kind, _ in expected)
    for subscriber in subscribers:
        assert subscriber.heard == expected
        assert not subscriber.hidden
        assert set(subscriber.refused) <= {"UNAVAILABLE", "OVERLOADED"}
    assert all(subscriber.returns > 1 for subscriber in subscribers)  # they were cut off, and came back
    assert all(watcher.returns >= 1 and watcher.answers > 2 for watcher in watchers)
