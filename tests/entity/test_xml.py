"""XML, on servers that were built with it: shown and written, never compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.dialects.postgresql_types import XML
from db.kinds import Xml
from graph.entity import Node, entity, query_type
from tests.databases import Database
from tests.entity.serving import Api, Sample, fill, serve

pytestmark = pytest.mark.postgresql


class Base(DeclarativeBase):
    pass


class LetterRow(Base):
    __tablename__ = "letters"

    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[Xml | None] = mapped_column(XML)


@entity(LetterRow)
class Letter(Node):
    """A letter."""

    body: Xml | None


ROWS: list[dict[str, Any]] = [{"id": 1, "body": "<a>1</a>"}, {"id": 2, "body": None}]
SAMPLE = Sample("letters", Base.metadata, lambda _scale: {LetterRow: ROWS}, query_type(Letter))


@pytest.fixture
async def letters(blank_database: Database) -> AsyncIterator[Api]:
    connection = await asyncpg.connect(blank_database.url)
    try:
        await connection.fetchval("SELECT '<a/>'::xml")
    except asyncpg.FeatureNotSupportedError:
        pytest.skip("this server was built without XML")
    finally:
        await connection.close()
    await fill(blank_database, SAMPLE)
    async with serve(blank_database, SAMPLE) as api:
        yield api


async def test_xml_is_shown_and_looked_for_as_null_alone(letters: Api) -> None:
    found = await letters.ask("{ letters(where: {body: {isNull: false}}) { nodes { body } } }")
    assert found["letters"]["nodes"] == [{"body": "<a>1</a>"}]
    (message,) = await letters.errors('{ letters(where: {body: {eq: "<a/>"}}) { nodes { body } } }')
    assert message.startswith("Expected value of type 'XmlFilter' not to include unknown field 'eq'")
