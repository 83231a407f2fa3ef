"""Positions: dense, the same for all, and none is given before everything that comes before it is known."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, select, text, update

from db.base import utcnow
from db.care.expiry import count, delete_expired
from db.changes.feed import Kind, Resync, RowChange
from db.changes.horizon import LONG_S, Horizon, warn
from db.changes.log import Waiting
from db.dialects.change_log import LongWriter
from db.own import Change, ChangePosition
from db.session.engines import Engines
from graph.changes import expiring_changes
from tests.databases import Database, settings_for
from tests.db.changes.logs import Heard, connected, following, log_of, make, number_all, run, told

METADATA = MetaData()
BOXES = Table("boxes", METADATA, Column("id", Integer, primary_key=True), Column("size", Integer))

HOURS = 24


@pytest.fixture
async def house(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    await make(engines, METADATA)
    yield engines
    await engines.dispose()


def key(number: int) -> tuple[RowChange, ...]:
    return (RowChange("boxes", (str(number),), Kind.INSERT),)


async def fill(house: Engines, *numbers: int) -> None:
    """A transaction for each number."""
    for number in numbers:
        await run(house, f"INSERT INTO boxes (id) VALUES ({number})")


@pytest.mark.postgresql
async def test_what_is_committed_first_waits_for_what_began_first(house: Engines) -> None:
    log = log_of(house)
    async with house.writing().connect() as early, connected(house) as connection:
        await early.exec_driver_sql("INSERT INTO boxes (id) VALUES (1)")
        await fill(house, 2, 3)
        assert await log.number(connection) == 0
        waiting = await log.waiting(connection)
        assert waiting.is_held
        await early.commit()
        batches = await told(house)
    assert [batch.changes for batch in batches] == [key(1), key(2), key(3)]
    assert [batch.position for batch in batches] == [1, 2, 3]


@pytest.mark.postgresql
async def test_a_transaction_that_is_taken_back_leaves_no_gap(house: Engines) -> None:
    async with house.writing().connect() as early:
        await early.exec_driver_sql("INSERT INTO boxes (id) VALUES (1)")
        await fill(house, 2)
        await early.rollback()
    assert [(batch.position, batch.changes) for batch in await told(house)] == [(1, key(2))]


async def test_two_that_number_at_once_give_each_transaction_one_position(house: Engines) -> None:
    log = log_of(house)
    for number in range(10):
        await fill(house, number)
        async with connected(house) as one, connected(house) as other:
            await asyncio.gather(log.number(one), log.number(other))
    batches = await told(house)
    assert [batch.position for batch in batches] == [*range(1, len(batches) + 1)]
    assert [change for batch in batches for change in batch.changes] == [key(number)[0] for number in range(10)]


async def test_what_has_run_out_goes_and_whoever_needs_it_begins_anew(house: Engines) -> None:
    log, now = log_of(house), utcnow()
    positions, left = expiring_changes(HOURS)
    for number in range(4):
        await fill(house, number)
        await told(house)
    old = update(ChangePosition).values(numbered_at=now - timedelta(hours=HOURS + 1))
    async with house.writing().begin() as connection:
        await connection.execute(old.where(ChangePosition.position <= 2))
    assert (await count(house.primary, positions, now), await count(house.primary, left, now)) == (2, 0)
    assert await delete_expired(house.writing(), positions, now) == 2
    # On MariaDB they have gone with their positions.
    assert await delete_expired(house.writing(), left, now) == (0 if house.dialect == "mysql" else 2)
    async with connected(house) as connection:
        assert [batch.changes for batch in await log.read(connection, 2)] == [key(2), key(3)]
        for gone in (0, 1):
            with pytest.raises(Resync):
                await log.read(connection, gone)


async def test_the_newest_position_stays_so_that_numbers_go_on(house: Engines) -> None:
    positions, left = expiring_changes(HOURS)
    await fill(house, 1)
    await told(house)
    later = utcnow() + timedelta(hours=HOURS + 1)
    for each in (positions, left):
        assert await delete_expired(house.writing(), each, later) == 0
    await fill(house, 2)
    assert [batch.position for batch in await told(house, after=1)] == [2]


async def test_changes_that_nobody_follows_run_out_all_the_same(house: Engines) -> None:
    positions, left = expiring_changes(HOURS)
    await fill(house, 1, 2, 3)
    async with connected(house) as connection:  # what other tests do may hold changes up
        await number_all(connection, log_of(house))
    later = utcnow() + timedelta(hours=HOURS + 1)
    gone = [await delete_expired(house.writing(), each, later) for each in (positions, left)]
    async with house.writing().connect() as connection:
        (kept,) = (await connection.execute(select(ChangePosition.position))).all()
        rows = (await connection.scalars(select(Change.row_key))).all()
    assert kept[0] == gone[0] + 1  # all but the newest
    assert [3 - gone[1], "[3]"] == [len(rows), rows[-1]]


async def test_positions_that_never_were_and_gaps_are_not_passed_over(house: Engines) -> None:
    log = log_of(house)
    for number in range(3):
        await fill(house, number)
        await told(house)
    async with house.writing().begin() as connection:
        await connection.execute(delete(ChangePosition).where(ChangePosition.position == 2))
    async with connected(house) as connection:
        assert [batch.position for batch in await log.read(connection, 0)] == [1]
        with pytest.raises(Resync):
            await log.read(connection, 1)
        with pytest.raises(Resync):
            await log.read(connection, 4)
        assert await log.read(connection, 3) == []


@pytest.mark.postgresql
async def test_a_log_that_was_copied_from_another_server_begins_anew(house: Engines) -> None:
    log = log_of(house)
    await fill(house, 1)
    await told(house)
    async with house.writing().begin() as connection:  # as a dump of a server that has done more
        ahead = 10**12
        await connection.execute(
            insert(ChangePosition), {"position": 2, "transaction_id": ahead, "numbered_at": utcnow()}
        )
        row = {"table_name": "boxes", "row_key": "[9]", "kind": "insert", "changed_columns": "[]"}
        await connection.execute(insert(Change), {"transaction_id": ahead, "id": 1, **row})
    await fill(house, 2)
    heard = Heard()
    async with following(house, heard):
        await heard.until(lambda: len(heard.lost) == 2)  # the first look, and what became of the copy
        await fill(house, 3)
        await heard.until(lambda: key(3)[0] in heard.changes)
    async with connected(house) as connection:
        for before in (0, 1, 2):
            with pytest.raises(Resync):
                await log.read(connection, before)


def test_the_age_of_the_horizon_is_that_of_one_transaction() -> None:
    now = 0.0
    horizon = Horizon(lambda: now)
    assert not horizon.note(Waiting(5, None))
    assert horizon.age_s == 0
    assert not horizon.note(Waiting(5, 7))
    now = LONG_S - 1
    assert (horizon.note(Waiting(5, 7)), horizon.age_s) == (False, LONG_S - 1)
    assert (horizon.note(Waiting(6, 7)), horizon.age_s) == (False, 0)  # another one is the oldest now
    now += LONG_S
    assert horizon.note(Waiting(6, 7))
    assert not horizon.note(Waiting(6, 9))  # it is said once
    assert not horizon.note(Waiting(8, 7))
    assert horizon.age_s == 0  # what waits can be numbered


@pytest.mark.postgresql
async def test_a_long_writer_is_named(house: Engines, caplog: pytest.LogCaptureFixture) -> None:
    log = log_of(house)
    async with house.writing().connect() as early, connected(house) as connection:
        await early.exec_driver_sql("SET LOCAL application_name TO 'nightly import'")
        await early.exec_driver_sql("INSERT INTO boxes (id) VALUES (1)")
        process = (await early.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with asyncio.timeout(60):  # until those of other tests have ended that began before
            while (found := await log.long_writer(connection)) is None or found.process != process:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert found.name == "nightly import"
    assert found.seconds is not None
    with caplog.at_level(logging.WARNING, "trellis"):
        warn(LongWriter(4711, "nightly import", 61.2), 60)
        warn(LongWriter(None, "transfer 7", None), 60)
    assert "a transaction of process 4711 (nightly import) that has run for 61 s" in caplog.messages[0]
    assert "a transaction of a prepared transaction (transfer 7)" in caplog.messages[1]
