"""Which rule a database says was broken: the same for all, as far as they know it."""

from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import Base
from db.session.engines import Engines
from db.violations import Rule, Violation, violation_of
from tests.databases import Database, settings_for

PLAIN = MetaData()
"""Without a naming convention: PostgreSQL makes up names."""
NAMED = MetaData(naming_convention=Base.metadata.naming_convention)

LONG = "a_name_that_is_so_long_that_postgresql_shortens_its_rules"


def tables(metadata: MetaData) -> tuple[Table, Table]:
    shop = Table(
        "shops",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", String(50), nullable=False, unique=True),
        Column("town", String(50)),
        Column("street", String(50)),
        Column(LONG, String(50)),
        Column("staff", Integer, CheckConstraint("staff > 0", name="staff_is_positive")),
        Column("rooms", Integer),
        Column("floor", Integer, CheckConstraint("floor >= 0", name=LONG)),
        UniqueConstraint("town", "street"),
        CheckConstraint("rooms < 10", name=None if metadata is PLAIN else "rooms_fit"),
        *([] if metadata is PLAIN else [UniqueConstraint("town", LONG)]),
    )
    Index("ix_shops_lower_name", func.lower(shop.c.name), unique=True)
    desk = Table(
        "desks",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("shop_id", ForeignKey("shops.id")),
        Column("cleaner_id", ForeignKey("shops.id", ondelete="SET NULL")),
    )
    return shop, desk


SHOPS = {"plain": tables(PLAIN), "named": tables(NAMED)}


@pytest.fixture(params=["plain", "named"])
async def shop(blank_database: Database, request: pytest.FixtureRequest) -> Any:
    """A connection in a transaction, and the tables."""
    engines = Engines(settings_for(blank_database))
    shops, desks = SHOPS[request.param]
    async with engines.writing().begin() as connection:
        await connection.run_sync(shops.metadata.create_all)
        await connection.execute(insert(shops).values(name="Rose", town="Ulm", street="Weg", **{LONG: "x"}))
        yield connection, shops, desks
    await engines.dispose()


async def broken(connection: AsyncConnection, statement: Any, metadata: MetaData) -> Violation:
    with pytest.raises(IntegrityError) as error:
        async with connection.begin_nested():
            await connection.execute(statement)
    return violation_of(error.value, metadata)


@pytest.mark.parametrize(
    ("values", "rule", "columns", "name"),
    [
        ({"id": 1, "name": "New"}, Rule.UNIQUE, ("id",), ""),
        ({"name": "Rose"}, Rule.UNIQUE, ("name",), ""),
        ({"name": "ROSE"}, Rule.UNIQUE, ("name",), ""),
        ({"name": "New", "town": "Ulm", "street": "Weg"}, Rule.UNIQUE, ("town", "street"), ""),
        ({"name": None}, Rule.NOT_NULL, ("name",), ""),
        ({"name": "New", "staff": 0}, Rule.CHECK, ("staff",), "staff_is_positive"),
        ({"name": "New", "rooms": 10}, Rule.CHECK, ("rooms",), ""),
        ({"name": "New", "floor": -1}, Rule.CHECK, ("floor",), LONG),
    ],
)
async def test_a_violation_names_rule_table_and_columns(
    shop: Any, values: dict[str, Any], rule: Rule, columns: tuple[str, ...], name: str
) -> None:
    connection, shops, _ = shop
    found = await broken(connection, insert(shops).values(**values), shops.metadata)
    if shops.metadata is NAMED and "rooms" in values:
        name = "rooms_fit"
    elif "rooms" in values and connection.dialect.name == "postgresql":
        columns = ()  # the database has given the rule a name that the model does not know
    assert (found.rule, found.table, found.columns, found.name) == (rule, shops, columns, name)


async def test_a_name_that_postgresql_shortens_is_known(shop: Any) -> None:
    connection, shops, _ = shop
    if shops.metadata is NAMED:
        statement = insert(shops).values(name="New", town="Ulm", **{LONG: "x"})
        assert (await broken(connection, statement, NAMED)).columns == ("town", LONG)


