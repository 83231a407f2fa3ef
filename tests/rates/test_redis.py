"""Limits that are counted in Redis are counted as anywhere else."""

import asyncio
import time

import pytest
from pydantic import ValidationError
from redis.asyncio import Redis

from graph import setting_types
from graph.rates.records import Record
from graph.rates.redis import PREFIX, RedisCounters
from graph.rates.rules import Limit
from graph.settings import Settings
from tests.databases import Database
from tests.http.conftest import Serve
from tests.rates.test_counters import hit


async def test_of_a_hundred_at_once_in_two_servers_as_many_pass_as_may(redis_url: str) -> None:
    shared = [RedisCounters(redis_url) for _ in range(2)]
    hits = [hit(shared[n % 2], *(("a", "b") if n % 3 else ("b", "a"))) for n in range(100)]
    assert sum(await asyncio.gather(*hits)) == 20
    assert [await hit(it, "a") for it in shared] == [False, False]
    assert await hit(shared[1], "c")
    for it in shared:
        await it.close()


async def test_redis_forgets_what_is_past_and_not_what_is_known(redis_url: str) -> None:
    counters = RedisCounters(redis_url)
    now = time.time()

    def know(records: list[Record]) -> None:
        records[0].know(now + 1000)

    assert await hit(counters, "a", limit=Limit(1, 60))
    await counters.change(["known"], know)
    assert await hit(counters, "known", limit=Limit(1, 60))
    await counters.change(["known"], lambda records: records[0].clear())
    async with Redis.from_url(redis_url) as redis:
        lives = [await redis.ttl(f"{PREFIX}{name}") for name in ("a", "known")]
    assert 59 <= lives[0] <= 61
    assert 999 <= lives[1] <= 1001
    await counters.close()


async def test_a_text_that_nobody_of_us_has_written_counts_for_nothing(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.set(f"{PREFIX}a", b"\xff")
    counters = RedisCounters(redis_url)
    assert await hit(counters, "a", limit=Limit(1, 60))
    assert not await hit(counters, "a", limit=Limit(1, 60))
    await counters.close()


async def test_servers_share_points_in_redis(database: Database, serve: Serve, redis_url: str) -> None:
    servers = [await serve(database.url, rate_limit_per_address="5/minute", limits_storage=redis_url) for _ in "ab"]
    answers = await asyncio.gather(*(servers[number % 2].ask("{ __typename }") for number in range(12)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 7
    metrics = (await servers[0].http.get("/metrics")).text
    assert 'trellis_limits_storage_failures_total{limit="operations"} 0.0' in metrics


async def test_without_redis_each_process_counts_for_itself(database: Database, serve: Serve) -> None:
    client = await serve(database.url, rate_limit_per_address="2/minute", limits_storage="redis://127.0.0.1:1/0")
    assert [(await client.ask("{ __typename }")).status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("text", ["", "disk", "http://example.org", "redis:"])
def test_a_storage_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="is none of auto, memory, database, and no URL such as redis://"):
        Settings(limits_storage=text)  # type: ignore[arg-type]  # as it comes from the environment


def test_redis_takes_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_types, "find_spec", lambda _name: None)
    with pytest.raises(ValidationError, match="not installed; install trellis\\[redis\\]"):
        Settings(limits_storage="redis://:secret@host/0")  # type: ignore[arg-type]  # as above


def test_the_password_of_redis_is_shown_nowhere() -> None:
    assert "s3same" not in repr(Settings(limits_storage="redis://:s3same@host/0"))  # type: ignore[arg-type]  # as above
