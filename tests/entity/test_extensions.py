"""Types of pgvector and PostGIS, on servers that have them: written, read, found and ordered by their distances."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import GraphQLError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.dialects.postgresql_extensions import GEOGRAPHY, GEOMETRY, HALFVEC, SPARSEVEC, VECTOR
from db.kinds import Geography, Geometry, SparseVector, Vector
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Node, Schema, entity, query_type
from graph.entity.extension_types import geometry
from graph.reflected.reading import plan_shown
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import ANYBODY, Crud, mutation_type
from tests.databases import Database
from tests.db.reflection.databases import catalog_of
from tests.entity.serving import Api, settings_of

pytestmark = pytest.mark.postgresql


class VectorBase(DeclarativeBase):
    pass


class WordRow(VectorBase):
    __tablename__ = "words"

    id: Mapped[int] = mapped_column(primary_key=True)
    meaning: Mapped[Vector | None] = mapped_column(VECTOR(3))
    half: Mapped[Vector | None] = mapped_column(HALFVEC(3))
    sparse: Mapped[SparseVector | None] = mapped_column(SPARSEVEC(5))


@entity(WordRow, plural="words")
class WordOfVectors(Node):
    """A word."""

    meaning: Vector | None
    half: Vector | None
    sparse: SparseVector | None


class PlaceBase(DeclarativeBase):
    pass


class SiteRow(PlaceBase):
    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(primary_key=True)
    spot: Mapped[Geography | None] = mapped_column(GEOGRAPHY("Point", 4326))
    area: Mapped[Geometry | None] = mapped_column(GEOMETRY("Geometry", 4326))
    drawn: Mapped[Geometry | None] = mapped_column(GEOMETRY("Point", 3857))
    flat: Mapped[Geometry | None] = mapped_column(GEOMETRY("Point", 0))


@entity(SiteRow, plural="sites")
class SiteOfPlaces(Node):
    """A site."""

    spot: Geography | None
    area: Geometry | None
    drawn: Geometry | None
    flat: Geometry | None


def schema_of(type_: type[Any], columns: list[str]) -> Schema:
    crud = Crud(type_, columns, may=lambda _viewer, _row: True, create=ANYBODY)
    return Schema(query_type(type_), Settings.model_construct(), mutation=mutation_type([crud.create]))


WORDS = schema_of(WordOfVectors, ["meaning", "half", "sparse"])
SITES = schema_of(SiteOfPlaces, ["spot", "area", "drawn", "flat"])


async def set_up(connection: AsyncConnection, extension: str) -> None:
    """Have the extension in the database, or skip the test."""
    there = await connection.scalar(
        text("SELECT count(*) FROM pg_available_extensions WHERE name = :name"), {"name": extension}
    )
    if not there:
        pytest.skip(f"this server does not have the extension {extension}")
    await connection.execute(text(f"CREATE EXTENSION {extension}"))


@pytest.fixture
async def words(blank_database: Database) -> AsyncIterator[Api]:
    engines = Engines(settings_of(blank_database))
    try:
        async with engines.writing().begin() as writing:
            await set_up(writing, "vector")
            await writing.run_sync(VectorBase.metadata.create_all)
        yield Api(WORDS, engines)
    finally:
        await engines.dispose()


@pytest.fixture
async def sites(blank_database: Database) -> AsyncIterator[Api]:
    engines = Engines(settings_of(blank_database))
    try:
        async with engines.writing().begin() as writing:
            await set_up(writing, "postgis")
            await writing.run_sync(PlaceBase.metadata.create_all)
        yield Api(SITES, engines)
    finally:
        await engines.dispose()


async def create(api: Api, noun: str, row: dict[str, Any]) -> Any:
    fields = " ".join(row)
    document = f"""mutation ($input: Create{noun}Input!) {{
      create{noun}(input: $input) {{
        {noun[0].lower()}{noun[1:]} {{ {fields} }} errors {{ ... on UserError {{ message }} }}
      }}
    }}"""
    context = ContextFactory(api.engines, viewer=Viewer(1, frozenset()))
    result = await api.schema.execute(document, {"input": row}, context_value=context)
    if result.errors:
        return result.errors[0].message
    assert result.data is not None
    made = result.data[f"create{noun}"]
    return made[f"{noun[0].lower()}{noun[1:]}"] or made["errors"][0]["message"]


async def walked(api: Api, many: str, name: str, arguments: str, *, backward: bool = False) -> list[Any]:
    """The values of a field, page by page of one row."""
    page = "last: 1, before: $at" if backward else "first: 1, after: $at"
    document = f"query ($at: String) {{ {many}({page}, {arguments}) {{ edges {{ cursor node {{ {name} }} }} }} }}"
    at, found = None, list[Any]()
    while edges := (await api.ask(document, at=at))[many]["edges"]:
        found.append(edges[0]["node"][name])
        at = edges[0]["cursor"]
        assert len(found) < 10
    return found[::-1] if backward else found


async def test_vectors_are_found_and_ordered_by_their_distances(words: Api) -> None:
    rows: list[dict[str, Any]] = [
        {"meaning": [1, 0, 0], "half": [0.5, 0, 0], "sparse": "{1:1}/5"},
        {"meaning": [3, 0.1, 0], "half": [0, 0.5, 0], "sparse": "{2:1.5,3:2}/5"},
        {"meaning": [0, 1, 0], "half": [0, 0, -0.5], "sparse": "{}/5"},
    ]
    for row in rows:
        assert await create(words, "WordOfVectors", row) == row
    await create(words, "WordOfVectors", {"meaning": None})
    first, second, third = (row["meaning"] for row in rows)
    near_two = "to: [2, 0, 0]"
    for order, expected in (
        (f"{near_two}", [first, second, third, None]),
        (f"{near_two}, by: COSINE, direction: DESC", [third, second, first, None]),
        (f"{near_two}, by: INNER_PRODUCT", [second, first, third, None]),
        (f"{near_two}, by: L1, direction: ASC_NULLS_FIRST", [None, first, second, third]),
    ):
        asked = f"orderBy: [{{meaning: {{{order}}}}}]"
        assert await walked(words, "words", "meaning", asked) == expected, order
        assert await walked(words, "words", "meaning", asked, backward=True) == expected, order
    for where, expected in (
        ("{meaning: {near: {to: [2, 0, 0], within: 1}}}", [first]),
        ("{meaning: {near: {to: [2, 0, 0], within: 0.001, by: COSINE}}}", [first, second]),
        ("{meaning: {eq: [1, 0, 0]}}", [first]),
        ('{sparse: {near: {to: "{1:1}/5", within: 1}}}', [first, third]),
        ("{half: {near: {to: [0.5, 0, 0], within: 0.1}}, meaning: {ne: [0, 1, 0]}}", [first]),
    ):
        found = await words.ask(f"{{ words(where: {where}) {{ nodes {{ meaning }} }} }}")
        assert [node["meaning"] for node in found["words"]["nodes"]] == expected, where
    assert "does not fit" in await create(words, "WordOfVectors", {"meaning": [1, 2]})
    assert "is not a vector" in await create(words, "WordOfVectors", {"meaning": [1, "x", 2]})
    (said,) = await words.errors("{ words(orderBy: [{meaning: {to: [1, 2]}}]) { nodes { meaning } } }")
    assert "different vector dimensions" in said


async def forms(database: Database) -> list[object]:
    """What reflection finds in the columns of the one table."""
    (model,) = plan_shown(await catalog_of(database)).models
    return [attribute.annotation for attribute in model.attributes if attribute.name != "id"]


@pytest.mark.usefixtures("words")
async def test_reflection_finds_vectors(blank_database: Database) -> None:
    assert await forms(blank_database) == [Vector, Vector, SparseVector]


@pytest.mark.usefixtures("sites")
async def test_reflection_finds_places(blank_database: Database) -> None:
    assert await forms(blank_database) == [Geography, Geometry, Geometry, Geometry]


OSLO, BERGEN, TOKYO = ({"type": "Point", "coordinates": it} for it in ([10.75, 59.91], [5.32, 60.39], [139.69, 35.69]))
NORWAY = {"type": "Polygon", "coordinates": [[[4, 58], [12, 58], [12, 64], [4, 64], [4, 58]]]}


async def test_places_are_found_and_ordered_by_their_distances(sites: Api) -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [1, 1.5]]}
    row = {"spot": OSLO, "area": NORWAY, "flat": {"type": "Point", "coordinates": [1, 2]}}
    assert await create(sites, "SiteOfPlaces", row) == row
    assert await create(sites, "SiteOfPlaces", {"spot": BERGEN, "area": line}) == {"spot": BERGEN, "area": line}
    drawn = (await create(sites, "SiteOfPlaces", {"spot": TOKYO, "drawn": TOKYO}))["drawn"]["coordinates"]
    assert drawn == pytest.approx(TOKYO["coordinates"])
    order = f"orderBy: [{{spot: {{to: {literal(OSLO)}}}}}]"
    assert await walked(sites, "sites", "spot", order) == [OSLO, BERGEN, TOKYO]
    assert await walked(sites, "sites", "spot", order, backward=True) == [OSLO, BERGEN, TOKYO]
    for where, expected in (
        (f"{{spot: {{near: {{to: {literal(OSLO)}, within: 400000}}}}}}", [OSLO, BERGEN]),
        (f"{{spot: {{near: {{to: {literal(OSLO)}, within: 200000}}}}}}", [OSLO]),
        (f"{{spot: {{within: {literal(NORWAY)}}}}}", [OSLO, BERGEN]),
        (f"{{area: {{contains: {literal(OSLO)}, intersects: {literal(BERGEN)}}}}}", [OSLO]),
        (f"{{area: {{within: {literal(NORWAY)}}}}}", [OSLO]),
        ("{spot: {inBoundingBox: {west: 4, south: 58, east: 6, north: 64}}}", [BERGEN]),
        ("{drawn: {inBoundingBox: {west: 139, south: 35, east: 140, north: 36}}}", [TOKYO]),
        ("{flat: {isNull: false}}", [OSLO]),
    ):
        found = await sites.ask(f"{{ sites(where: {where}) {{ nodes {{ spot }} }} }}")
        assert [node["spot"] for node in found["sites"]["nodes"]] == expected, where


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Point"},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": [1, "x"]},
        {"type": "LineString", "coordinates": [[0, 0]]},
        {"type": "LineString", "coordinates": [[0, 0], [1, 1, 1]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]},
        {"type": "Circle", "coordinates": [0, 0]},
        "POINT(1 1)",
    ],
)
def test_what_is_no_geojson_is_refused(shape: Any) -> None:
    with pytest.raises(GraphQLError, match="is not a geometry in GeoJSON, for instance"):
        geometry(shape)


async def test_a_shape_of_another_kind_than_the_columns_is_an_error_of_the_input(sites: Api) -> None:
    assert "does not fit" in await create(sites, "SiteOfPlaces", {"spot": NORWAY})
    collection = {"type": "GeometryCollection", "geometries": [OSLO, NORWAY]}
    assert await create(sites, "SiteOfPlaces", {"area": collection}) == {"area": collection}


def literal(value: Any) -> str:
    """A value as a literal of GraphQL."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {literal(it)}' for key, it in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
