"""A key of any type that can be put in order names its row: in ids, look-ups, cursors, relations and groups.

One table for each kind of key, which refers to itself, so that the key stands in a foreign key, too; and one whose key
is made of several kinds.
"""

from __future__ import annotations

import enum
import ipaddress
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Enum,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    Uuid,
    delete,
    insert,
)
from sqlalchemy.dialects.postgresql import BIT, CIDR, INET, INTERVAL, MACADDR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, relationship

from db.base import UtcDateTime
from db.kinds import Bits, InternetAddress, MacAddress, NetworkAddress
from graph.entity import Connection, LocalDateTime, Node, entity, query_type
from graph.entity.ids import encode_id, key_in
from graph.entity.registry import entity_of
from tests.entity.conftest import Filled
from tests.entity.laws import Both, tried
from tests.entity.serving import Api, Sample, serve


class Base(DeclarativeBase):
    pass


class Colour(enum.Enum):
    """Members whose names and values differ."""

    RED = "r"
    DARK_RED = "dark red"
    A = "A"


class Kind(NamedTuple):
    """A type of keys."""

    column: Any
    annotation: Any
    values: st.SearchStrategy[Any]


ZONED = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - has its zone
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)

KINDS: Mapping[str, Kind] = {
    "Small": Kind(SmallInteger, int, st.integers(-(2**15), 2**15 - 1)),
    "Whole": Kind(Integer, int, st.integers(-(2**31), 2**31 - 1)),
    "Big": Kind(BigInteger, int, st.integers(-(2**63), 2**63 - 1)),
    "Line": Kind(String(50), str, TEXTS),
    "Texts": Kind(Text, str, TEXTS),
    "Uuids": Kind(Uuid, uuid.UUID, st.uuids()),
    "Day": Kind(Date, date, st.dates()),
    "Moment": Kind(UtcDateTime, datetime, ZONED),
    "Local": Kind(DateTime, LocalDateTime, st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))),  # noqa: DTZ001 - of a wall
    "Hour": Kind(Time, time, st.times()),
    "Amount": Kind(Numeric(14, 4), Decimal, st.decimals(-(10**9), 10**9, places=4)),
    "Measure": Kind(Double, float, st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)),
    "Bytes": Kind(LargeBinary, bytes, st.binary(max_size=20)),
    "Truth": Kind(Boolean, bool, st.booleans()),
    "Colours": Kind(Enum(Colour), Colour, st.sampled_from(Colour)),
}


class PostgreSQLBase(DeclarativeBase):
    pass


def addresses(bits: int) -> st.SearchStrategy[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    return st.integers(0, 2**bits - 1).map(ipaddress.IPv4Address if bits == 32 else ipaddress.IPv6Address)


EXACT = st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False)
SPANS = st.timedeltas(timedelta(-(10**6)), timedelta(10**6))
KINDS_OF_POSTGRESQL: Mapping[str, Kind] = {
    "Host": Kind(INET, InternetAddress, st.one_of(addresses(32), addresses(128)).map(str)),
    "Network": Kind(CIDR, NetworkAddress, addresses(32).map(lambda address: f"{address}/32")),
    "Card": Kind(MACADDR, MacAddress, st.integers(0, 2**48 - 1).map(lambda n: n.to_bytes(6, "big").hex(":"))),
    "Flags": Kind(BIT(8), Bits, st.integers(0, 255).map(lambda number: f"{number:08b}")),
    "Native": Kind(Enum(Colour, name="colour"), Colour, st.sampled_from(Colour)),
    "Exact": Kind(Numeric, Decimal, EXACT),
    "Length": Kind(INTERVAL, timedelta, SPANS),
}


