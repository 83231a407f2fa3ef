"""Columns that a model declares hold on MariaDB what they hold elsewhere, in a database that ignores case by itself."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    CHAR,
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Time,
    Uuid,
    distinct,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.session.engines import Engines

METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("name", String(40), unique=True),
    Column("free", String),
    Column("long", Text, index=True),
    Column("padded", CHAR(4)),
    Column("money", Numeric(10, 2)),
    Column("any", Numeric),
    Column("double", Float),
    Column("whole", BigInteger),
    Column("flag", Boolean),
    Column("at", DateTime(timezone=True)),
    Column("local", DateTime),
    Column("clock", Time),
    Column("uid", Uuid),
    Column("bytes", LargeBinary),
    Column("document", JSON),
    Index("ix_things_folded", func.lower(text("free")), unique=True),
    Index("ix_things_flagged", "whole", unique=True, sqlite_where=text("flag"), postgresql_where=text("flag")),
)
PARTS = Table(
    "parts", METADATA, Column("year", BigInteger, primary_key=True), Column("letter", String(1), primary_key=True)
)
Table(
    "pieces",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("letter", String(1)),
    Column("year", BigInteger),
    Column("thing", ForeignKey("things.name", deferrable=True, initially="DEFERRED")),
    ForeignKeyConstraint(["letter", "year"], ["parts.letter", "parts.year"]),
)


@pytest.fixture
async def connection(engines: Engines) -> AsyncIterator[AsyncConnection]:
    async with engines.writing().connect() as connection:
        await connection.run_sync(METADATA.create_all)
        yield connection


WEST = timezone(timedelta(hours=-5))
VALUES: list[tuple[str, Any, Any]] = [
    ("name", "Ada ", "Ada "),
    ("free", "", ""),
    ("free", "🌱\\ % ' \" \x1f", "🌱\\ % ' \" \x1f"),
    ("long", "x" * 100_000, "x" * 100_000),
    ("padded", "a ", "a"),
    ("money", Decimal("12.30"), Decimal("12.30")),
    ("any", Decimal("0.000000000001"), Decimal("0.000000000001")),
    ("any", Decimal(9223372036854775807), Decimal(9223372036854775807)),
    ("double", 0.1 + 0.2, 0.1 + 0.2),
    ("whole", -(2**63), -(2**63)),
    ("flag", False, False),
    ("at", datetime(2026, 3, 4, 20, 6, 7, 123456, WEST), datetime(2026, 3, 5, 1, 6, 7, 123456, UTC)),
    ("at", datetime(2100, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)),
    ("local", datetime(2026, 3, 4, 5, 6, 7, 1), datetime(2026, 3, 4, 5, 6, 7, 1)),  # noqa: DTZ001 - of no zone
    ("clock", time(23, 59, 59, 999999), time(23, 59, 59, 999999)),
    ("uid", uuid.UUID(int=7), uuid.UUID(int=7)),
    ("bytes", bytes(range(256)) * 300, bytes(range(256)) * 300),
    ("document", {"a": [1, None, "é"]}, {"a": [1, None, "é"]}),
]


@pytest.mark.parametrize(("name", "value", "expected"), VALUES)
async def test_a_value_comes_back_as_it_was(connection: AsyncConnection, name: str, value: Any, expected: Any) -> None:
    await connection.execute(insert(THINGS).values({name: value}))
    assert (await connection.execute(select(THINGS.c[name], THINGS.c.id))).all() == [(expected, 1)]
    if name not in ("document", "double"):
        found = select(THINGS.c.id).where(THINGS.c[name] == value)
        assert (await connection.scalars(found)).all() == [1]


HOSTILE = ["\\' OR 1=1 -- ", "'; DROP TABLE things; -- ", "\\\\'", "%s", '"', "\\"]


@pytest.mark.parametrize("value", HOSTILE)
async def test_no_value_is_taken_for_sql(connection: AsyncConnection, value: str) -> None:
    await connection.execute(insert(THINGS).values(free=value, bytes=value.encode(), document={value: value}))
    found = select(THINGS.c.free, THINGS.c.bytes, THINGS.c.document).where(THINGS.c.bytes == value.encode())
    assert (await connection.execute(found)).one() == (value, value.encode(), {value: value})
    literal = str(select(func.concat(value)).compile(connection.sync_engine, compile_kwargs={"literal_binds": True}))
    assert await connection.scalar(text(literal.replace(":", "\\:").replace("%%", "%"))) == value


async def test_a_value_that_the_driver_would_not_write_right_is_refused(connection: AsyncConnection) -> None:
    with pytest.raises(TypeError, match="A complex cannot be sent"):
        await connection.execute(text("SELECT :value"), {"value": 1j})


async def test_texts_are_told_apart_by_case_accents_and_blanks_at_the_end(connection: AsyncConnection) -> None:
    names = ["ada", "Ada", "Áda", "ada "]
    await connection.execute(insert(THINGS), [{"name": name} for name in names])
    for name in names:
        assert (await connection.scalars(select(THINGS.c.name).where(THINGS.c.name == name))).all() == [name]
    assert (await connection.scalars(select(THINGS.c.name).order_by(THINGS.c.name))).all() == sorted(names)


async def test_uuids_are_in_the_order_of_their_bytes(connection: AsyncConnection) -> None:
    ids = [uuid.UUID(int=number << shift) for number in (1, 2, 3) for shift in (0, 40, 80, 120)]
    await connection.execute(insert(THINGS), [{"uid": it} for it in ids])
    assert (await connection.scalars(select(THINGS.c.uid).order_by(THINGS.c.uid))).all() == sorted(ids)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("first", [False, True])
async def test_nulls_stand_where_they_are_wanted(connection: AsyncConnection, *, descending: bool, first: bool) -> None:
    await connection.execute(insert(THINGS), [{"whole": it} for it in (2, None, 1)])
    order = THINGS.c.whole.desc() if descending else THINGS.c.whole.asc()
    placed = order.nulls_first() if first else order.nulls_last()
    values = [2, 1] if descending else [1, 2]
    expected = [None, *values] if first else [*values, None]
    assert (await connection.scalars(select(THINGS.c.whole).order_by(placed))).all() == expected


async def test_an_aggregate_may_be_of_some_rows(connection: AsyncConnection) -> None:
    await connection.execute(insert(THINGS), [{"whole": it} for it in (1, 2, 2, 5)])
    few = THINGS.c.whole < 5
    sums = (
        func.count().filter(few),
        func.sum(THINGS.c.whole).filter(few),
        func.count(distinct(THINGS.c.whole)).filter(few),
    )
    assert (await connection.execute(select(*sums))).one() == (3, 5, 2)


async def test_an_expression_is_unique_and_so_are_some_rows_alone(connection: AsyncConnection) -> None:
    await connection.execute(
        insert(THINGS), [{"free": "Ada", "whole": 1, "flag": True}, {"free": "Bob", "whole": 1, "flag": False}]
    )
    for refused in ({"free": "ADA"}, {"whole": 1, "flag": True}):
        with pytest.raises(IntegrityError):
            async with connection.begin_nested():
                await connection.execute(insert(THINGS).values(refused))
    assert [*(await connection.execute(text("SELECT * FROM things LIMIT 1"))).keys()] == THINGS.columns.keys()


async def test_the_tables_go_with_their_indexes(connection: AsyncConnection) -> None:
    for index in THINGS.indexes:
        await connection.run_sync(index.drop)
    await connection.run_sync(METADATA.drop_all)
    assert (await connection.scalars(text("SHOW TABLES"))).all() == []
