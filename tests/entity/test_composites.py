"""Composite types: read, written and compared as objects, whatever is in them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from sqlalchemy import ARRAY, Boolean, Date, DateTime, Float, Integer, LargeBinary, Numeric, Text, Uuid
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.dialects.postgresql import DATERANGE, DOMAIN, INET, INT4MULTIRANGE, INTERVAL, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.scalars import JSON

from db.composites import composite
from db.dialects import Range
from db.dialects.postgresql_composites import COMPOSITE
from db.dialects.postgresql_types import POINT
from db.geometry import Point
from db.kinds import InternetAddress
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import BigInt, Node, Schema, entity, query_type
from graph.entity.completeness import check_complete
from graph.entity.registry import entity_of
from graph.entity.types import TYPES
from graph.errors import DeclarationError, InvalidFilter
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import ANYBODY, Crud, mutation_type
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, settings_of

pytestmark = pytest.mark.postgresql

MAKE = (
    "CREATE SCHEMA odd",
    "CREATE TYPE taste AS ENUM ('sweet', 'very sour', '')",
    "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    'CREATE TYPE odd.place AS (city text, "Zip ""Code" positive, eq integer)',
    "CREATE TYPE everything AS (home odd.place, former odd.place[], tastes taste[], taste taste, price numeric(8, 2),"
    " ratio float8, size bigint, is_open boolean, code uuid, content bytea, born date, seen timestamptz,"
    " lasts interval, host inet, season daterange, free int4multirange, spot point, notes jsonb, grid integer[])",
)


class Taste(Enum):
    """How something tastes."""

    SWEET = "sweet"
    SOUR = "very sour"
    NONE = ""


TASTE = EnumColumn(Taste, name="taste", values_callable=lambda enum: [member.value for member in enum])


@composite("place", schema="odd")
class PlaceValue:
    """Where something is."""

    city: Annotated[str | None, Text()]
    zip_code: Annotated[int | None, 'Zip "Code', DOMAIN("positive", Integer)]
    eq: Annotated[int | None, Integer()]


@composite("everything")
class EverythingValue:
    """One of each."""

    home: Annotated[PlaceValue | None, COMPOSITE(PlaceValue)]
    former: Annotated[list[PlaceValue | None] | None, ARRAY(COMPOSITE(PlaceValue))]
    tastes: Annotated[list[Taste | None] | None, ARRAY(TASTE)]
    taste: Annotated[Taste | None, TASTE]
    price: Annotated[Decimal | None, Numeric(8, 2)]
    ratio: Annotated[float | None, Float()]
    size: Annotated[BigInt | None, Integer()]
    is_open: Annotated[bool | None, Boolean()]
    code: Annotated[uuid.UUID | None, Uuid()]
    content: Annotated[bytes | None, LargeBinary()]
    born: Annotated[date | None, Date()]
    seen: Annotated[datetime | None, DateTime(timezone=True)]
    lasts: Annotated[timedelta | None, INTERVAL()]
    host: Annotated[InternetAddress | None, INET()]
    season: Annotated[Range[date] | None, DATERANGE()]
    free: Annotated[list[Range[int] | None] | None, INT4MULTIRANGE()]
    spot: Annotated[Point | None, POINT()]
    notes: Annotated[JSON | None, JSONB()]
    grid: Annotated[list[list[int | None]] | None, ARRAY(Integer, dimensions=2)]


class Base(DeclarativeBase):
    pass


class ParcelRow(Base):
    __tablename__ = "parcels"

    id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[PlaceValue | None] = mapped_column(COMPOSITE(PlaceValue))
    stops: Mapped[list[PlaceValue | None] | None] = mapped_column(ARRAY(COMPOSITE(PlaceValue)))
    whole: Mapped[EverythingValue | None] = mapped_column(COMPOSITE(EverythingValue))


@entity(ParcelRow, plural="parcels")
class Parcel(Node):
    """What is sent."""

    place: PlaceValue | None
    stops: list[PlaceValue | None] | None
    whole: EverythingValue | None


parcels = Crud(Parcel, ["place", "stops", "whole"], may=lambda _viewer, _row: True, create=ANYBODY)
SCHEMA = Schema(query_type(Parcel), Settings.model_construct(), mutation=mutation_type([parcels.create]))

PLACE = "{ city zipCode eq }"
BOUNDS = "{ lower upper includesLower includesUpper isEmpty }"
WHOLE = (
    f"{{ home {PLACE} former {PLACE} tastes taste price ratio size isOpen code content born seen lasts host"
    f" season {BOUNDS} free {BOUNDS} spot {{ x y }} notes grid }}"
)
ALL = f"place {PLACE} stops {PLACE} whole {WHOLE}"

ROME = {"city": 'Ro"me\\, (x)', "zipCode": 153, "eq": None}
SPAN = {"includesLower": True, "includesUpper": False, "isEmpty": False}
ONE_OF_EACH = {
    "home": ROME,
    "former": [{"city": "", "zipCode": None, "eq": -1}, None],
    "tastes": ["SOUR", None, "NONE"],
    "taste": "NONE",
    "price": "12.50",
    "ratio": 0.1,
    "size": "9007199254740993",
    "isOpen": False,
    "code": "01890a5d-ac96-774b-bcce-b302099a8057",
    "content": "AP/+",
    "born": "2020-02-29",
    "seen": "2026-03-01T11:00:00.500000+00:00",
    "lasts": "P1Y2M-3DT-4H",
    "host": "10.0.0.0/8",
    "season": {**SPAN, "lower": "2026-03-01", "upper": None},
    "free": [{**SPAN, "lower": 1, "upper": 3}, {**SPAN, "lower": 5, "upper": 6}],
    "spot": {"x": 1.5, "y": -2.0},
    "notes": {"a": [1, None, 'x"y']},
    "grid": [[1, None], [3, 4]],
}


@pytest.fixture
async def api(blank_database: Database) -> AsyncIterator[Api]:
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as writing:
        for statement in MAKE:
            await writing.exec_driver_sql(statement)
        await writing.run_sync(Base.metadata.create_all)
    yield Api(SCHEMA, engines)
    await engines.dispose()


async def create(api: Api, **row: Any) -> Any:
    document = f"""mutation ($input: CreateParcelInput!) {{
      createParcel(input: $input) {{ parcel {{ {ALL} }} errors {{ ... on UserError {{ message }} }} }}
    }}"""
    context = ContextFactory(api.engines, viewer=Viewer(1, frozenset()))
    result = await api.schema.execute(document, {"input": row}, context_value=context)
    assert not result.errors, result.errors
    assert result.data is not None
    made = result.data["createParcel"]
    return made["parcel"] or made["errors"][0]["message"]


async def places(api: Api, where: str) -> list[Any]:
    """The cities of rows that a filter finds, through SQLAlchemy and past it."""
    for _ in range(2):
        nodes = (await api.ask(f"{{ parcels(where: {where}) {{ nodes {{ place {{ city }} }} }} }}"))["parcels"]["nodes"]
    return [node["place"] and node["place"]["city"] for node in nodes]


async def test_what_is_written_is_read_in_one_statement(api: Api, statements: StatementRecorder) -> None:
    nothing = {"city": None, "zipCode": None, "eq": None}
    rows: list[dict[str, Any]] = [
        {"place": ROME, "stops": [ROME, None, nothing], "whole": ONE_OF_EACH},
        {"place": nothing, "stops": [], "whole": dict.fromkeys(ONE_OF_EACH)},
        {"place": None, "stops": None, "whole": None},
    ]
    for row in rows:
        assert await create(api, **row) == row
    for _ in range(2):
        with statements() as seen:
            found = await api.ask(f"{{ parcels {{ nodes {{ {ALL} }} }} }}")
        assert len(seen) == 1
        assert found["parcels"]["nodes"] == rows


async def test_values_are_compared_whole_and_by_their_attributes(api: Api) -> None:
    await create(api, place={"city": "Oslo", "zipCode": 150, "eq": 7}, whole=ONE_OF_EACH, stops=[ROME])
    await create(api, place={"city": None})
    await create(api)
    for where in (
        '{place: {eq: {city: "Oslo", zipCode: 150, eq: 7}}}',
        '{place: {city: {eq: "Oslo"}}}',
        '{place: {city: {startsWith: "Os", contains: "lo"}, zipCode: {gt: 99, lt: 10000}, eq_: {in: [7]}}}',
        '{whole: {home: {city: {contains: "(x)"}}, price: {gte: "12.5"}, taste: {eq: NONE}, size: {gt: "1"}}}',
        '{whole: {tastes: {contains: [SOUR]}, season: {contains: "2030-01-01"}, notes: {hasKey: "a"}}}',
        '{whole: {lasts: {gt: "P1Y"}, host: {contains: "10.1.1.1"}, grid: {contains: [4]}, former: {length: {eq: 2}}}}',
        "{whole: {eq: $whole}}",
        "{stops: {length: {eq: 1}}}",
    ):
        given = f"query ($whole: EverythingValueInput) {{ parcels(where: {where}) {{ nodes {{ place {{ city }} }} }} }}"
        if "$" not in where:
            assert await places(api, where) == ["Oslo"], where
            assert await places(api, f"{{not: {where}}}") == [None, None], where
        else:
            found = await api.ask(given, whole=ONE_OF_EACH)
            assert [node["place"]["city"] for node in found["parcels"]["nodes"]] == ["Oslo"]
    assert await places(api, "{place: {isNull: true}}") == [None]
    assert await places(api, "{place: {isNull: false}}") == ["Oslo", None]
    assert await places(api, '{place: {ne: {city: "Oslo", zipCode: 150, eq: 7}}}') == [None, None]


@pytest.mark.parametrize("asked", [{"place": {"city": {}}}, {"place": {}}, {"stops": {"length": {}}}])
def test_a_filter_that_asks_nothing_of_an_attribute_is_told_apart(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidFilter, match="asks nothing"):
        check_complete(entity_of(Parcel), asked, "where")


async def test_what_a_domain_inside_refuses_is_an_error_of_the_input(api: Api) -> None:
    assert "rule of the database" in await create(api, place={"zipCode": -1})


async def test_what_python_has_no_form_for_costs_one_attribute(api: Api) -> None:
    async with api.engines.writing().begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO parcels (whole.born, whole.price, whole.home.city) VALUES ('infinity', 1.5, 'Oslo')"
        )
    document = "{ parcels { nodes { whole { born price home { city } } } } }"
    result = await api.schema.execute(document, None, context_value=ContextFactory(api.engines))
    assert result.data == {"parcels": {"nodes": [{"whole": {"born": None, "price": "1.50", "home": {"city": "Oslo"}}}]}}
    assert [error.path for error in result.errors or []] == [["parcels", "nodes", 0, "whole", "born"]]


def test_a_class_that_says_too_little_is_refused_when_it_is_declared() -> None:
    with pytest.raises(TypeError, match=r"Unsaid\.city says no type of the database"):

        @composite("unsaid")
        class Unsaid:
            city: str | None

    @composite("formless")
    class Formless:
        city: Annotated[complex | None, Text()]

    with pytest.raises(DeclarationError, match="no form for <class 'complex'>"):
        TYPES.known(Formless)
