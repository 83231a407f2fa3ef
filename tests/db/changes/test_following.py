"""Whoever listens is told of every transaction once and in order, whatever becomes of connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text

from db.base import utcnow
from db.changes.feed import Batch, Kind, Lost, Resync, RowChange
from db.changes.follower import Follower
from db.own import ChangePosition
from db.session import Mode, RequestSession
from db.session.engines import Engines
from tests.databases import Database, StatementRecorder, settings_for
from tests.db.changes.logs import Heard, becomes, end_followers, following, make, run

METADATA = MetaData()
BOXES = Table("boxes", METADATA, Column("id", Integer, primary_key=True), Column("size", Integer))

NEVER_S = 60.0
"""A look that no test waits for: what is told then was signalled."""


@pytest.fixture
async def house(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    await make(engines, METADATA)
    yield engines
    await engines.dispose()


@pytest.fixture
async def other(house: Engines, blank_database: Database) -> AsyncIterator[Engines]:
    """The engines of another process."""
    engines = Engines(settings_for(blank_database))
    yield engines
    await engines.dispose()


def made(number: int) -> RowChange:
    return RowChange("boxes", (str(number),), Kind.INSERT)


async def insert_through_a_session(engines: Engines, *numbers: int) -> None:
    async def work(session: RequestSession) -> None:
        for number in numbers:
            await session.execute(text(f"INSERT INTO boxes (id) VALUES ({number})"))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)


async def test_a_process_hears_of_its_own_commits_at_once(house: Engines) -> None:
    heard = Heard()
    async with following(house, heard, poll_s=NEVER_S) as follower:
        await becomes(lambda: follower.is_relay)
        await insert_through_a_session(house, 1, 2)
        await heard.until(lambda: bool(heard.batches))
    assert heard.changes == [made(1), made(2)]
    assert heard.all[0] == Lost(0)  # before the first look anything may have happened
    assert follower.position == heard.batches[-1].position == 1


@pytest.mark.postgresql
async def test_processes_wake_one_another(house: Engines, other: Engines) -> None:
    """The relay hears of a commit of another process, and that one of its position, with no look in between."""
    heard, there = Heard(), Heard()
    async with following(house, heard, poll_s=NEVER_S) as relay:
        await becomes(lambda: relay.is_relay)
        async with following(other, there, poll_s=NEVER_S) as second:
            await insert_through_a_session(other, 1)
            await there.until(lambda: bool(there.batches))
            await heard.until(lambda: bool(heard.batches))
            assert not second.is_relay
    assert heard.batches == there.batches == [Batch(1, (made(1),))]


@pytest.mark.postgresql
async def test_a_process_that_follows_nothing_wakes_those_that_do(house: Engines, other: Engines) -> None:
    heard = Heard()
    async with following(house, heard, poll_s=NEVER_S) as relay, following(other, poll_s=NEVER_S) as silent:
        await becomes(lambda: relay.is_relay)
        await insert_through_a_session(other, 1)
        await heard.until(lambda: bool(heard.batches))
        assert not silent.is_running


async def test_others_are_found_by_looking(house: Engines, other: Engines) -> None:
    heard = Heard()
    async with following(house, heard, poll_s=0.02):
        await run(other, "INSERT INTO boxes (id) VALUES (1)")
        await heard.until(lambda: bool(heard.batches))
    assert heard.changes == [made(1)]


async def test_nothing_is_sent_while_nobody_listens(house: Engines, statements: StatementRecorder) -> None:
    async with following(house, poll_s=0.01) as follower:
        with statements() as seen:
            await insert_through_a_session(house, 1)
            asked = [task for task in asyncio.all_tasks() if task.get_name().startswith("changes")]
            await asyncio.gather(*asked)  # a task that follows would never end
        about_the_log = [it for it in seen if "INSERT INTO boxes" not in it and "START TRANSACTION" not in it]
    assert not follower.is_running
    # On PostgreSQL, whether anybody listens is asked once a second, in the statement that would tell it.
    assert len(about_the_log) <= (house.dialect == "postgresql")


async def test_twenty_writers_and_two_followers_agree(house: Engines, other: Engines) -> None:
    heard, there = Heard(), Heard()
    each = 5

    async def write(writer: int) -> None:
        for turn in range(each):
            number = writer * each + turn
            await insert_through_a_session(house if writer % 2 else other, number, 1_000 + number)

    async with following(house, heard), following(other, there):
        await asyncio.gather(*map(write, range(20)))
        expected = 20 * each * 2
        for one in (heard, there):
            await one.until(lambda one=one: len(one.changes) == expected)  # type: ignore[misc]
    assert heard.batches == there.batches
    assert [batch.position for batch in heard.batches] == [*range(1, len(heard.batches) + 1)]
    assert sorted(heard.changes) == sorted(made(base + number) for number in range(20 * each) for base in (0, 1_000))
    for batch in heard.batches:  # no transaction is in two
        keys = {int(change.key[0]) for change in batch.changes}
        assert {(number + 1_000) % 2_000 for number in keys} == keys


@pytest.mark.postgresql
async def test_a_listener_that_is_killed_tells_lost_and_goes_on_with_every_change_once(
    house: Engines, other: Engines
) -> None:
    heard = Heard()
    async with following(house, heard) as follower:
        await run(other, "INSERT INTO boxes (id) VALUES (1)")
        await heard.until(lambda: len(heard.changes) == 1)
        for turn in range(2, 5):
            ended = await end_followers(other)
            await run(other, f"INSERT INTO boxes (id) VALUES ({turn})")
            await heard.until(lambda turn=turn: len(heard.changes) == turn)  # type: ignore[misc]
            assert ended == 1
        await heard.until(lambda: len(heard.lost) == 4)
        assert follower.is_following
    assert heard.changes == [made(number) for number in range(1, 5)]
    assert [heard.all.index(lost) for lost in heard.lost[:2]] == [0, 2]  # at once, before what came meanwhile
    assert heard.lost[1] == Lost(1)


@pytest.mark.postgresql
async def test_when_the_relay_is_killed_another_one_goes_on(house: Engines, other: Engines) -> None:
    heard, there = Heard(), Heard()
    async with following(house, heard) as first:
        await becomes(lambda: first.is_relay)
        async with following(other, there) as second:
            holder = text(second._log.dialect.holder or "")  # noqa: SLF001 - to know whom to kill
            given = {"number": second._log.names.number}  # noqa: SLF001 - as above
            for turn in range(1, 6):
                async with house.writing().connect() as connection:
                    held = (await connection.execute(holder, given)).first()
                if held is not None:
                    await end_followers(house, f"pid = {held[0]}")
                await run(house, f"INSERT INTO boxes (id) VALUES ({turn})")
                for one in (heard, there):
                    await one.until(lambda one=one, turn=turn: len(one.changes) == turn)  # type: ignore[misc]
    assert heard.batches == there.batches
    assert heard.changes == [made(number) for number in range(1, 6)]


async def test_who_has_been_away_for_too_long_is_told_lost(house: Engines, other: Engines) -> None:
    heard = Heard()
    async with following(house, heard, poll_s=0.02) as follower:
        await run(other, "INSERT INTO boxes (id) VALUES (1)")
        await heard.until(lambda: len(heard.changes) == 1)
        async with other.writing().begin() as connection:  # as if 2 to 8 had run out while this process hung
            last = await connection.scalar(select(ChangePosition.transaction_id))
            row = {"position": 9, "transaction_id": 9 if other.dialect == "sqlite" else last, "numbered_at": utcnow()}
            await connection.execute(insert(ChangePosition), row)
        await heard.until(lambda: len(heard.lost) == 2)
        assert heard.lost[1] == Lost(9)
        await run(other, "INSERT INTO boxes (id) VALUES (2)")
        await heard.until(lambda: len(heard.changes) == 2)
        assert heard.batches[1] == Batch(10, (made(2),))
        with pytest.raises(Resync):
            await follower.since(1)


async def test_a_position_is_continued_from(house: Engines, other: Engines) -> None:
    heard = Heard()
    async with following(house, heard) as follower:
        for number in (1, 2, 3):
            await run(other, f"INSERT INTO boxes (id) VALUES ({number})")
            await heard.until(lambda number=number: len(heard.changes) == number)  # type: ignore[misc]
        assert await follower.since(0) == heard.batches
        assert await follower.since(heard.batches[0].position) == heard.batches[1:]
        assert await follower.since(follower.position) == []
        with pytest.raises(Resync):
            await follower.since(follower.position + 10)


async def test_a_listener_that_fails_stops_no_other_and_one_that_has_ended_hears_no_more(
    house: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_heard: Batch | Lost) -> None:
        raise ValueError("mine")

    heard, ended = Heard(), Heard()
    async with following(house, heard) as follower:
        end = follower.listen(ended)
        follower.listen(failing)
        end()
        end()
        await run(house, "INSERT INTO boxes (id) VALUES (1)")
        await heard.until(lambda: bool(heard.batches))
    assert ended.all == []
    assert "A listener of changes has failed" in caplog.text


async def test_a_log_without_its_tables_is_said_once_with_the_cure(
    blank_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    engines = Engines(settings_for(blank_database))
    heard = Heard()
    follower: Follower
    async with following(engines) as follower:
        follower.listen(heard)
        await becomes(lambda: "cannot be followed" in caplog.text)
    await engines.dispose()
    assert "its tables are missing; run `trellis db upgrade`" in caplog.text
    assert heard.all == []
