"""Two editors: what one read and the other has changed meanwhile."""

import asyncio
from typing import Any

from sqlalchemy import Executable, func, select

from db.session import Mode, RequestSession
from tests.writing.library import AskingLibrary, BookRow, GenreRow, book, book_genre

BOOK = "book { title changes }"
BOOKS = select(BookRow.title, BookRow.changes)


async def rows(library: AskingLibrary, statement: Executable) -> list[tuple[Any, ...]]:
    """What the database has, past the API."""
    async with RequestSession(library.engines, Mode.CURRENT) as session:
        return [tuple(row) for row in await session.rows(statement)]


async def make_book(library: AskingLibrary) -> str:
    """The id of a new book."""
    payload = await library.do("createBook", book(), "book { id }")
    assert payload["errors"] == []
    return str(payload["book"]["id"])


async def test_a_stale_version_changes_nothing_and_says_what_it_is_now(library: AskingLibrary) -> None:
    emma = await make_book(library)
    first = await library.do("updateBook", {"id": emma, "title": "First", "ifVersion": 1}, BOOK)
    assert first == {"book": {"title": "First", "changes": 2}, "errors": []}
    stale = {"id": emma, "title": "Second", "ifVersion": 1, "genres": {"add": [{"create": {"name": "a"}}]}}
    payload = await library.do("updateBook", stale, BOOK)
    assert payload == {
        "book": None,
        "errors": [
            {
                "__typename": "VersionConflict",
                "code": "VERSION_CONFLICT",
                "message": "The version is 2 now, not 1; read it again and decide anew.",
                "path": ["input", "ifVersion"],
                "currentVersion": 2,
            }
        ],
    }
    assert await rows(library, BOOKS) == [("First", 2)]
    assert await rows(library, select(GenreRow.name)) == []
    again = await library.do("updateBook", stale | {"ifVersion": 2}, BOOK)
    assert again == {"book": {"title": "Second", "changes": 3}, "errors": []}


async def test_of_many_editors_with_one_version_one_wins(library: AskingLibrary) -> None:
    emma = await make_book(library)

    async def edit(number: int) -> Any:
        return await library.do("updateBook", {"id": emma, "title": f"Title {number}", "ifVersion": 1}, BOOK)

    payloads = await asyncio.gather(*(edit(number) for number in range(8)))
    won = [payload["book"] for payload in payloads if not payload["errors"]]
    assert len(won) == 1
    conflicts = [error for payload in payloads for error in payload["errors"]]
    assert {(error["__typename"], error["currentVersion"]) for error in conflicts} == {("VersionConflict", 2)}
    assert await rows(library, BOOKS) == [(won[0]["title"], 2)]


async def test_editors_who_name_no_version_come_one_after_the_other(library: AskingLibrary) -> None:
    emma = await make_book(library)

    async def edit(number: int) -> Any:
        genres = {"add": [{"create": {"name": f"g{number}"}}]}
        return await library.do("updateBook", {"id": emma, "title": f"Title {number}", "genres": genres}, BOOK)

    payloads = await asyncio.gather(*(edit(number) for number in range(8)))
    assert all(payload["errors"] == [] for payload in payloads), payloads
    assert await rows(library, select(BookRow.changes)) == [(9,)]  # 1 at first, and 8 changes
    assert await rows(library, select(func.count()).select_from(book_genre)) == [(8,)]


async def test_one_who_changes_and_one_who_deletes_at_once(library: AskingLibrary) -> None:
    for _ in range(4):
        emma = await make_book(library)
        changed, deleted = await asyncio.gather(
            library.do("updateBook", {"id": emma, "title": "T"}, BOOK),
            library.do("deleteBook", {"id": emma}, "deletedId"),
        )
        assert deleted["deletedId"] == emma
        assert [error["__typename"] for error in changed["errors"]] in ([], ["NotFound"])
