"""Columns that take different texts for equal: what belongs together there belongs together in what is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graph.entity import Connection, Node, entity, query_type
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, Rows, Sample, fill, global_id, serve

pytestmark = pytest.mark.postgresql  # SQLite's collations are found by the keys as they are written


class Base(DeclarativeBase):
    pass


class PlanetRow(Base):
    __tablename__ = "planets"

    name: Mapped[str] = mapped_column(CITEXT, primary_key=True)

    moons: Mapped[list[MoonRow]] = relationship(back_populates="planet", lazy="raise", order_by="MoonRow.name")


class MoonRow(Base):
    __tablename__ = "moons"

    name: Mapped[str] = mapped_column(CITEXT, primary_key=True)
    planet_name: Mapped[str] = mapped_column(CITEXT, ForeignKey("planets.name"))

    planet: Mapped[PlanetRow] = relationship(back_populates="moons", lazy="raise")


@entity(PlanetRow, keys=["name"])
class Planet(Node):
    name: str
    moons: Connection[Moon]


@entity(MoonRow)
class Moon(Node):
    name: str
    planet_name: str
    planet: Planet


def rows(_scale: int) -> Rows:
    return {
        PlanetRow: [{"name": "Mars"}, {"name": "Venus"}],
        MoonRow: [{"name": "Deimos", "planet_name": "mars"}, {"name": "phobos", "planet_name": "MARS"}],
    }


SAMPLE = Sample("planets", Base.metadata, rows, query_type(Planet, Moon))


@pytest.fixture
async def planets(blank_database: Database) -> AsyncIterator[Api]:
    connection = await asyncpg.connect(blank_database.url)
    await connection.execute("CREATE EXTENSION citext")
    await connection.close()
    await fill(blank_database, SAMPLE)
    async with serve(blank_database, SAMPLE) as api:
        yield api


async def test_rows_belong_to_each_other_where_the_database_says_so(
    planets: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        found = await planets.ask(
            """
            {
              planets { nodes {
                name
                moons { totalCount nodes { name planetName planet { name } } aggregate { max { name } }
                  first: aggregate { groupBy(by: [{value: PLANET_NAME}]) { nodes { count } } } }
              } }
              planet(name: "MARS") { name }
              moons(where: {planet: {name: {eq: "mArS"}}, name: {contains: "h"}}) { nodes { planetName } }
            }
            """
        )
    # planets, their moons, counts, measures and groups, planets of moons; one planet; moons
    assert len(seen) == 6 + 1 + 1
    mars, venus = found["planets"]["nodes"]
    assert [(moon["name"], moon["planetName"]) for moon in mars["moons"]["nodes"]] == [
        ("Deimos", "mars"),
        ("phobos", "MARS"),
    ]
    assert [moon["planet"] for moon in mars["moons"]["nodes"]] == [{"name": "Mars"}] * 2
    assert (mars["moons"]["totalCount"], mars["moons"]["aggregate"]) == (2, {"max": {"name": "phobos"}})
    assert mars["moons"]["first"] == {"groupBy": {"nodes": [{"count": 2}]}}
    assert (venus["moons"]["totalCount"], venus["moons"]["nodes"]) == (0, [])
    assert found["planet"] == {"name": "Mars"}
    assert found["moons"]["nodes"] == [{"planetName": "MARS"}]


async def test_an_id_in_another_case_is_the_id_of_the_row(planets: Api) -> None:
    ids = [global_id(Planet, name) for name in ("mars", "Mars", "venus", "pluto")]
    found = await planets.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Planet { name } } }", ids=ids)
    assert found["nodes"] == [{"name": "Mars"}, {"name": "Mars"}, {"name": "Venus"}, None]
