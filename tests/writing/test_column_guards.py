"""A guard stands on its column, whichever way a value comes."""

import pytest
from sqlalchemy import insert

from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.writing import guard_column
from tests.databases import StatementRecorder
from tests.writing.library import AskingLibrary, Genre, GenreRow, book

GENRE = "genre { id name note }"
BANNED = {"name": "banned"}


async def made(library: AskingLibrary, name: str) -> str:
    payload = await library.do("createGenre", {"name": name}, GENRE)
    assert payload["errors"] == []
    return str(payload["genre"]["id"])


async def test_every_path_to_a_column_asks_its_guard_and_costs_no_statement(
    library: AskingLibrary, statements: StatementRecorder
) -> None:
    genre = await made(library, "fine")
    assert await library.refused("createGenre", BANNED, GENRE) == [("InvalidInput", ("input", "name"))]
    with statements() as seen:
        assert await library.refused("updateGenre", {"id": genre} | BANNED, GENRE) == [
            ("InvalidInput", ("input", "name"))
        ]
    assert len(seen) == 1, seen  # the row
    upsert = {"genres": [{"name": "good"}, BANNED], "onError": "REJECT_FAILED"}
    payload = await library.do("upsertGenres", upsert, "genres { name }")
    assert payload["genres"] == [{"name": "good"}]
    assert [(error["path"], error["message"]) for error in payload["errors"]] == [
        (["input", "genres", "1", "name"], "No genre is called so; choose another name.")
    ]
    for name, given in (("createBook", book()), ("updateBook", {"id": await a_book(library)})):
        ((kind, path),) = await library.refused(name, {**given, "genres": {"set": [{"create": BANNED}]}}, "book { id }")
        assert (kind, path[-1]) == ("InvalidInput", "name")


async def a_book(library: AskingLibrary) -> str:
    payload = await library.do("createBook", book("Persuasion"), "book { id }")
    return str(payload["book"]["id"])


async def test_a_row_keeps_a_value_that_came_before_its_guard(library: AskingLibrary) -> None:
    async with library.engines.writing().begin() as connection:
        await connection.execute(insert(GenreRow).values(id=70, name="banned"))
    given = {"id": encode_id(entity_of(Genre), (70,)), "name": "banned", "note": "old"}
    payload = await library.do("updateGenre", given, "genre { name note }")
    assert payload == {"genre": {"name": "banned", "note": "old"}, "errors": []}


def test_a_column_has_one_guard() -> None:
    with pytest.raises(ValueError, match=r"GenreRow\.name has a guard already; put both rules into one\."):
        guard_column(GenreRow, "name", lambda _value, _context, _place: None)
