"""References to rows whose keys are of several columns: every part of an id counts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from db.session.engines import Engines
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from tests.databases import Database, StatementRecorder
from tests.entity.serving import settings_of
from tests.writing.archive import AskingArchive, Base, Shelf
from tests.writing.library import EDITOR

BOX = "box { id shelves { nodes { room number } } }"


@pytest.fixture
async def archive(blank_database: Database) -> AsyncIterator[AskingArchive]:
    """Four shelves: 1 and 2 in the cellar, 1 and 2 in the attic."""
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    archive = AskingArchive(engines, EDITOR)
    for room, number in (("cellar", 1), ("cellar", 2), ("attic", 1), ("attic", 2)):
        await archive.do("createShelf", {"room": room, "number": number})
    yield archive
    await engines.dispose()


def shelf(room: str, number: int) -> dict[str, str]:
    return {"id": encode_id(entity_of(Shelf), (room, number))}


def places(payload: Any) -> set[tuple[str, int]]:
    assert payload["errors"] == []
    return {(it["room"], it["number"]) for it in payload["box"]["shelves"]["nodes"]}


async def test_every_part_of_an_id_counts(archive: AskingArchive, statements: StatementRecorder) -> None:
    links = {"add": [shelf("cellar", 2), shelf("attic", 1)]}
    made = await archive.do("createBox", {"letter": "A", "year": 1900, "label": "Letters", "shelves": links}, BOX)
    assert places(made) == {("cellar", 2), ("attic", 1)}
    moved = {"id": made["box"]["id"], "shelves": {"remove": [shelf("attic", 1)], "add": [shelf("attic", 2)]}}
    with statements() as seen:
        assert places(await archive.do("updateBox", moved, BOX)) == {("cellar", 2), ("attic", 2)}
    # the box, its links, the shelves to remove and to add, then delete and insert; read back: the box and its shelves
    assert len(seen) == 6 + 2, seen


async def test_a_key_of_which_one_part_is_elsewhere_is_not_there(archive: AskingArchive) -> None:
    links = {"add": [shelf("attic", 2), shelf("cellar", 3), shelf("tower", 1)]}
    refused = await archive.refused("createBox", {"letter": "A", "year": 1, "label": "Maps", "shelves": links}, BOX)
    assert refused == [
        ("NotFound", ("input", "shelves", "add", "1")),
        ("NotFound", ("input", "shelves", "add", "2")),
    ]
