"""All pages of an export are of one view, and memory holds one page at a time."""

import gc
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.session.engines import Engines
from graph.entity import Schema
from graph.errors import RateLimited
from graph.export.listing import listing_of
from graph.export.reading import ExportContexts, pages
from graph.prepare.documents import OperationRequest
from graph.settings import Settings
from graph.telemetry.record import OperationRecord
from tests.databases import Database
from tests.entity import stations
from tests.entity.serving import Rows, fill, settings_of
from tests.entity.stations_types import STATIONS

QUERY = OperationRequest("{ readings { nodes { degrees station { name } } } }")
PAGE = 62


def reading(schema: Schema, contexts: ExportContexts, asked: OperationRequest = QUERY) -> Any:
    listing = listing_of(asked, schema.preparer, schema.preparer.limits)
    return pages(listing, asked, schema.operations, contexts, 1_000_000, OperationRecord(asked), for_json=True)


@pytest.fixture
def schema() -> Schema:
    """A page has `PAGE` rows: each may need a second one, and one more tells whether others follow."""
    return Schema(STATIONS.query, Settings.model_construct(max_rows=2 * PAGE + 1))


async def filled_with(readings: int, database: Database) -> Engines:
    rows: Rows = {
        stations.Station: [{"name": "Ulm"}, {"name": "Bern"}],
        stations.Reading: [{"degrees": number, "station_id": 1 + number % 2} for number in range(readings)],
    }
    await fill(database, STATIONS._replace(rows=lambda _scale: rows))
    return Engines(settings_of(database))


async def test_rows_that_come_meanwhile_are_in_no_later_page(schema: Schema, blank_database: Database) -> None:
    engines = await filled_with(200, blank_database)
    contexts, found = ExportContexts(engines), []
    async for page in reading(schema, contexts):
        found += [row["degrees"] for row in page]
        async with engines.writing().begin() as connection:
            await AsyncSession(connection).execute(insert(stations.Reading), [{"degrees": 999, "station_id": 1}])
    await contexts.end()
    again = ExportContexts(engines)
    later = [row["degrees"] async for page in reading(schema, again) for row in page]
    await again.end()
    await engines.dispose()
    assert found == list(range(200))
    assert later == [*range(200), *[999] * -(-200 // PAGE)]


async def test_whoever_has_too_few_points_waits_between_pages(schema: Schema, blank_database: Database) -> None:
    engines = await filled_with(200, blank_database)
    contexts, counted = ExportContexts(engines), []

    async def count(points: int) -> None:
        counted.append(points)
        if len(counted) == 2:
            raise RateLimited(points, 0)

    contexts.count = count
    found = [row async for page in reading(schema, contexts) for row in page]
    await contexts.end()
    await engines.dispose()
    assert len(found) == 200
    assert len(counted) == 4 + 1  # four pages, one of them twice


async def test_memory_holds_one_page_however_long_the_list(schema: Schema, blank_database: Database) -> None:
    engines = await filled_with(1_500, blank_database)

    async def peak(first: int) -> int:
        asked = QUERY._replace(query=QUERY.query.replace("readings", f"readings(first: {first})"))
        contexts = ExportContexts(engines)
        tracemalloc.start()
        pages = 0
        async for _page in reading(schema, contexts, asked):
            pages += 1
            if not pages % 5:
                gc.collect()  # aliases of SQLAlchemy, which are made for each cursor and are cycles
        await contexts.end()
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    await peak(150)  # what is made once
    short, long = await peak(300), await peak(1_500)
    await engines.dispose()
    assert long < 1.5 * short
