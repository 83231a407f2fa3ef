"""A noun with a column of each type that PostgreSQL has and GraphQL does not, written as a project has it."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Text,
    Time,
    Uuid,
)
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.dialects.postgresql import (
    BIT,
    CIDR,
    DATERANGE,
    DOMAIN,
    HSTORE,
    INET,
    INT4MULTIRANGE,
    INT4RANGE,
    INT8RANGE,
    INTERVAL,
    JSONB,
    MACADDR,
    MACADDR8,
    MONEY,
    NUMRANGE,
    OID,
    TSRANGE,
    TSTZRANGE,
    TSVECTOR,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.scalars import JSON

from db.dialects import Range
from db.dialects.postgresql_types import BOX, CIRCLE, LINE, LSEG, LTREE, PATH, POINT, POLYGON
from db.geometry import Box, Circle, Line, PlanePath, Point, Polygon, Segment
from db.kinds import (
    Bits,
    InternetAddress,
    KeyValues,
    LabelPath,
    MacAddress,
    NetworkAddress,
    OffsetTime,
    SearchVector,
)
from graph.entity import BigInt, LocalDateTime, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import ANYBODY, Crud, mutation_type
from tests.entity.serving import Sample


class Base(DeclarativeBase):
    pass


class Mood(Enum):
    """How somebody feels."""

    VERY_GOOD = "very good"
    NOT_OK = "not-ok!"


def mood_column() -> EnumColumn:
    return EnumColumn(Mood, name="mood", values_callable=lambda enum: [member.value for member in enum])


class SpecimenRow(Base):
    __tablename__ = "specimens"

    address: Mapped[InternetAddress] = mapped_column(INET, primary_key=True)
    kept_for: Mapped[timedelta] = mapped_column(INTERVAL, primary_key=True)
    parent_address: Mapped[InternetAddress | None] = mapped_column(INET)
    network: Mapped[NetworkAddress | None] = mapped_column(CIDR)
    card: Mapped[MacAddress | None] = mapped_column(MACADDR)
    long_card: Mapped[MacAddress | None] = mapped_column(MACADDR8)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    flags: Mapped[Bits | None] = mapped_column(BIT(4))
    some_flags: Mapped[Bits | None] = mapped_column(BIT(6, varying=True))
    opens_at: Mapped[time | None] = mapped_column(Time(timezone=True))
    price: Mapped[Decimal | None] = mapped_column(MONEY)
    number: Mapped[int | None] = mapped_column(OID)
    labels: Mapped[KeyValues | None] = mapped_column(HSTORE)
    place: Mapped[LabelPath | None] = mapped_column(LTREE)
    words: Mapped[SearchVector | None] = mapped_column(TSVECTOR)
    home: Mapped[InternetAddress | None] = mapped_column(DOMAIN("home", INET, check="family(VALUE) = 4"))
    mood: Mapped[Mood | None] = mapped_column(mood_column())
    tags: Mapped[list[str | None] | None] = mapped_column(ARRAY(Text))
    names: Mapped[list[str] | None] = mapped_column(ARRAY(String(5)))
    sizes: Mapped[list[int | None] | None] = mapped_column(ARRAY(Integer))
    shorts: Mapped[list[int | None] | None] = mapped_column(ARRAY(SmallInteger))
    longs: Mapped[list[int | None] | None] = mapped_column(ARRAY(BigInteger))
    amounts: Mapped[list[Decimal | None] | None] = mapped_column(ARRAY(Numeric(6, 2)))
    days: Mapped[list[date | None] | None] = mapped_column(ARRAY(Date))
    addresses: Mapped[list[InternetAddress | None] | None] = mapped_column(ARRAY(INET))
    periods: Mapped[list[timedelta | None] | None] = mapped_column(ARRAY(INTERVAL))
    moods: Mapped[list[Mood | None] | None] = mapped_column(ARRAY(mood_column()))
    uuids: Mapped[list[uuid.UUID | None] | None] = mapped_column(ARRAY(Uuid))
    truths: Mapped[list[bool | None] | None] = mapped_column(ARRAY(Boolean))
    ratios: Mapped[list[float | None] | None] = mapped_column(ARRAY(REAL))
    moments: Mapped[list[datetime | None] | None] = mapped_column(ARRAY(DateTime(timezone=True)))
    contents: Mapped[list[bytes | None] | None] = mapped_column(ARRAY(LargeBinary))
    documents: Mapped[list[Any] | None] = mapped_column(ARRAY(JSONB))
    spots: Mapped[list[Point | None] | None] = mapped_column(ARRAY(POINT))
    seasons: Mapped[list[Range[date] | None] | None] = mapped_column(ARRAY(DATERANGE))
    free: Mapped[list[Range[int]] | None] = mapped_column(INT4MULTIRANGE)
    ports: Mapped[Range[int] | None] = mapped_column(INT4RANGE)
    serials: Mapped[Range[int] | None] = mapped_column(INT8RANGE)
    costs: Mapped[Range[Decimal] | None] = mapped_column(NUMRANGE)
    season: Mapped[Range[date] | None] = mapped_column(DATERANGE)
    shift: Mapped[Range[datetime] | None] = mapped_column(TSTZRANGE)
    local_shift: Mapped[Range[datetime] | None] = mapped_column(TSRANGE)
    spot: Mapped[Point | None] = mapped_column(POINT)
    edge: Mapped[Line | None] = mapped_column(LINE)
    side: Mapped[Segment | None] = mapped_column(LSEG)
    frame: Mapped[Box | None] = mapped_column(BOX)
    walk: Mapped[PlanePath | None] = mapped_column(PATH)
    area: Mapped[Polygon | None] = mapped_column(POLYGON)
    reach: Mapped[Circle | None] = mapped_column(CIRCLE)


@entity(SpecimenRow, plural="specimens")
class Specimen(Node):
    """One of each."""

    address: InternetAddress
    kept_for: timedelta
    parent_address: InternetAddress | None
    network: NetworkAddress | None
    card: MacAddress | None
    long_card: MacAddress | None
    content: bytes | None
    flags: Bits | None
    some_flags: Bits | None
    opens_at: OffsetTime | None
    price: Decimal | None
    number: BigInt | None
    labels: KeyValues | None
    place: LabelPath | None
    words: SearchVector | None
    home: InternetAddress | None
    mood: Mood | None
    tags: list[str | None] | None
    names: list[str] | None
    sizes: list[int | None] | None
    shorts: list[int | None] | None
    longs: list[BigInt | None] | None
    amounts: list[Decimal | None] | None
    days: list[date | None] | None
    addresses: list[InternetAddress | None] | None
    periods: list[timedelta | None] | None
    moods: list[Mood | None] | None
    uuids: list[uuid.UUID | None] | None
    truths: list[bool | None] | None
    ratios: list[float | None] | None
    moments: list[datetime | None] | None
    contents: list[bytes | None] | None
    documents: list[JSON | None] | None
    spots: list[Point | None] | None
    seasons: list[Range[date] | None] | None
    free: list[Range[int]] | None
    ports: Range[int] | None
    serials: Range[BigInt] | None
    costs: Range[Decimal] | None
    season: Range[date] | None
    shift: Range[datetime] | None
    local_shift: Range[LocalDateTime] | None
    spot: Point | None
    edge: Line | None
    side: Segment | None
    frame: Box | None
    walk: PlanePath | None
    area: Polygon | None
    reach: Circle | None


COLUMNS = [column.key for column in SpecimenRow.__mapper__.column_attrs if column.key != "words"]

specimens = Crud(Specimen, COLUMNS, may=lambda _viewer, _row: True, create=ANYBODY)

Query = query_type(Specimen)
SCHEMA = Schema(Query, Settings.model_construct(), mutation=mutation_type([specimens.create, specimens.update]))

BOUNDS = {"includesLower": True, "includesUpper": False, "isEmpty": False}

FULL: dict[str, Any] = {
    "address": "192.0.2.1",
    "keptFor": "P1Y2M3DT4H5M6.5S",
    "parentAddress": "2001:db8::1/64",
    "network": "10.0.0.0/8",
    "card": "08:00:2b:01:02:03",
    "longCard": "08:00:2b:01:02:03:04:05",
    "content": "AP/+",
    "flags": "0101",
    "someFlags": "11",
    "opensAt": "12:30:00+01:00",
    "price": "12.50",
    "number": "4294967295",
    "labels": {"colour": "red", "size": None, 'a "b"': ""},
    "place": "Top.Science",
    "home": "10.1.1.1",
    "mood": "VERY_GOOD",
    "tags": ["a", None, "NULL", 'b "c", {d}', ""],
    "names": ["ab"],
    "sizes": [1, None, -2],
    "shorts": [],
    "longs": ["9007199254740993"],
    "amounts": ["1.50", None],
    "days": ["2020-02-29", "9999-12-31"],
    "addresses": ["192.0.2.1", "10.0.0.0/8", None, "::1"],
    "periods": ["P1M", None, "PT-1S"],
    "moods": ["NOT_OK", None],
    "uuids": ["01890a5d-ac96-774b-bcce-b302099a8057", None],
    "truths": [True, None, False],
    "ratios": [0.1, None],
    "moments": ["2026-03-01T11:00:00+00:00"],
    "contents": ["AP8=", None],
    "documents": [{"a": [1, "x"]}, "text", 2.5],
    "spots": [{"x": 0.0, "y": 1.0}, None],
    "seasons": [{**BOUNDS, "lower": "2026-03-01", "upper": "2026-06-01"}, None],
    "free": [{**BOUNDS, "lower": 1, "upper": 3}, {**BOUNDS, "lower": 5, "upper": 6}],
    "ports": {**BOUNDS, "lower": 1, "upper": 1024},
    "serials": {**BOUNDS, "lower": "9007199254740993", "upper": None},
    "costs": {**BOUNDS, "lower": "1.50", "upper": "2", "includesUpper": True},
    "season": {**BOUNDS, "lower": "2026-03-01", "upper": "9999-12-31"},
    "shift": {**BOUNDS, "lower": "2026-03-01T08:00:00+00:00", "upper": "2026-03-01T16:00:00.500000+00:00"},
    "localShift": {**BOUNDS, "lower": None, "includesLower": False, "upper": "2026-03-01T16:00:00"},
    "spot": {"x": 1.5, "y": -2.0},
    "edge": {"a": 1.0, "b": -1.0, "c": 0.5},
    "side": {"start": {"x": 0.0, "y": 0.0}, "end": {"x": 1.0, "y": 1e-9}},
    "frame": {"high": {"x": 3.0, "y": 4.0}, "low": {"x": 1.0, "y": 2.0}},
    "walk": {"points": [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}], "isClosed": False},
    "area": {"points": [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}, {"x": 1.0, "y": 0.0}]},
    "reach": {"centre": {"x": 1.0, "y": 2.0}, "radius": 3.0},
}
"""One row, as clients send it and read it."""

SAMPLE = Sample("specimens", Base.metadata, lambda _scale: {}, Query)