def made(
    name: str, kinds: tuple[str, ...], base: type[DeclarativeBase] = Base, known: Mapping[str, Kind] = KINDS
) -> tuple[type[Any], type[Any]]:
    """A model and its type, whose key is of these kinds, with a foreign key to the same table."""
    key = [f"k{index}" for index in range(len(kinds))]
    above = [f"above_{part}" for part in key]
    columns: dict[str, Any] = {"__tablename__": f"keys_{name.lower()}"}
    for part, kind in zip(key, kinds, strict=True):
        columns[part] = Column(known[kind].column, primary_key=True, autoincrement=False)
        columns[f"above_{part}"] = Column(known[kind].column)
    columns["place"] = Column(Integer, nullable=False)
    columns["__table_args__"] = (ForeignKeyConstraint(above, [f"keys_{name.lower()}.{part}" for part in key]),)
    model: Any = type(f"{name}Row", (base,), columns)
    own = [getattr(model, part) for part in key]
    model.above = relationship(model, remote_side=own, back_populates="below", lazy="raise")
    model.below = relationship(model, back_populates="above", lazy="raise")
    annotations: dict[str, Any] = {part: known[kind].annotation for part, kind in zip(key, kinds, strict=True)}
    shown: Any = type(name, (Node,), {"__module__": __name__})
    annotations |= {"place": int, "above": shown | None, "below": Connection[shown]}
    shown.__annotations__ = annotations
    return model, entity(model, keys=key if len(key) == 1 else (), plural=f"keys_{name}")(shown)


COMPOSITE = ("Line", "Big", "Moment", "Truth")
MADE = {name: made(name, (name,)) for name in KINDS} | {"Several": made("Several", COMPOSITE)}
MADE_FOR_POSTGRESQL = {name: made(name, (name,), PostgreSQLBase, KINDS_OF_POSTGRESQL) for name in KINDS_OF_POSTGRESQL}
PARTS = {name: (name,) for name in KINDS} | {"Several": COMPOSITE}
KEYS = Sample("keys", Base.metadata, lambda _scale: {}, query_type(*(shown for _, shown in MADE.values())))

KEYS_OF_POSTGRESQL = Sample(
    "keys of postgresql",
    PostgreSQLBase.metadata,
    lambda _scale: {},
    query_type(*(shown for _, shown in MADE_FOR_POSTGRESQL.values())),
)

Drawn = dict[str, list[tuple[Any, ...]]]
DRAWN = st.fixed_dictionaries(
    {
        name: st.lists(st.tuples(*(KINDS[part].values for part in parts)), min_size=1, max_size=3, unique=True)
        for name, parts in PARTS.items()
    }
)
DRAWN_FOR_POSTGRESQL = st.fixed_dictionaries(
    {
        name: st.lists(st.tuples(kind.values), min_size=1, max_size=3, unique=True)
        for name, kind in KINDS_OF_POSTGRESQL.items()
    }
)


@pytest.fixture
async def keyed(filled: Filled) -> AsyncIterator[Both]:
    sqlite, postgresql = await filled(KEYS, "sqlite"), await filled(KEYS, "postgresql")
    async with serve(sqlite, KEYS) as first, serve(postgresql, KEYS) as second:
        yield {"sqlite": first, "postgresql": second}


Made = Mapping[str, tuple[type[Any], type[Any]]]


async def store(api: Api, drawn: Drawn, models: Made) -> None:
    """The rows of all tables anew: each row but the first refers to the one before."""
    async with api.engines.writing().begin() as connection:
        session = AsyncSession(connection)
        for name, keys in drawn.items():
            model, _ = models[name]
            await session.execute(delete(model))
            for place, key in enumerate(keys):
                row = {f"k{index}": part for index, part in enumerate(key)} | {"place": place}
                if place:
                    row |= {f"above_k{index}": part for index, part in enumerate(keys[place - 1])}
                await session.execute(insert(model), [row])


PAGE = """
query ($after: String) {
  keys%s(first: 2, after: $after) {
    edges { cursor node { id place above { id place } below { totalCount nodes { id place } } } }
    totalCount
    pageInfo { hasNextPage }
  }
}
"""


async def walked(api: Api, name: str) -> list[Any]:
    found: list[Any] = []
    after: str | None = None
    while True:
        page = (await api.ask(PAGE % name, after=after))[f"keys{name}"]
        found += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(found)
            return found
        after = page["edges"][-1]["cursor"]


FOUND = """
query ($id: ID!, $ids: [ID!]!) {
  node(id: $id) { id ... on %(name)s { place } }
  nodes(ids: $ids) { id ... on %(name)s { place } }
  one: %(one)s(id: $id) { place }
  among: keys%(name)s(where: {id: {in: $ids}, above: {not: {id: {eq: $id}}}}) { totalCount }
  keys%(name)s(where: {id: {eq: $id}}) { nodes { place } }
  groups: keys%(name)sAggregate { groupBy(by: [{value: ABOVE}]) { nodes { key { above { place } } } } }
}
"""


