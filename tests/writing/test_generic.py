"""A noun of somebody else's, on a base of its own, with create, update and delete in a few declared lines."""

from typing import Any

import pytest

from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from tests.databases import StatementRecorder
from tests.writing.library import KEEPER, AskingLibrary, Book, Genre, book

BOOK = "book { id title edition pages price form changes genres { nodes { name } } }"


async def made(library: AskingLibrary, **values: Any) -> Any:
    payload = await library.do("createBook", book(**values), BOOK)
    assert payload["errors"] == []
    return payload["book"]


def new(*names: str) -> list[dict[str, Any]]:
    return [{"create": {"name": name}} for name in names]


def names_of(book_: Any) -> list[str]:
    return [genre["name"] for genre in book_["genres"]["nodes"]]


async def changed(library: AskingLibrary, book_: Any, **genres: Any) -> Any:
    payload = await library.do("updateBook", {"id": book_["id"], "genres": genres}, BOOK)
    assert payload["errors"] == []
    return payload["book"]


async def test_it_is_created_changed_and_deleted(library: AskingLibrary) -> None:
    emma = await made(library, price="12.50", form="novel")
    assert emma | {"id": ""} == {
        "id": "",
        "title": "Emma",
        "edition": 1,
        "pages": 400,
        "price": "12.50",
        "form": "novel",
        "changes": 1,
        "genres": {"nodes": []},
    }
    payload = await library.do("updateBook", {"id": emma["id"], "price": None, "ifVersion": 1}, BOOK)
    assert payload["book"] == emma | {"price": None, "changes": 2}
    stale = {"id": emma["id"], "ifVersion": 1}
    assert await library.refused("deleteBook", stale, "deletedId") == [("VersionConflict", ("input", "ifVersion"))]
    assert await library.do("deleteBook", {"id": emma["id"]}, "deletedId") == {"deletedId": emma["id"], "errors": []}
    assert await library.refused("deleteBook", {"id": emma["id"]}, "deletedId") == [("NotFound", ("input", "id"))]


@pytest.mark.parametrize(
    ("values", "path", "says"),
    [
        ({"price": "10000.00"}, "price", "At most 4 digits may stand before the point."),
        ({"price": "1.005"}, "price", "At most 2 digits may stand behind the point."),
        ({"pages": 40_000}, "pages", "This must be less than 32768."),
        ({"form": "poem"}, "form", "This must be one of novel, essay."),
        ({"title": " "}, "title", "This must not be empty; write something."),
        ({"title": "x" * 41}, "title", "At most 40 characters fit here; shorten the text."),
    ],
)
async def test_limits_of_columns_are_rules(library: AskingLibrary, values: Any, path: str, says: str) -> None:
    payload = await library.do("createBook", book() | values, BOOK)
    assert [(error["__typename"], error["path"], error["message"]) for error in payload["errors"]] == [
        ("InvalidInput", ["input", path], says)
    ]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"pages": 0}, "This would break a rule of the database: pages are positive. Choose other values."),
        ({"edition": 100}, "This would break a rule of the database. Choose other values."),
    ],
)
async def test_checks_of_the_database_say_the_same_on_both(library: AskingLibrary, values: Any, says: str) -> None:
    (error,) = (await library.do("createBook", book() | values, BOOK))["errors"]
    assert (error["__typename"], error["path"], error["message"]) == ("InvalidInput", ["input"], says)


async def test_values_that_are_unique_together_say_the_same_on_both(library: AskingLibrary) -> None:
    await made(library, edition=2)
    (error,) = (await library.do("createBook", book(edition=2), BOOK))["errors"]
    assert (error["__typename"], error["path"]) == ("AlreadyExists", ["input", "title"])
    assert error["message"] == "Among the books, this title and edition is taken; choose another."
    rows = [book(edition=3), book(edition=2), book(edition=3), book()]
    payload = await library.do("createBooks", {"books": rows, "onError": "REJECT_FAILED"}, "books { edition }")
    assert payload["books"] == [{"edition": 3}, {"edition": 1}]
    assert [error["path"] for error in payload["errors"]] == [
        ["input", "books", "1", "title"],
        ["input", "books", "2", "title"],
    ]


async def test_a_check_of_the_database_refuses_all_rows_for_it_does_not_say_which(library: AskingLibrary) -> None:
    rows = {"books": [book(), book("Persuasion", pages=0)], "onError": "REJECT_FAILED"}
    assert await library.refused("createBooks", rows, "books { id }") == [("InvalidInput", ("input",))]


