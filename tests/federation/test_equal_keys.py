"""Natural keys of which a database takes several writings for equal: a representation finds its row by any of them."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import db.emails  # noqa: F401 - which registers what an address is
from db.base import EmailAddress
from graph.context import ContextFactory
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from tests.databases import Database, engine_statements
from tests.entity.serving import Rows, Sample, fill, serve


class Base(DeclarativeBase):
    pass


class BoxRow(Base):
    __tablename__ = "boxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(EmailAddress, unique=True)


class Stars(DeclarativeBase):
    pass


class StarRow(Stars):
    __tablename__ = "stars"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(CITEXT, unique=True)


@entity(BoxRow, keys=["address"])
class Box(Node):
    address: str


@entity(StarRow, keys=["name"])
class Star(Node):
    name: str


def boxes(_scale: int) -> Rows:
    return {BoxRow: [{"id": 1, "address": "ann@example.org"}, {"id": 2, "address": "Bob@Example.org"}]}


def stars(_scale: int) -> Rows:
    return {StarRow: [{"id": 1, "name": "Sirius"}, {"id": 2, "name": "Vega"}]}


BOXES = Sample("boxes", Base.metadata, boxes, query_type(Box))
STARS = Sample("stars", Stars.metadata, stars, query_type(Star))


async def found(database: Database, sample: Sample, type_name: str, key: str, values: list[str]) -> list[str | None]:
    """The value that each representation's row has under its key, for one statement."""
    schema = Schema(sample.query, Settings.model_construct(federation=True))
    query = f"query ($given: [_Any!]!) {{ _entities(representations: $given) {{ ... on {type_name} {{ {key} }} }} }}"
    given = [{"__typename": type_name, key: value} for value in values]
    async with serve(database, sample) as api:
        with engine_statements() as seen:
            result = await schema.execute(query, {"given": given}, context_value=ContextFactory(api.engines))
    assert result.errors is None, result.errors
    assert len(seen) == 1
    assert result.data is not None
    return [one and one[key] for one in result.data["_entities"]]


async def test_an_address_is_found_however_its_case_is_written(blank_database: Database) -> None:
    await fill(blank_database, BOXES)
    asked = ["ANN@example.org", "bob@example.org", "ann@example.org", "carl@example.org"]
    answered = ["ann@example.org", "bob@example.org", "ann@example.org", None]
    assert await found(blank_database, BOXES, "Box", "address", asked) == answered


@pytest.mark.postgresql
async def test_a_text_is_found_by_what_its_column_takes_for_equal(blank_database: Database) -> None:
    connection = await asyncpg.connect(blank_database.url)
    await connection.execute("CREATE EXTENSION citext")
    await connection.close()
    await fill(blank_database, STARS)
    asked = ["SIRIUS", "sirius", "Vega", "Pollux"]
    assert await found(blank_database, STARS, "Star", "name", asked) == ["Sirius", "Sirius", "Vega", None]
