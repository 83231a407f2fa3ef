"""What is read before a change and kept after it does not stay, in one process and in several that share a Redis."""

import asyncio
import time
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from db import models
from graph.execute.operation import Operations
from graph.response_cache.answers import NOT_OURS, KeptAnswer
from graph.response_cache.redis import FLOOR, PREFIX, RedisAnswers
from tests.response_cache.conftest import FOREVER, Serve, Write
from tests.response_cache.feeds import LocalFeed

TAGS = "query Tags { tags(first: 2, orderBy: [{slug: ASC}]) { nodes { name } } }"
ALL = f"Tags={FOREVER}"


def rename(name: str) -> Any:
    """Give every tag a name."""
    return update(models.Tag).values(name=name)


class Gate:
    """Holds what was read back before it becomes an answer."""

    def __init__(self) -> None:
        self.has_read, self.may_go = asyncio.Event(), asyncio.Event()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The first operation that is run from now on waits when it has read everything."""
    gate, plain = Gate(), Operations.run
    taken: list[bool] = []

    async def run(self: Operations, *given: Any, **named: Any) -> Any:
        found = await plain(self, *given, **named)
        if not taken:
            taken.append(True)
            gate.has_read.set()
            await gate.may_go.wait()
        return found

    monkeypatch.setattr(Operations, "run", run)
    return gate


def names(data: Any) -> set[str]:
    return {tag["name"] for tag in data["tags"]["nodes"]}


async def test_an_answer_that_was_read_before_a_change_is_not_kept_after_it(
    serve: Serve, write: Write, gate: Gate
) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=ALL)
    asking = asyncio.create_task(api.data(TAGS))
    await gate.has_read.wait()
    await write(rename("new"))
    feed.tell("tags")
    gate.may_go.set()
    assert names(await asking) != {"new"}  # as it was when it was read
    assert names(await api.data(TAGS)) == {"new"}
    assert (await api.figures())['refused_total{reason="changed"}'] == 1


async def test_an_answer_that_is_kept_before_its_change_is_told_goes_when_it_is(
    serve: Serve, write: Write, gate: Gate
) -> None:
    feed = LocalFeed()
    feed.is_late = True
    api = await serve(feed, cached_operations=ALL)
    asking = asyncio.create_task(api.data(TAGS))
    await gate.has_read.wait()
    await write(rename("new"))
    feed.tell("tags")
    gate.may_go.set()
    old = names(await asking)
    assert names(await api.data(TAGS)) == old  # nobody has heard
    feed.catch_up()
    assert names(await api.data(TAGS)) == {"new"}


async def test_in_redis_it_does_not_matter_who_hears_first_and_who_keeps_last(
    serve: Serve, write: Write, gate: Gate, redis_url: str
) -> None:
    late, quick = LocalFeed(), LocalFeed()
    late.is_late = True
    slow = await serve(late, cached_operations=ALL, response_cache=redis_url)
    fast = await serve(quick, cached_operations=ALL, response_cache=redis_url)
    asking = asyncio.create_task(slow.data(TAGS))
    await gate.has_read.wait()
    await write(rename("new"))
    late.tell("tags")
    quick.tell("tags")
    await _told(redis_url, "tags")
    gate.may_go.set()
    assert names(await asking) != {"new"}  # and it was kept, for its process has not heard of the change
    assert (await slow.figures())["kept_total"] == 1
    assert names(await fast.data(TAGS)) == {"new"}
    late.catch_up()
    assert names(await slow.data(TAGS)) == {"new"}
    assert (await slow.figures())["hits_total"] == 1  # that of the other process


async def test_processes_share_answers_in_redis_and_kinds_of_viewers_have_their_own(
    serve: Serve, redis_url: str
) -> None:
    feed = LocalFeed()
    one, other = [await serve(feed, cached_operations=ALL, response_cache=redis_url) for _ in range(2)]
    told = await one.ask(TAGS, "a member")
    again = await other.ask(TAGS, "another author")
    assert again.content == told.content
    assert "age" in again.headers
    assert "age" not in (await other.ask(TAGS)).headers
    assert "age" not in (await other.ask(TAGS, "an admin")).headers
    release = await serve(feed, cached_operations=ALL, response_cache=redis_url, commit="another")
    assert "age" not in (await release.ask(TAGS, "a member")).headers


async def test_what_happened_while_no_process_ran_is_made_up_for(serve: Serve, write: Write, redis_url: str) -> None:
    feed = LocalFeed()
    one = await serve(feed, cached_operations=ALL, response_cache=redis_url)
    feed.tell("posts")
    await _told(redis_url, "posts")
    old = names(await one.data(TAGS))
    stopped = LocalFeed()  # its own listeners: the first server hears nothing of what follows
    for table in ("posts", "tags"):
        stopped.tell(table)
    await write(rename("new"))
    other = await serve(stopped, cached_operations=ALL, response_cache=redis_url)
    await _told(redis_url, "tags")
    assert names(await other.data(TAGS)) == {"new"} != old


async def test_where_what_happened_is_no_longer_known_every_answer_is_outdated(
    serve: Serve, write: Write, redis_url: str
) -> None:
    feed = LocalFeed()
    one = await serve(feed, cached_operations=ALL, response_cache=redis_url)
    feed.tell("posts")
    await _told(redis_url, "posts")
    await one.data(TAGS)
    pruned = LocalFeed()
    for _ in range(3):
        pruned.tell("users")
    pruned.prune()
    await write(rename("new"))
    other = await serve(pruned, cached_operations=ALL, response_cache=redis_url)
    await _told(redis_url, FLOOR, 3)
    assert names(await other.data(TAGS)) == {"new"}


async def test_a_redis_that_has_forgotten_its_changes_gives_no_answer(serve: Serve, redis_url: str) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=ALL, response_cache=redis_url)
    await api.data(TAGS)
    async with Redis.from_url(redis_url) as redis:
        (changes,) = [key async for key in redis.scan_iter(f"{PREFIX}*changes")]
        await redis.delete(changes)
    await api.data(TAGS)
    assert (await api.figures())["hits_total"] == 0
    await api.data(TAGS)
    assert (await api.figures())["hits_total"] == 1


async def test_without_redis_everything_is_answered_anew(serve: Serve) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL, response_cache="redis://127.0.0.1:1/0")
    for _ in range(3):
        assert await api.data(TAGS)
    figures = await api.figures()
    assert figures["hits_total"] == 0
    assert figures["failures_total"] >= 1


async def test_what_nobody_of_us_has_written_is_no_answer(redis_url: str) -> None:
    store = RedisAnswers(redis_url, "test")
    answer = KeptAnswer(b"{}", ("tags", 'a "name"'), 60, 0.0, 7, NOT_OURS, 3)
    now = answer._replace(began=time.time())
    await store.put("key", now, 3)
    assert await store.get("key") == now
    async with Redis.from_url(redis_url) as redis:
        assert 50 < await redis.ttl(f"{PREFIX}{{test}}:key") <= 60
        await redis.hset(f"{PREFIX}{{test}}:key", "told", "not ours")
    assert await store.get("key") is None
    assert await store.get("another") is None
    await store.close()


async def _told(redis_url: str, member: str, position: int = 1) -> None:
    """Wait until Redis has heard of a change."""
    async with Redis.from_url(redis_url) as redis, asyncio.timeout(60):
        while True:
            for key in [key async for key in redis.scan_iter(f"{PREFIX}*changes")]:
                if (await redis.zscore(key, member) or 0) >= position:
                    return
            await asyncio.sleep(0.01)


async def test_what_a_process_did_not_hear_is_made_up_for_when_it_hears_again(
    serve: Serve, write: Write, redis_url: str
) -> None:
    feed, deaf = LocalFeed(), LocalFeed()
    one = await serve(feed, cached_operations=ALL, response_cache=redis_url)
    other = await serve(deaf, cached_operations=ALL, response_cache=redis_url)
    feed.tell("posts")
    await _told(redis_url, "posts")
    kept = names(await one.data(TAGS))
    await write(rename("new"))
    for table in ("posts", "tags"):
        deaf.append(table)
    assert names(await one.data(TAGS)) == kept
    deaf.lose()
    await _told(redis_url, "tags", 2)
    assert [names(await api.data(TAGS)) for api in (other, one)] == [{"new"}] * 2
