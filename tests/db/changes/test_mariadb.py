"""The log on MariaDB: whole transactions in each position, whatever the writers do, and what foreign keys change."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import asyncmy
import pytest
from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    make_url,
)

from db.changes.feed import Batch, Kind, RowChange
from db.dialects.change_log import LogNames
from db.dialects.mariadb_changes import MariaDBChangeLog
from db.session.engines import Engines
from tests.databases import Database, settings_for
from tests.db.changes.logs import changes, connected, log_of, make, number_all, run, told

pytestmark = pytest.mark.mysql

METADATA = MetaData()
BOXES = Table(
    "boxes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(50)),
    Column("size", Integer),
    Column("weight", Float),
)
SHELVES = Table("shelves", METADATA, Column("id", Integer, primary_key=True))
CRATES = Table(
    "crates",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("shelf_id", ForeignKey("shelves.id", ondelete="CASCADE", onupdate="CASCADE")),
    Column("inside_id", ForeignKey("crates.id", ondelete="CASCADE")),
    Column("spare_id", ForeignKey("shelves.id", ondelete="SET NULL", onupdate="SET NULL")),
)
LABELS = Table(
    "labels",
    METADATA,
    Column("crate_id", ForeignKey("crates.id", ondelete="CASCADE", onupdate="CASCADE"), primary_key=True),
    Column("shelf_id", ForeignKey("shelves.id", ondelete="CASCADE", onupdate="CASCADE"), primary_key=True),
)

FROZEN = "SET timestamp = 1700000000"
"""The clock of a session stands still: all of its statements begin at one moment."""


@pytest.fixture
async def house(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    await make(engines, METADATA)
    yield engines
    await engines.dispose()


async def test_whole_transactions_are_told_once_while_many_write_and_two_number(
    house: Engines, blank_database: Database
) -> None:
    """Some keep statements in transactions, some do not; some take back; the clocks of some stand still."""
    kept: list[set[str]] = []

    async def write(number: int, dice: random.Random) -> None:
        async with _client(blank_database) as client:
            await _run(client, FROZEN if number % 3 == 0 else "SET timestamp = DEFAULT")
            for turn in range(25):
                ids = [number * 10_000 + turn * 10 + each for each in range(dice.randint(1, 5))]
                kind = dice.random()
                if kind < 0.3:
                    await _run(client, f"INSERT INTO boxes (id) VALUES {', '.join(f'({each})' for each in ids)}")
                else:
                    await _write_one_by_one(client, ids, dice)
                    await _run(client, "ROLLBACK" if kind > 0.85 else "COMMIT")
                if kind <= 0.85:
                    kept.append({str(each) for each in ids})

    found, is_over = list[Batch](), asyncio.Event()
    async with asyncio.TaskGroup() as numbering:
        for _ in range(2):
            numbering.create_task(_number_until(house, is_over))
        follower = numbering.create_task(_follow_until(house, is_over, found))
        async with asyncio.TaskGroup() as writing:
            for number in range(1, 7):
                writing.create_task(write(number, random.Random(number)))
        is_over.set()
        await follower
    positions = {change.key[0]: batch.position for batch in found for change in batch.changes}
    assert sum(len(batch.changes) for batch in found) == len(positions)  # nothing is told twice
    assert set(positions) == set().union(*kept)
    assert all(len({positions[key] for key in transaction}) == 1 for transaction in kept)


async def _write_one_by_one(client: Any, ids: list[int], dice: random.Random) -> None:
    await _run(client, "BEGIN")
    for each in ids:
        await _run(client, f"INSERT INTO boxes (id) VALUES ({each})")
        await asyncio.sleep(dice.random() / 500)  # others come in between
    await _run(client, "SAVEPOINT one")
    await _run(client, f"INSERT INTO boxes (id) VALUES ({ids[0] + 9})")
    await _run(client, "ROLLBACK TO SAVEPOINT one")


async def _number_until(house: Engines, is_over: asyncio.Event) -> None:
    log = log_of(house)
    async with connected(house) as connection:
        while not is_over.is_set():
            await log.number(connection)
            await asyncio.sleep(0)


async def _follow_until(house: Engines, is_over: asyncio.Event, found: list[Batch]) -> None:
    log = log_of(house)
    async with connected(house) as connection:
        while True:
            was_over = is_over.is_set()
            await number_all(connection, log) if was_over else await log.number(connection)
            read = await log.read(connection, found[-1].position if found else 0)
            found += read
            if was_over and not read:
                return


async def test_a_transaction_that_stays_open_holds_nobody_up(house: Engines) -> None:
    async with house.writing().connect() as early:
        await early.exec_driver_sql("INSERT INTO boxes (id) VALUES (1)")
        await run(house, "INSERT INTO boxes (id) VALUES (2)")
        assert [batch.changes for batch in await told(house)] == [(RowChange("boxes", ("2",), Kind.INSERT),)]
        await early.commit()
    assert [(batch.position, batch.changes[0].key) for batch in await told(house)] == [(1, ("2",)), (2, ("1",))]


async def test_a_clock_that_stands_still_loses_no_transaction(house: Engines, blank_database: Database) -> None:
    async with _client(blank_database) as client:
        await _run(client, FROZEN)
        for number in (1, 2, 3):
            await _run(client, f"INSERT INTO boxes (id) VALUES ({number})")
            assert [batch.changes[0].key for batch in await told(house, after=number - 1)] == [(str(number),)]


async def test_what_differs_in_bits_alone_has_changed(house: Engines) -> None:
    await run(house, "ALTER TABLE boxes MODIFY name VARCHAR(50) COLLATE utf8mb4_general_ci")
    await run(house, "INSERT INTO boxes (id, name, weight) VALUES (1, 'a', 16777216)")
    await run(house, "UPDATE boxes SET name = 'A'")
    await run(house, "UPDATE boxes SET weight = 16777218")
    await run(house, "UPDATE boxes SET name = 'A', size = NULL")
    assert [set(change.columns) for change in await changes(house)] == [set(), {"name"}, {"weight"}]


FILLED = (
    "INSERT INTO shelves (id) VALUES (1), (2)",
    "INSERT INTO crates (id, shelf_id, inside_id, spare_id) VALUES"
    " (1, 1, NULL, 2), (2, NULL, 1, NULL), (3, NULL, 2, 1), (4, 2, NULL, 1), (5, 2, 4, NULL)",
    "INSERT INTO labels (crate_id, shelf_id) VALUES (1, 1), (3, 2), (4, 1), (5, 2)",
)


async def test_what_a_foreign_key_takes_along_is_told_once_and_all_the_way_down(house: Engines) -> None:
    """A tree of crates, labels that two ways lead to, and a crate that stays without its spare shelf."""
    await run(house, *FILLED)
    filled = await told(house)
    await run(house, "DELETE FROM shelves WHERE id = 1")
    (gone,) = await told(house, after=filled[-1].position)
    assert sorted(change for change in gone.changes if change.kind is Kind.DELETE) == [
        *(RowChange("crates", (key,), Kind.DELETE) for key in "123"),
        *(RowChange("labels", key, Kind.DELETE) for key in (("1", "1"), ("3", "2"), ("4", "1"))),
        RowChange("shelves", ("1",), Kind.DELETE),
    ]
    without = {change.key for change in gone.changes if change.kind is Kind.UPDATE}
    assert ("4",) in without
    assert without <= {("3",), ("4",)}  # the third has lost its spare shelf, and then itself


async def test_a_key_that_a_foreign_key_passes_on_is_told(house: Engines) -> None:
    await run(house, *FILLED)
    filled = await told(house)
    await run(house, "UPDATE shelves SET id = 9 WHERE id = 1")
    (moved,) = await told(house, after=filled[-1].position)
    assert set(moved.changes) == {
        RowChange("shelves", ("1",), Kind.DELETE),
        RowChange("shelves", ("9",), Kind.INSERT),
        RowChange("crates", ("1",), Kind.UPDATE, frozenset({"shelf_id"})),
        RowChange("crates", ("3",), Kind.UPDATE, frozenset({"spare_id"})),
        RowChange("crates", ("4",), Kind.UPDATE, frozenset({"spare_id"})),
        *(RowChange("labels", (key, "1"), Kind.DELETE) for key in "14"),
        *(RowChange("labels", (key, "9"), Kind.INSERT) for key in "14"),
    }


async def test_a_foreign_key_that_comes_later_makes_its_table_outdated(house: Engines) -> None:
    log = log_of(house)
    async with connected(house) as connection:
        assert {each.label: each.is_complete for each in await log.recorded(connection)} == dict.fromkeys(
            ("boxes", "shelves", "crates", "labels"), True
        )
    await run(
        house,
        "CREATE TABLE papers (id INT PRIMARY KEY, box_id INT, FOREIGN KEY (box_id) REFERENCES boxes (id)"
        " ON DELETE CASCADE)",
    )
    async with connected(house) as connection:
        assert {each.label for each in await log.recorded(connection) if not each.is_complete} == {"boxes"}


async def test_the_log_can_go_and_come(house: Engines) -> None:
    log = MariaDBChangeLog()

    def go_and_come(connection: Connection) -> None:
        names = LogNames.of(connection.dialect)
        for table in METADATA.tables:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}") if table == "boxes" else None
        for statement in (*log.drop(names), *log.create(names)):
            connection.exec_driver_sql(statement)

    async with house.writing().begin() as connection:
        await connection.run_sync(go_and_come)
    await run(house, "INSERT INTO shelves (id) VALUES (1)")
    assert await changes(house) == [RowChange("shelves", ("1",), Kind.INSERT)]


def _client(database: Database) -> Any:
    """Another program, whose statements are each a transaction unless it says otherwise."""
    url = make_url(database.url)
    return asyncmy.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password or "",
        db=url.database,
        autocommit=True,
    )


async def _run(client: Any, statement: str) -> None:
    async with client.cursor() as cursor:
        await cursor.execute(statement)