async def test_an_upsert_changes_what_the_viewer_may_change_and_counts_it(library: AskingLibrary) -> None:
    genre = "genres { name note edits }"
    rows = [{"name": "a", "note": "old"}, {"name": "b", "note": "fixed"}, {"name": "secret", "code": "s"}]
    assert (await library.do("upsertGenres", {"genres": rows}, genre))["errors"] == []
    async with library.engines.writing().begin() as connection:
        await connection.exec_driver_sql("UPDATE genres SET is_secret = true WHERE name = 'secret'")
    rows = [
        {"name": "new"},
        {"name": "secret"},
        {"name": "b", "note": "new"},
        {"name": "a"},
        {"name": "c", "code": "s"},
    ]
    payload = await library.do("upsertGenres", {"genres": rows, "onError": "REJECT_FAILED"}, genre)
    assert payload["genres"] == [{"name": "new", "note": None, "edits": 1}, {"name": "a", "note": None, "edits": 2}]
    assert [(error["__typename"], error["path"]) for error in payload["errors"]] == [
        ("AlreadyExists", ["input", "genres", "1", "name"]),
        ("Forbidden", ["input", "genres", "2", "name"]),
        ("AlreadyExists", ["input", "genres", "4", "code"]),
    ]


async def test_links_are_set_added_and_removed_in_this_order(library: AskingLibrary) -> None:
    emma = await made(library, genres={"add": new("a", "b", "a", "c")})
    assert names_of(emma) == ["a", "b", "c"]
    emma = await changed(library, emma, add=[{"name": "b"}, *new("d")])
    assert names_of(emma) == ["a", "b", "c", "d"]
    emma = await changed(library, emma, set=[{"name": "d"}, {"name": "b"}], remove=[{"name": "b"}], add=new("b", "e"))
    assert names_of(emma) == ["d", "b", "e"]
    assert emma["changes"] == 3
    emma = await changed(library, emma, set=[{"name": "d"}, {"name": "b"}, {"name": "e"}])
    assert emma["changes"] == 3  # nothing has changed
    assert names_of(await changed(library, emma, set=[])) == []


async def test_links_to_rows_that_the_viewer_may_not_see_stay(library: AskingLibrary) -> None:
    emma = await made(library, genres={"add": new("a", "secret", "b")})
    keeper = library.by(KEEPER)
    async with library.engines.writing().begin() as connection:
        await connection.exec_driver_sql("UPDATE genres SET is_secret = true WHERE name = 'secret'")
    assert names_of((await library("{ books { nodes { genres { nodes { name } } } } }"))["books"]["nodes"][0]) == [
        "a",
        "b",
    ]
    emma = await changed(library, emma, set=[{"name": "b"}])
    assert names_of(emma) == ["b"]
    books = await keeper("{ books { nodes { genres { nodes { name } } } } }")
    assert names_of(books["books"]["nodes"][0]) == ["b", "secret"]
    hidden = {"id": emma["id"], "genres": {"remove": [{"name": "secret"}]}}
    assert await library.refused("updateBook", hidden, BOOK) == [("NotFound", ("input", "genres", "remove", "0"))]
    taken = {"id": emma["id"], "genres": {"add": new("x", "secret")}}
    assert await library.refused("updateBook", taken, BOOK) == [
        ("AlreadyExists", ("input", "genres", "add", "1", "create", "name"))
    ]


async def test_moving_links_costs_one_statement_however_many_move(
    library: AskingLibrary, statements: StatementRecorder
) -> None:
    letters = [chr(ord("a") + number) for number in range(20)]
    emma = await made(library, genres={"add": new(*letters)})
    ids = [{"name": letter} for letter in reversed(letters[1:])]
    with statements() as seen:
        payload = await library.do("updateBook", {"id": emma["id"], "genres": {"set": ids}}, BOOK)
    assert names_of(payload["book"]) == list(reversed(letters[1:]))
    # lock + links now + genres by name + delete + move + version, then read back: book and genres
    assert len(seen) == 6 + 2, seen


async def test_missing_links_are_told_each_at_its_place(library: AskingLibrary) -> None:
    missing = encode_id(entity_of(Genre), (99,))
    references = [{"create": {"name": "a"}}, {"name": "none"}, {"id": missing}]
    assert await library.refused("createBook", book(genres={"add": references}), BOOK) == [
        ("NotFound", ("input", "genres", "add", "1")),
        ("NotFound", ("input", "genres", "add", "2")),
    ]
    wrong = [{"id": encode_id(entity_of(Book), (1,))}]
    assert await library.refused("createBook", book(genres={"add": wrong}), BOOK) == [
        ("InvalidInput", ("input", "genres", "add", "0", "id"))
    ]


async def test_at_most_a_hundred_links_fit_into_one_list(library: AskingLibrary) -> None:
    payload = await library.do("createBook", book(genres={"add": [{"name": "a"}] * 101}), BOOK)
    (error,) = payload["errors"]
    assert (error["__typename"], error["path"]) == ("InvalidInput", ["input", "genres", "add"])
    assert error["message"].startswith("At most 100 of them fit into one request")