async def check(api: Api, drawn: Drawn, models: Made) -> None:
    """Store rows with these keys, and find each of them on every road."""
    await store(api, drawn, models)
    for name, keys in drawn.items():
        rows = sorted(await walked(api, name), key=lambda row: row["place"])
        assert [row["place"] for row in rows] == list(range(len(keys))), name
        ids = [row["id"] for row in rows]
        assert len(set(ids)) == len(keys)
        for place, row in enumerate(rows):
            expected = None if not place else {"id": ids[place - 1], "place": place - 1}
            assert row["above"] == expected, name
            assert row["below"]["nodes"] == [{"id": id_, "place": place + 1} for id_ in ids[place + 1 : place + 2]]
        id_ = ids[-1]
        document = FOUND % {"name": name, "one": f"{name[0].lower()}{name[1:]}"}
        found = await api.ask(document, id=id_, ids=ids)
        last = len(keys) - 1
        assert found["node"] == {"id": id_, "place": last}, name
        assert found["nodes"] == [{"id": each, "place": place} for place, each in enumerate(ids)]
        assert found["one"] == {"place": last}
        assert found[f"keys{name}"]["nodes"] == [{"place": last}], name
        assert found["among"]["totalCount"] == last
        above = [group["key"]["above"] for group in found["groups"]["groupBy"]["nodes"]]
        assert sorted(one["place"] for one in above if one) == list(range(last)), name


def date_time(year: int) -> datetime:
    return datetime(year, 1, 1)  # noqa: DTZ001 - of a wall


def one(**keys: list[Any]) -> Drawn:
    """Keys of a few kinds, and of each other kind a plain one."""
    plain = {
        "Small": 1, "Whole": 1, "Big": 1, "Line": "a", "Texts": "a", "Uuids": uuid.UUID(int=1), "Day": date(2026, 1, 1),
        "Moment": datetime(2026, 1, 1, tzinfo=UTC), "Local": date_time(2026), "Hour": time(1),
        "Amount": Decimal(1), "Measure": 1.5, "Truth": True, "Bytes": b"a", "Colours": Colour.RED,
    }  # fmt: skip
    drawn: Drawn = {name: [(value,)] for name, value in plain.items()}
    drawn["Several"] = [tuple(plain[part] for part in COMPOSITE)]
    return drawn | {name: [(value,) for value in values] for name, values in keys.items()}


@tried(2)
@given(drawn=DRAWN)
@example(
    drawn=one(
        Whole=[-(2**31), -1, 0, 2**31 - 1],
        Big=[-(2**63), -(10**18), 10**18, 2**63 - 1],
        Texts=["", " ", '"', "\\", ",", ":", "Ä" * 1_200, "a:b", "null", "1", "𝄞", "\u2028", "\n", "%", "é", "e\u0301"],
        Day=[date.min, date.max],
        Moment=[datetime(1, 1, 2, 3, 4, 5, 6, tzinfo=UTC), datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC)],
        Hour=[time.min, time.max],
        Amount=[Decimal("-0.0001"), Decimal("0.0000"), Decimal("9999999999.9999")],
        Measure=[-1.7976931348623157e308, 5e-300, 0.1],
        Bytes=[b"", b"\x00", b"\xff" * 300, b"a"],
        Truth=[False, True],
        Colours=list(Colour),
    )
)
async def test_a_key_of_any_type_names_its_row(drawn: Drawn, keyed: Both) -> None:
    for api in keyed.values():
        await check(api, drawn, MADE)


@tried(2)
@given(drawn=DRAWN_FOR_POSTGRESQL)
async def test_a_key_of_a_type_that_postgresql_alone_has_names_its_row(drawn: Drawn, filled: Filled) -> None:
    async with serve(await filled(KEYS_OF_POSTGRESQL, "postgresql"), KEYS_OF_POSTGRESQL) as api:
        await check(api, drawn, MADE_FOR_POSTGRESQL)


@tried(60)
@given(drawn=DRAWN)
def test_an_id_is_read_as_the_key_that_it_was_made_of(drawn: Drawn) -> None:
    for name, keys in drawn.items():
        declared = entity_of(MADE[name][1])
        for key in keys:
            assert key_in(encode_id(declared, key), declared) == key
