"""Each change is told once and in order, whoever has made it, and who comes back goes on behind the last one."""

import pytest
from sqlalchemy import delete, insert, update

from db import models
from tests.following.conftest import Follow
from tests.live_queries.conftest import Shown, Write

pytestmark = pytest.mark.nouns


def new_tag(name: str):
    return insert(models.Tag).values(name=name, slug=name)


async def test_a_trial(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    await write(update(models.Post).where(models.Post.id.in_([1, 2, 3])).values(title="new"))
    events = await someone.events(3)
    assert [e["kind"] for e in events] == ["UPDATED"] * 3
    print(events)
