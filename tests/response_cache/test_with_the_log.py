"""With the change log, an answer ends when somebody else has committed a change, whoever that is."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from db import models
from tests.response_cache.conftest import FOREVER, Serve, Write

pytest.importorskip("db.changes.follower", reason="the change log is not here yet")

TAGS = "query Tags { tags(first: 3, orderBy: [{slug: ASC}]) { nodes { name } } }"
PATIENCE_S = 120


def rename(name: str) -> Any:
    """Give every tag a name."""
    return update(models.Tag).values(name=name)


async def test_a_change_of_another_program_ends_an_answer(serve: Serve, write: Write) -> None:
    one, other = [await serve(cached_operations=f"Tags={FOREVER}") for _ in "ab"]
    for name in ("new", "newer"):
        for api in (one, other):
            await api.data(TAGS)
        await write(rename(name))
        async with asyncio.timeout(PATIENCE_S):
            for api in (one, other):
                while {tag["name"] for tag in (await api.data(TAGS))["tags"]["nodes"]} != {name}:  # noqa: ASYNC110 - as a client asks
                    await asyncio.sleep(0.05)
    assert (await one.figures())['outdated_total{table="tags"}'] >= 1
    assert (await one.figures())["hits_total"] > 0


async def test_what_the_database_does_by_itself_ends_an_answer(serve: Serve, write: Write) -> None:
    api = await serve(cached_operations=f"Q={FOREVER}")
    tagged = "query Q { posts(where: {tags: {some: {}}}) { totalCount } }"
    before = (await api.data(tagged))["posts"]["totalCount"]
    assert before
    await write(models.Tag.__table__.delete())  # type: ignore[attr-defined]  # the pairs go along
    async with asyncio.timeout(PATIENCE_S):
        while (await api.data(tagged))["posts"]["totalCount"]:  # noqa: ASYNC110 - as a client asks
            await asyncio.sleep(0.05)