async def test_a_foreign_key_is_one_on_every_database(shop: Any) -> None:
    connection, shops, desks = shop
    found = await broken(connection, insert(desks).values(shop_id=9), shops.metadata)
    assert found.rule is Rule.FOREIGN_KEY
    assert found.columns == (() if connection.dialect.name == "sqlite" else ("shop_id",))


async def test_a_row_that_others_refer_to_cannot_go(shop: Any) -> None:
    connection, shops, desks = shop
    await connection.execute(insert(desks).values(shop_id=1))
    assert (await broken(connection, delete(shops), shops.metadata)).rule is Rule.FOREIGN_KEY


async def test_a_table_that_the_models_do_not_know_has_its_rule_still(shop: Any) -> None:
    connection, shops, _ = shop
    found = await broken(connection, insert(shops).values(name="Rose"), MetaData())
    assert (found.rule, found.table) == (Rule.UNIQUE, None)


AWKWARD = MetaData()
PLACES = Table("we`ird 'pla\"ce.ü", AWKWARD, Column("i'd`.ü", Integer, primary_key=True, autoincrement=False))
ROOMS = Table(
    "ro'oms`.ü",
    AWKWARD,
    Column("id", Integer, primary_key=True),
    Column("n'o`.ü", String(20), nullable=False),
    Column("a'b`.ü", Integer),
    Column("pl'ace`.ü", ForeignKey(PLACES.c["i'd`.ü"], name="f'k`.ü")),
    UniqueConstraint("a'b`.ü", "n'o`.ü", name="k'ey`.ü"),
    UniqueConstraint("a'b`.ü"),
    UniqueConstraint("a'b`.ü", "id"),
    Column("size", Integer),
    CheckConstraint("size <> 7", name="ch'eck`.ü"),
    CheckConstraint("size <> 8"),
    CheckConstraint("size <> 9"),
)


@pytest.mark.mysql
async def test_sentences_are_read_whatever_the_names(blank_database: Database) -> None:
    engines = Engines(settings_for(blank_database))
    name, number, place = "n'o`.ü", "a'b`.ü", "pl'ace`.ü"
    async with engines.writing().begin() as connection:
        await connection.run_sync(AWKWARD.create_all)
        await connection.execute(insert(PLACES).values({"i'd`.ü": 1}))
        await connection.execute(insert(ROOMS).values({"id": 1, name: "it's 'a' for key 'x'", number: 1, place: 1}))
        cases = [
            (insert(ROOMS).values({"id": 1, name: "x"}), (Rule.UNIQUE, ROOMS, ("id",), "")),
            (insert(ROOMS).values({name: "it's 'a' for key 'x'", number: 1}), (Rule.UNIQUE, ROOMS, (number, name), "")),
            (insert(ROOMS).values({name: "x", number: 1}), (Rule.UNIQUE, ROOMS, (number,), "")),
            (insert(ROOMS).values({name: None}), (Rule.NOT_NULL, ROOMS, (name,), "")),
            (insert(ROOMS).values({number: 5}), (Rule.NOT_NULL, ROOMS, (name,), "")),
            (insert(ROOMS).values({name: "x", place: 9}), (Rule.FOREIGN_KEY, ROOMS, (place,), "")),
            (delete(PLACES), (Rule.FOREIGN_KEY, ROOMS, (place,), "")),
            (insert(ROOMS).values({"size": 7, name: "x"}), (Rule.CHECK, ROOMS, ("size",), "ch'eck`.ü")),
            (insert(ROOMS).values({"size": 9, name: "x"}), (Rule.CHECK, ROOMS, ("size",), "")),
            (update(ROOMS).values({name: None}), (Rule.NOT_NULL, ROOMS, (name,), "")),
            (insert(PLACES).values({"i'd`.ü": 1}), (Rule.UNIQUE, PLACES, ("i'd`.ü",), "")),
        ]
        assert [await broken(connection, statement, AWKWARD) for statement, _ in cases] == [
            Violation(*expected) for _, expected in cases
        ]
    await engines.dispose()
