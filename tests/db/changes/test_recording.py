"""Whoever writes, and however: what has changed stands in the log, and nothing else does."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from uuid import UUID

import asyncmy
import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    JSON,
    Column,
    Computed,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
    insert,
    make_url,
    select,
)

from db.changes.feed import Kind, RowChange
from db.changes.keys import key_texts
from db.dialects import dialect_of
from db.own import Change
from db.session.engines import Engines
from tests.databases import Database, settings_for
from tests.db.changes import logs
from tests.db.changes.logs import changes, connected, log_of, make, number_all, record, told

METADATA = MetaData()
BOXES = Table(
    "boxes",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(50), unique=True),
    Column("size", Integer),
    Column("papers", JSON(none_as_null=True)),
    Column("twice", Integer, Computed("size * 2", persisted=True)),
)
THINGS = Table(
    "things",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("box_id", ForeignKey("boxes.id", ondelete="CASCADE", onupdate="CASCADE")),
)
AWKWARD = Table(
    'A "b" : c*/',
    METADATA,
    Column("Key 1", String(20), primary_key=True),
    Column("order", Integer, primary_key=True),
    Column('a "quoted" name', Text),
    Column("it's", Text),
)
CODES = Table(
    "codes",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("image", LargeBinary, primary_key=True),
    Column("note", Text),
)


@pytest.fixture
async def house(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    await make(engines, METADATA)
    yield engines
    await engines.dispose()


async def run(house: Engines, *statements: str) -> None:
    """Run statements in a transaction of their own, which gets a position of its own."""
    await logs.run(house, *statements)
    async with connected(house) as connection:
        await number_all(connection, log_of(house))


def box(number: int, kind: Kind, *columns: str) -> RowChange:
    return RowChange("boxes", (str(number),), kind, frozenset(columns))


async def test_a_transaction_is_one_batch_with_its_changes_in_order(house: Engines) -> None:
    await run(
        house,
        "INSERT INTO boxes (id, name, size) VALUES (1, 'a', 1), (2, 'b', 2)",
        "UPDATE boxes SET size = 5 WHERE id = 2",
        "DELETE FROM boxes WHERE id = 1",
    )
    await run(house, "UPDATE boxes SET name = NULL, papers = '[1]' WHERE id = 2")
    first, second = await told(house)
    assert (first.position, second.position) == (1, 2)
    assert sorted(first.changes[:2]) == [box(1, Kind.INSERT), box(2, Kind.INSERT)]
    assert first.changes[2:] == (box(2, Kind.UPDATE, "size", "twice"), box(1, Kind.DELETE))
    assert second.changes == (box(2, Kind.UPDATE, "name", "papers"),)


async def test_what_changes_nothing_and_what_is_taken_back_is_not_told(house: Engines) -> None:
    await run(house, "INSERT INTO boxes (id, name, size) VALUES (1, 'a', NULL)")
    await run(house, "UPDATE boxes SET name = 'a', size = NULL", "DELETE FROM boxes WHERE id = 7")
    async with house.writing().connect() as connection:
        await connection.exec_driver_sql("UPDATE boxes SET size = 3")
        await connection.rollback()
    async with house.writing().begin() as connection:
        savepoint = await connection.begin_nested()
        await connection.exec_driver_sql("UPDATE boxes SET size = 4")
        await savepoint.rollback()
        await connection.exec_driver_sql("UPDATE boxes SET name = 'b'")
    assert [batch.changes for batch in await told(house)] == [
        (box(1, Kind.INSERT),),
        (box(1, Kind.UPDATE, "name"),),
    ]


async def test_a_key_that_changes_is_a_row_that_goes_and_one_that_comes(house: Engines) -> None:
    await run(house, "INSERT INTO boxes (id, name) VALUES (1, 'a'), (2, 'b')")
    await run(house, "UPDATE boxes SET id = 3 WHERE id = 1")
    assert set((await told(house))[1].changes) == {box(1, Kind.DELETE), box(3, Kind.INSERT)}


async def test_a_cascade_is_told(house: Engines) -> None:
    await run(
        house,
        "INSERT INTO boxes (id) VALUES (1)",
        "INSERT INTO things (id, box_id) VALUES (7, 1), (8, 1)",
    )
    await run(house, "UPDATE boxes SET id = 2")
    await run(house, "DELETE FROM boxes")
    _, moved, gone = await told(house)
    things = {RowChange("things", (key,), Kind.UPDATE, frozenset({"box_id"})) for key in ("7", "8")}
    assert set(moved.changes) == {box(1, Kind.DELETE), box(2, Kind.INSERT)} | things
    assert set(gone.changes) == {box(2, Kind.DELETE)} | {RowChange("things", (key,), Kind.DELETE) for key in "78"}


async def test_an_upsert_is_what_it_came_to(house: Engines) -> None:
    dialect = dialect_of(house.dialect)
    changed = dialect.upsert(BOXES, [BOXES.c.id], {"size": dialect.new_values(BOXES).size})
    await run(house, "INSERT INTO boxes (id, name, size) VALUES (1, 'a', 1)")
    async with house.writing().begin() as connection:
        await connection.execute(changed.values([{"id": 1, "name": "a", "size": 2}, {"id": 2, "name": "b", "size": 2}]))
        await connection.execute(dialect.insert_missing(BOXES).values(id=1, name="a"))
    assert set((await told(house))[1].changes) == {box(1, Kind.UPDATE, "size", "twice"), box(2, Kind.INSERT)}


async def test_names_and_keys_of_any_kind(house: Engines) -> None:
    awkward = {"Key 1": 'it\'s "one" : \\ */', "order": 3, 'a "quoted" name': "x", "it's": "y"}
    async with house.writing().begin() as connection:
        await connection.execute(insert(AWKWARD), [awkward])
    async with house.writing().begin() as connection:
        await connection.execute(AWKWARD.update().values({'a "quoted" name': "z", "it's": None}))
    name, key = str(AWKWARD.name), ('it\'s "one" : \\ */', "3")
    assert await changes(house) == [
        RowChange(name, key, Kind.INSERT),
        RowChange(name, key, Kind.UPDATE, frozenset({'a "quoted" name', "it's"})),
    ]


async def test_keys_are_the_same_texts_on_every_database(house: Engines) -> None:
    values = {"id": UUID(int=7), "image": b"\x00\xff"}
    async with house.writing().begin() as connection:
        await connection.execute(insert(CODES), [values])
    (found,) = await changes(house, METADATA)
    assert found.key == key_texts(values.values()) == ("00000000-0000-0000-0000-000000000007", "00ff")


async def test_many_rows_of_one_statement(house: Engines) -> None:
    async with house.writing().begin() as connection:
        await connection.execute(insert(BOXES).values([{"id": i, "name": f"box {i}"} for i in range(2_000)]))
    async with connected(house) as connection:
        await number_all(connection, log_of(house))
    async with house.writing().begin() as connection:
        await connection.execute(BOXES.update().where(BOXES.c.id % 2 == 0).values(size=1))
    made, changed = await told(house)
    assert {change.key for change in made.changes} == {(str(number),) for number in range(2_000)}
    assert {change.key for change in changed.changes} == {(str(number),) for number in range(0, 2_000, 2)}


async def test_another_program_is_told_of_too(house: Engines, blank_database: Database) -> None:
    statement = "INSERT INTO boxes (id, name) VALUES (1, 'theirs')"
    url = make_url(blank_database.url)
    if blank_database.dialect == "sqlite":
        await asyncio.to_thread(_run_alone, str(url.database), statement)
    elif blank_database.dialect == "mysql":
        client = asyncmy.connect(
            host=url.host, port=url.port, user=url.username, password=url.password or "", db=url.database
        )
        async with client as other, other.cursor() as cursor:
            await cursor.execute(statement)
            await other.commit()
    else:
        theirs = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        await theirs.execute(statement)
        await theirs.close()
    assert await changes(house) == [box(1, Kind.INSERT)]


def _run_alone(file: str, statement: str) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()


@given(
    st.lists(
        st.tuples(st.sampled_from(["insert", "update", "move", "delete"]), st.integers(1, 5), st.integers(1, 5)),
        max_size=12,
    )
)
async def test_what_is_told_adds_up_to_what_is_there(house: Engines, steps: list[tuple[str, int, int]]) -> None:
    await run(house, "DELETE FROM boxes")
    before = await told(house)
    is_missing = "NOT EXISTS (SELECT 1 FROM (SELECT id FROM boxes) AS others WHERE others.id = {})"
    one = "FROM (SELECT 1 AS one) AS one"
    words = {
        "insert": f"INSERT INTO boxes (id, size) SELECT {{0}}, {{1}} {one} WHERE {is_missing.format('{0}')}",
        "update": "UPDATE boxes SET size = {1} WHERE id = {0}",
        "move": f"UPDATE boxes SET id = {{1}} WHERE id = {{0}} AND {is_missing.format('{1}')}",
        "delete": "DELETE FROM boxes WHERE id = {0}",
    }
    for kind, *numbers in steps:
        await run(house, words[kind].format(*numbers))
    alive: set[str] = set()
    for change in await changes(house, after=before[-1].position if before else 0):
        (key,) = change.key
        assert (key in alive) == (change.kind is not Kind.INSERT)  # nothing comes twice, and nothing goes twice
        (alive.discard if change.kind is Kind.DELETE else alive.add)(key)
    async with house.writing().connect() as connection:
        assert alive == {str(key) for key in (await connection.scalars(select(BOXES.c.id))).all()}


@pytest.mark.postgresql
async def test_a_table_that_is_emptied_is_told_as_a_whole(house: Engines) -> None:
    await run(house, "INSERT INTO boxes (id) VALUES (1)")
    await run(house, "TRUNCATE boxes CASCADE")
    emptied = (await told(house))[1].changes
    assert set(emptied) == {RowChange(table, (), Kind.TRUNCATE) for table in ("boxes", "things")}


@pytest.mark.postgresql
async def test_a_new_column_is_noticed_and_a_lost_one_is_not_missed(house: Engines) -> None:
    await run(house, "INSERT INTO boxes (id, name) VALUES (1, 'a')")
    await run(house, "ALTER TABLE boxes ADD COLUMN colour text", "ALTER TABLE boxes DROP COLUMN papers")
    await run(house, "UPDATE boxes SET colour = 'red'")
    await run(house, "ALTER TABLE boxes RENAME COLUMN colour TO tint")
    await run(house, "UPDATE boxes SET tint = 'blue'")
    assert [set(change.columns) for change in (await changes(house))[1:]] == [{"colour"}, {"tint"}]


@pytest.mark.postgresql
async def test_a_key_that_is_renamed_leaves_the_table_as_a_whole(house: Engines) -> None:
    await run(house, "ALTER TABLE boxes RENAME COLUMN id TO number")
    await run(house, "INSERT INTO boxes (number) VALUES (1)")
    assert await changes(house) == [RowChange("boxes", (), Kind.TRUNCATE)]


@pytest.mark.postgresql
async def test_no_value_keeps_a_row_from_being_written(house: Engines) -> None:
    await run(
        house, "CREATE TABLE odd (id int PRIMARY KEY, a json, b point, c polygon, d numeric, e timestamptz, f int[])"
    )
    async with house.writing().begin() as connection:
        await connection.run_sync(record, Table("odd", MetaData(), Column("id", Integer, primary_key=True)))
    await run(
        house,
        "INSERT INTO odd VALUES"
        " (1, '{\"a\": \"\\u0000\"}', '(1,2)', '((0,0),(1,1))', 'NaN', 'infinity', '{1}'),"
        " (2, '1', NULL, NULL, 1.0, NULL, NULL)",
    )
    await run(house, "UPDATE odd SET a = '{\"a\":  \"\\u0000\"}', b = '(1,3)', f = '{1,2}' WHERE id = 1")
    await run(house, "UPDATE odd SET d = 1.00 WHERE id = 2")
    await run(
        house, 'UPDATE odd SET a = \'["\\ud800", "\\\\u0000", "\\\\\\u0000", "\\u0001 \\ud83d\\ude00"]\' WHERE id = 1'
    )
    await run(house, "UPDATE odd SET a = '[\"\\ud801\"]', e = now() WHERE id = 1")
    _, _, third, fourth, *more = await changes(house)
    assert (set(third.columns), set(fourth.columns)) == ({"a", "b", "f"}, {"d"})
    assert [set(change.columns) for change in more] == [{"a"}, {"a", "e"}]


@pytest.mark.postgresql
async def test_whoever_may_write_needs_no_right_on_the_log(house: Engines) -> None:
    await run(house, "CREATE ROLE clerk_of_boxes", "GRANT SELECT, INSERT ON boxes TO clerk_of_boxes")
    try:
        await run(
            house,
            "SET LOCAL ROLE clerk_of_boxes",
            "SET LOCAL search_path = pg_temp",
            "INSERT INTO public.boxes (id) VALUES (1)",
        )
        assert await changes(house) == [box(1, Kind.INSERT)]
    finally:
        await run(house, "DROP OWNED BY clerk_of_boxes", "DROP ROLE clerk_of_boxes")


@pytest.mark.postgresql
async def test_a_table_of_another_schema_and_a_partitioned_one(house: Engines) -> None:
    metadata = MetaData()
    await run(
        house,
        "CREATE SCHEMA billing",
        "CREATE TABLE billing.invoices (id int PRIMARY KEY)",
        "CREATE TABLE readings (day int, id int, PRIMARY KEY (day, id)) PARTITION BY RANGE (day)",
        "CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE readings_2 PARTITION OF readings FOR VALUES FROM (10) TO (20)",
    )
    key = Column("id", Integer, primary_key=True)
    async with house.writing().begin() as connection:
        await connection.run_sync(record, Table("invoices", metadata, key, schema="billing"))
        day, number = (Column(name, Integer, primary_key=True) for name in ("day", "id"))
        await connection.run_sync(record, Table("readings", metadata, day, number))
    await run(house, "INSERT INTO billing.invoices VALUES (1)")
    await run(house, "INSERT INTO readings VALUES (1, 1)")
    await run(house, "UPDATE readings SET day = 11")
    found = await changes(house)
    assert [*found[:2], *sorted(found[2:], key=lambda change: len(change.key[0]))] == [
        RowChange("billing.invoices", ("1",), Kind.INSERT),
        RowChange("readings", ("1", "1"), Kind.INSERT),
        RowChange("readings", ("1", "1"), Kind.DELETE),
        RowChange("readings", ("11", "1"), Kind.INSERT),
    ]


@pytest.mark.sqlite
async def test_a_row_that_takes_the_place_of_another_one_comes(house: Engines) -> None:
    await run(house, "INSERT INTO boxes (id, name) VALUES (1, 'a')")
    await run(house, "INSERT OR REPLACE INTO boxes (id, name) VALUES (1, 'b')")
    assert await changes(house) == [box(1, Kind.INSERT), box(1, Kind.INSERT)]


@pytest.mark.sqlite
async def test_a_text_that_differs_in_case_alone_has_changed(house: Engines) -> None:
    await run(house, "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE)")
    columns = Column("id", Integer, primary_key=True), Column("name", Text)
    async with house.writing().begin() as connection:
        await connection.run_sync(record, Table("plain", MetaData(), *columns))
    await run(house, "INSERT INTO plain VALUES (1, 'a')")
    await run(house, "UPDATE plain SET name = 'A'")
    assert [set(change.columns) for change in await changes(house)] == [set(), {"name"}]


async def test_the_log_holds_no_value_but_keys(house: Engines) -> None:
    await run(house, "INSERT INTO boxes (id, name, papers) VALUES (1, 'secret', '[\"secret\"]')")
    await run(house, "UPDATE boxes SET name = 'secret 2'")
    async with house.writing().connect() as connection:
        rows = (await connection.execute(select(Change.__table__))).all()
    assert len(rows) == 2
    assert "secret" not in str(rows)
