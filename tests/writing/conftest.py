"""An empty library, and an editor who asks it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert

from tests.databases import Database
from tests.writing.library import EDITOR, AskingLibrary, make_library
from tests.writing.theatre import AskingTheatre, SeatRow, TicketRow, make_theatre


@pytest.fixture
async def library(blank_database: Database) -> AsyncIterator[AskingLibrary]:
    """Asks as an editor; `library.by(viewer)` as somebody else."""
    engines = await make_library(blank_database)
    yield AskingLibrary(engines, EDITOR)
    await engines.dispose()


@pytest.fixture
async def theatre(blank_database: Database) -> AsyncIterator[AskingTheatre]:
    """Four seats: one is taken, one is broken, one is in a ticket."""
    made = await make_theatre(blank_database)
    rows = [
        {"line": "A", "number": 1, "floor": 1, "label": "a1", "price": 10, "is_taken": False},
        {"line": "A", "number": 2, "floor": 1, "label": "a2", "price": 20, "is_taken": True},
        {"line": "B", "number": 1, "floor": 1, "label": "b1", "price": 30, "is_taken": False},
        {"line": "B", "number": 2, "floor": None, "label": "broken", "price": 40, "is_taken": False},
    ]
    async with made.engines.writing().begin() as connection:
        await connection.execute(insert(SeatRow), rows)
        await connection.execute(insert(TicketRow).values(line="B", number=1))
    yield made
    await made.engines.dispose()
