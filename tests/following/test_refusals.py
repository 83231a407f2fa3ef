"""Where a noun cannot be followed, or not from there, an error says so, with the cure; and what is no reason to end."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, select, text

from db.dialects.change_log import TableKey
from db.own import ChangePosition
from db.session.engines import Engines
from graph.app import create_app
from tests.databases import Database, settings_for
from tests.db.changes.logs import end_followers, log_of, make
from tests.following import yard
from tests.following.conftest import POSTS, Follow, following
from tests.following.test_events import ONE, id_of, post, told
from tests.http.test_startup import settings_of, started
from tests.live_queries.conftest import Show, Shown, Write
from tests.response_cache.feeds import LocalFeed

pytestmark = pytest.mark.nouns

USERS = "subscription ($after: String) { usersChanged(after: $after) { position id } }"


async def test_positions_of_others_and_forged_ones_are_refused(shown: Shown, follow: Follow, write: Write) -> None:
    someone = await follow(shown)
    await someone.begin(shown, where={"title": {"ne": "x"}, "slug": {"ne": "y"}})
    await write(post(901), post(902))
    first, second = await someone.events(2)
    position = first["position"]
    changed = [position[:at] + ("A" if position[at] != "A" else "B") + position[at + 1 :] for at in (0, 8, 23, 24)]
    foreign = [
        (POSTS, {"after": position}),
        (POSTS, {"after": position, "where": {"title": {"ne": "z"}}}),
        (USERS, {"after": position}),
        *((POSTS, {"after": each, "where": {"title": {"ne": "x"}, "slug": {"ne": "y"}}}) for each in changed),
        *((POSTS, {"after": each}) for each in ("", "MQ", "é", "x" * 1_000)),
    ]
    for number, (query, variables) in enumerate(foreign):
        error = await someone.refusal(query, str(number), **variables)
        assert error["extensions"] == {"code": "INVALID_CURSOR", "argument": "after"}
    other = await follow(shown)  # the same filter, written otherwise
    await other.begin(shown, where={"slug": {"ne": "y"}, "title": {"ne": "x"}}, after=position)
    assert await other.event() == second


async def test_a_position_that_is_older_than_the_log_ends_with_resync(
    shown: Shown, follow: Follow, write: Write, engines: Engines
) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    events = []
    for number in (901, 902, 903):
        await write(post(number))
        events += await someone.events(1)
    first, second, third = events
    async with engines.writing().begin() as connection:
        newest = (await connection.execute(select(func.max(ChangePosition.position)))).scalar_one()
        await connection.execute(delete(ChangePosition).where(ChangePosition.position < newest))
    other = await follow(shown)
    error = await other.refusal(after=first["position"])
    assert error["extensions"]["code"] == "RESYNC"
    assert "without `after`" in error["message"]
    await other.begin(shown, id_="b", after=second["position"])
    assert await other.event("b") == third


async def test_a_gap_ends_a_subscription_with_resync(show: Show, follow: Follow) -> None:
    feed = LocalFeed()
    shown = await show(feed=feed)
    someone = await follow(shown)
    await someone.begin(shown)
    feed.append("posts")
    feed.prune()
    feed.lose()
    assert (await someone.error())["extensions"]["code"] == "RESYNC"
    await shown.until(lambda: not following(shown).streams)


async def test_what_was_lost_by_the_listener_alone_is_caught_up(show: Show, follow: Follow, write: Write) -> None:
    feed = LocalFeed()
    shown = await show(feed=feed)
    someone = await follow(shown)
    await someone.begin(shown)
    feed.append("posts")  # of the row 1, which is there
    feed.append("posts")
    feed.lose()
    feed.tell("posts")
    assert told(await someone.events(3)) == [("UPDATED", id_of(1))] * 3


@pytest.mark.postgresql
@pytest.mark.direct
async def test_a_listener_that_is_killed_ends_nobody(
    shown: Shown, follow: Follow, write: Write, engines: Engines
) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    for number in range(901, 905):
        await end_followers(engines)
        await write(post(number))
    assert told(await someone.events(4)) == [("CREATED", id_of(number)) for number in range(901, 905)]


@pytest.mark.postgresql
async def test_a_table_that_is_emptied_ends_with_resync(shown: Shown, follow: Follow, engines: Engines) -> None:
    someone = await follow(shown)
    await someone.begin(shown)
    async with engines.writing().begin() as connection:
        await connection.execute(text("TRUNCATE posts CASCADE"))
    assert (await someone.error())["extensions"]["code"] == "RESYNC"


async def test_without_a_log_nothing_is_followed(show: Show, follow: Follow) -> None:
    shown = await show(changes=False)
    someone = await follow(shown)
    for number, (query, variables) in enumerate(((POSTS, {}), (ONE, {"id": id_of(1)}))):
        error = await someone.refusal(query, str(number), **variables)
        assert error["extensions"]["code"] == "NOT_LIVE"
        assert "trellis live install" in error["message"]


async def test_a_table_that_is_not_recorded_is_refused(
    show: Show, follow: Follow, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    async with engines.writing().begin() as connection:
        for statement in log_of(engines).dialect.forget(TableKey("posts", None, ("id",), ())):
            await connection.exec_driver_sql(statement)
    shown = await show()
    someone = await follow(shown)
    error = await someone.refusal()
    assert error["extensions"]["code"] == "NOT_LIVE"
    assert "trellis live install" in error["message"]
    assert "trellis live install posts" in caplog.text


async def test_what_is_asked_for_wrongly_is_refused_at_once(shown: Shown, follow: Follow) -> None:
    someone = await follow(shown)
    error = await someone.refusal(ONE, id="nonsense")
    assert error["extensions"]["code"] == "INVALID_ID"
    error = await someone.refusal(POSTS, "b", where={"or": []})
    assert error["extensions"]["code"] == "INVALID_FILTER"
    assert not following(shown).streams


@pytest.mark.postgresql  # a file is on one machine
async def test_several_machines_have_to_share_the_keys_of_positions(blank_database: Database) -> None:
    engines = Engines(settings_for(blank_database))
    await make(engines, yard.Base.metadata)
    await engines.dispose()

    async def start(**settings: Any) -> str | None:
        made = settings_of(blank_database.url, several_machines=True, record_usage=False, **settings)
        return await started(create_app(made, domain=yard.DOMAIN, is_alone=False))

    assert str(await start()).startswith("TRELLIS_TOKEN_KEYS is empty, and")
    assert await start(token_keys=(SecretStr("k" * 40),)) is None
    assert await start(changes=False) is None  # nothing is followed
