"""INSERT where rows may be there already: by one key, and by no other rule."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import dialect_of
from db.dialects.mariadb_writes import InterdependentChanges
from db.session.engines import Engines

METADATA = MetaData()
HOMES = Table("homes", METADATA, Column("id", Integer, primary_key=True))
CARDS = Table(
    "cards",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String(5), nullable=False),
    Column("code", String(5)),
    Column("number", Integer, nullable=False, default=0),
    Column("home", ForeignKey("homes.id")),
    UniqueConstraint("name", name="uq_cards_name"),
    UniqueConstraint("code", name="uq_cards_code"),
)
DIALECT = dialect_of("mysql")
NEW = DIALECT.new_values(CARDS)


@pytest.fixture
async def connection(engines: Engines) -> AsyncIterator[AsyncConnection]:
    async with engines.writing().connect() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(insert(CARDS), [{"name": "a", "code": "x"}, {"name": "b", "code": "y"}])
        yield connection


async def rows(connection: AsyncConnection) -> Sequence[Any]:
    columns = CARDS.c.name, CARDS.c.code, CARDS.c.number
    return (await connection.execute(select(*columns).order_by(CARDS.c.name))).all()


async def test_rows_whose_key_is_taken_are_left_out_and_the_others_are_told(connection: AsyncConnection) -> None:
    add = DIALECT.insert_missing(CARDS, ["name"]).returning(CARDS.c.name)
    given = [{"name": name, "number": 9} for name in ("a", "c", "b", "d")]
    assert {name for (name,) in await connection.execute(add, given)} == {"c", "d"}
    assert await rows(connection) == [("a", "x", 0), ("b", "y", 0), ("c", None, 9), ("d", None, 9)]


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        ({"name": "c", "code": "x"}, "uq_cards_code"),
        ({"name": "c", "home": 1}, None),
        ({"name": "too long"}, None),
        ({"name": None}, None),
    ],
)
@pytest.mark.parametrize("returning", [False, True])
async def test_what_breaks_another_rule_is_an_error(
    connection: AsyncConnection, row: dict[str, Any], constraint: str | None, *, returning: bool
) -> None:
    add = DIALECT.insert_missing(CARDS, ["name"])
    with pytest.raises(DBAPIError) as caught:
        async with connection.begin_nested():
            await connection.execute((add.returning(CARDS.c.id) if returning else add).values(**row))
    if constraint is not None:
        assert isinstance(caught.value, IntegrityError)
        found = DIALECT.violation(caught.value)
        assert found is not None
        assert found.constraint == constraint
    assert len(await rows(connection)) == 2


async def test_without_a_key_any_rule_of_uniqueness_leaves_rows_out(connection: AsyncConnection) -> None:
    await connection.execute(DIALECT.insert_missing(CARDS), [{"name": "a", "code": "z"}, {"name": "c", "code": "x"}])
    assert len(await rows(connection)) == 2


async def test_an_upsert_changes_those_that_it_is_for_and_tells_of_no_others(connection: AsyncConnection) -> None:
    changes = {"number": CARDS.c.number + NEW.number}
    statement = DIALECT.upsert(CARDS, [CARDS.c.name], changes, CARDS.c.code != "y").returning(CARDS.c.name)
    for number in (1, 2):
        given = [{"name": name, "number": 5} for name in ("a", "b", "c")]
        found = {name for (name,) in await connection.execute(statement, given)}
        assert found == ({"a", "c"} if number == 1 else {"a"})  # the code of the new row is null: not known to differ
    assert await rows(connection) == [("a", "x", 10), ("b", "y", 0), ("c", None, 5)]


@pytest.mark.parametrize("returning", [False, True])
async def test_an_upsert_takes_no_row_by_another_key(connection: AsyncConnection, *, returning: bool) -> None:
    statement = DIALECT.upsert(CARDS, [CARDS.c.name], {"number": NEW.number})
    if returning:
        statement = statement.returning(CARDS.c.id)
    with pytest.raises(IntegrityError) as caught:
        async with connection.begin_nested():
            await connection.execute(statement.values(name="c", code="x", number=7))
    found = DIALECT.violation(caught.value)
    assert found is not None
    assert found.constraint == "uq_cards_code"
    assert await rows(connection) == [("a", "x", 0), ("b", "y", 0)]
    await connection.execute(statement.values(name="a", code="z", number=7))  # what was said before is forgotten
    assert (await rows(connection))[0] == ("a", "x", 7)


async def test_a_change_reads_the_row_as_it_was(connection: AsyncConnection) -> None:
    changes = {"number": NEW.number, "code": CARDS.c.number}
    await connection.execute(DIALECT.upsert(CARDS, [CARDS.c.name], changes).values(name="a", number=3))
    assert (await rows(connection))[0] == ("a", "0", 3)
    with pytest.raises(InterdependentChanges, match=r"number.*code|code.*number"):
        DIALECT.upsert(CARDS, [CARDS.c.name], {"number": CARDS.c.code, "code": CARDS.c.number})


async def test_those_who_lock_a_table_wait_for_each_other_and_no_longer_than_its_use(engines: Engines) -> None:
    taken = text("SELECT IS_FREE_LOCK(SHA1(CONCAT_WS('/', 'trellis', DATABASE(), 'cards')))")
    async with engines.writing().begin() as connection:
        for statement in DIALECT.lock(CARDS):
            await connection.execute(statement)
        async with engines.writing().connect() as other:
            assert await other.scalar(taken) == 0
    async with engines.writing().connect() as other:
        assert await other.scalar(taken) == 1
