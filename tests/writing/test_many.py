"""Changes of all rows that a filter finds: what they cost, who may, what stands against single rows, and races."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import insert, select

from db.dialects import dialect_of
from graph.errors import DeclarationError
from graph.settings import MAX_CHANGED_ROWS
from graph.writing import Crud, with_right
from tests.databases import StatementRecorder
from tests.writing.library import EDITORS, KEEPER, AskingLibrary, Book, BookRow, GenreRow, book_genre
from tests.writing.test_bulk import errors_of
from tests.writing.test_versions import rows

POLICIES = ("REJECT_ALL", "REJECT_FAILED", "IGNORE_FAILED")
BOOKS = "books { title pages changes } count"


async def shelve(library: AskingLibrary, number: int, **values: Any) -> None:
    """So many books, the first of one page, the second of two."""
    made = [{"title": f"T{at:04}", "edition": 1, "pages": at + 1, "changes": 1, **values} for at in range(number)]
    async with library.engines.writing().begin() as connection:
        await connection.execute(insert(BookRow), made)


async def all_genres(library: AskingLibrary, *genres: dict[str, Any]) -> None:
    async with library.engines.writing().begin() as connection:
        for genre in genres:
            await connection.execute(insert(GenreRow).values(**{"is_secret": False, "edits": 1} | genre))


def returns(library: AskingLibrary) -> bool:
    """Whether an UPDATE tells which rows it has changed."""
    return dialect_of(library.engines.dialect).updates_return


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_rows_is_changed_in_one_statement(
    library: AskingLibrary, statements: StatementRecorder, count: int
) -> None:
    await shelve(library, count + 1)
    asked = {"where": {"pages": {"lte": count}}, "set": {"form": "essay", "price": "2.50"}}
    with statements() as seen:
        payload = await library.do("updateBooks", asked, "books { title form price changes } count")
    assert (payload["errors"], payload["count"], len(payload["books"])) == ([], count, count)
    assert payload["books"][1] == {"title": "T0001", "form": "essay", "price": "2.50", "changes": 2}
    # one UPDATE, then read back; where an UPDATE tells of no rows, they are locked before
    assert len(seen) == 2 + (not returns(library)), seen
    assert await rows(library, select(BookRow.changes).where(BookRow.form.is_(None))) == [(1,)]


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_numbers_is_counted_in_two_statements(
    library: AskingLibrary, statements: StatementRecorder, count: int
) -> None:
    await shelve(library, count, price=1)
    asked = {"all": True, "increment": {"pages": 10, "price": "0.10"}, "set": {"form": "essay"}}
    with statements() as seen:
        payload = await library.do("updateBooks", asked, "books { pages price changes } count")
    assert (payload["errors"], payload["count"]) == ([], count)
    assert payload["books"][:2] == [
        {"pages": 11, "price": "1.10", "changes": 2},
        {"pages": 12, "price": "1.10", "changes": 2},
    ]
    # lock + one UPDATE, then read back
    assert len(seen) == 3, seen


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_rows_is_deleted_in_one_statement(
    library: AskingLibrary, statements: StatementRecorder, count: int
) -> None:
    await shelve(library, count + 1)
    with statements() as seen:
        payload = await library.do("deleteBooks", {"where": {"pages": {"lte": count}}}, "deletedIds count")
    assert (payload["errors"], payload["count"], len(payload["deletedIds"])) == ([], count, count)
    # savepoint + one DELETE + its release; the same there
    assert len([it for it in seen if "SAVEPOINT" not in it]) == 1 + (not returns(library)), seen
    assert await rows(library, select(BookRow.pages)) == [(count + 1,)]


WHICH: list[tuple[dict[str, Any], str]] = [
    ({}, "where"),
    ({"where": {}}, "where"),
    ({"where": {"title": {}}}, "where"),
    ({"where": None}, "where"),
    ({"all": True, "where": {"pages": {"gt": 0}}}, "where"),
    ({"all": False}, "where"),
    ({"all": True, "limit": None}, "limit"),
    ({"all": True, "limit": 0}, "limit"),
    ({"all": True, "limit": MAX_CHANGED_ROWS + 1}, "limit"),
    ({"all": True, "expected": None}, "expected"),
    ({"all": True, "expected": 2}, "expected"),
]


@pytest.mark.parametrize("name", ["updateBooks", "deleteBooks"])
async def test_an_input_that_does_not_say_which_rows_is_refused(library: AskingLibrary, name: str) -> None:
    await shelve(library, 3)
    for asked, place in WHICH:
        given = asked if name == "deleteBooks" else {**asked, "set": {"form": "essay"}}
        assert await library.refused(name, given, "count") == [("InvalidInput", ("input", place))], asked
    assert await rows(library, select(BookRow.form)) == [(None,)] * 3


async def test_a_bound_whose_variable_has_no_value_is_refused(library: AskingLibrary) -> None:
    await shelve(library, 3)
    for name, kind in (("limit", "Int"), ("expected", "Int"), ("where", "BookFilter"), ("idempotencyKey", "String")):
        which = "" if name == "where" else "all: true, "
        payload = await library(
            f"mutation($it: {kind}) {{ deleteBooks(input: {{{which}{name}: $it}}) "
            "{ count errors { ... on UserError { path } } } }"
        )
        assert payload["deleteBooks"] == {"count": None, "errors": [{"path": ["input", name]}]}


async def test_an_update_of_nothing_is_refused(library: AskingLibrary) -> None:
    await shelve(library, 1)
    nothings: list[dict[str, Any]] = [{}, {"set": {}}, {"set": {}, "increment": {}}]
    for nothing in nothings:
        refused = await library.refused("updateBooks", {"all": True, **nothing}, "count")
        assert refused == [("InvalidInput", ("input", "set"))]
    twice = {"all": True, "set": {"pages": 1}, "increment": {"pages": 1}}
    assert await library.refused("updateBooks", twice, "count") == [("InvalidInput", ("input", "increment", "pages"))]


async def test_more_rows_than_the_bound_are_refused_and_taken_in_parts(library: AskingLibrary) -> None:
    await shelve(library, MAX_CHANGED_ROWS + 1)
    asked = {"all": True, "set": {"form": "essay"}}
    for given in (asked, {"all": True, "increment": {"pages": 1}}):
        assert await library.refused("updateBooks", given, "count") == [("InvalidInput", ("input", "where"))]
    assert await library.refused("deleteBooks", {"all": True}, "count") == [("InvalidInput", ("input", "where"))]
    whole = {"where": {"form": {"isNull": True}}, "set": {"form": "essay"}, "limit": MAX_CHANGED_ROWS}
    for count in (MAX_CHANGED_ROWS, 1, 0):
        assert (await library.do("updateBooks", whole, "count"))["count"] == count
    for count in (MAX_CHANGED_ROWS, 1, 0):
        payload = await library.do("deleteBooks", {"all": True, "limit": MAX_CHANGED_ROWS}, "deletedIds count")
        assert (payload["count"], len(payload["deletedIds"])) == (count, count)


async def test_as_many_as_expected_are_changed(library: AskingLibrary) -> None:
    await shelve(library, 3)
    asked = {"where": {"pages": {"gt": 1}}, "set": {"form": "essay"}, "expected": 2}
    assert (await library.do("updateBooks", asked, "count"))["count"] == 2
    assert (await library.do("deleteBooks", {"all": True, "expected": 3}, "count"))["count"] == 3
    none = {"all": True, "set": {"form": "essay"}, "expected": 0}
    assert await library.do("updateBooks", none, BOOKS) == {"books": [], "count": 0, "errors": []}


@pytest.mark.parametrize("policy", POLICIES)
async def test_rows_that_the_viewer_may_not_change_under_each_policy(library: AskingLibrary, policy: str) -> None:
    await all_genres(library, {"name": "a"}, {"name": "b", "note": "fixed"}, {"name": "c"})
    asked = {"all": True, "set": {"code": None, "note": "new"}, "onError": policy}
    payload = await library.do("updateGenres", asked, "genres { name note edits } count")
    good = [] if policy == "REJECT_ALL" else [{"name": name, "note": "new", "edits": 2} for name in ("a", "c")]
    assert payload["genres"] == good
    assert payload["count"] == (None if policy == "REJECT_ALL" else 2)
    assert errors_of(payload) == ([] if policy == "IGNORE_FAILED" else [("Forbidden", ("input", "where"))])
    gone = await library.do("deleteGenres", {"all": True, "onError": policy}, "count")
    assert gone["count"] == (None if policy == "REJECT_ALL" else 2)
    left = ["a", "b", "c"] if policy == "REJECT_ALL" else ["b"]
    assert await rows(library, select(GenreRow.name).order_by(GenreRow.name)) == [(name,) for name in left]


@pytest.mark.parametrize("policy", POLICIES)
async def test_sums_that_cannot_be_under_each_policy(library: AskingLibrary, policy: str) -> None:
    await shelve(library, 3)
    async with library.engines.writing().begin() as connection:
        await connection.execute(insert(BookRow).values(title="Long", pages=32_767))
        await connection.execute(insert(BookRow).values(title="Longer", pages=32_766))
    asked = {"all": True, "increment": {"pages": 2}, "onError": policy}
    payload = await library.do("updateBooks", asked, BOOKS)
    assert [it["pages"] for it in payload["books"]] == ([] if policy == "REJECT_ALL" else [3, 4, 5])
    assert errors_of(payload) == (
        [] if policy == "IGNORE_FAILED" else [("InvalidInput", ("input", "increment", "pages"))]
    )
    if policy == "REJECT_ALL":
        message = payload["errors"][0]["message"]
        assert message.startswith("The sum would be 32769. This must be less than 32768. So it is with 2 books, the")


async def test_what_the_database_refuses_is_an_error_at_its_place(library: AskingLibrary) -> None:
    await shelve(library, 2)
    for given, path in (
        ({"set": {"title": "Same"}}, ("AlreadyExists", ("input", "set", "title"))),
        ({"set": {"edition": 100}}, ("InvalidInput", ("input", "set"))),
        ({"set": {"pages": 40_000}}, ("InvalidInput", ("input", "set", "pages"))),
        ({"increment": {"pages": -1}}, ("InvalidInput", ("input", "increment", "pages"))),
        ({"set": {"code": "TOO LONG X"}}, ("InvalidInput", ("input", "set", "code"))),
        ({"set": {"title": None}}, ("InvalidInput", ("input", "set", "title"))),
    ):
        assert await library.refused("updateBooks", {"all": True, **given}, "count") == [path]
    await all_genres(library, {"name": "a"}, {"name": "b"})
    banned = {"where": {"name": {"eq": "a"}}, "set": {"name": "banned"}}
    assert await library.refused("updateGenres", banned, "count") == [("InvalidInput", ("input", "set", "name"))]


@pytest.mark.parametrize("policy", POLICIES)
async def test_rows_that_others_refer_to_stay_under_each_policy(library: AskingLibrary, policy: str) -> None:
    await shelve(library, 3)
    async with library.engines.writing().begin() as connection:
        await connection.execute(insert(BookRow).values(title="Sequel", pages=9, sequel_of_id=2))
    asked = {"where": {"pages": {"lt": 9}}, "onError": policy}
    payload = await library.do("deleteBooks", asked, "deletedIds count")
    left = ["Sequel", "T0000", "T0001", "T0002"] if policy == "REJECT_ALL" else ["Sequel", "T0001"]
    assert await rows(library, select(BookRow.title).order_by(BookRow.title)) == [(title,) for title in left]
    assert payload["count"] == (None if policy == "REJECT_ALL" else 2)
    assert errors_of(payload) == ([] if policy == "IGNORE_FAILED" else [("StillReferenced", ("input", "where"))])
    if policy == "REJECT_ALL":
        assert payload["errors"][0]["message"].startswith("This book still has books; delete or move what it has")


async def test_rows_that_the_viewer_does_not_see_stay_as_they_are(library: AskingLibrary) -> None:
    await all_genres(library, {"name": "a"}, {"name": "b", "is_secret": True})
    payload = await library.do("updateGenres", {"all": True, "set": {"note": "x"}, "expected": 1}, "count")
    assert payload == {"count": 1, "errors": []}
    assert (await library.do("deleteGenres", {"all": True}, "count"))["count"] == 1
    assert await rows(library, select(GenreRow.name, GenreRow.note)) == [("b", None)]
    assert (await library.by(KEEPER).do("deleteGenres", {"all": True}, "count"))["count"] == 1


async def test_many_who_count_at_once_are_all_counted(library: AskingLibrary) -> None:
    await shelve(library, 20)

    async def count() -> Any:
        return await library.do("updateBooks", {"all": True, "increment": {"pages": 1}}, "count")

    payloads = await asyncio.gather(*(count() for _ in range(6)))
    assert all(payload == {"count": 20, "errors": []} for payload in payloads), payloads
    assert await rows(library, select(BookRow.pages - BookRow.id, BookRow.changes).distinct()) == [(6, 7)]


async def test_of_many_who_change_what_they_find_each_row_is_changed_once(library: AskingLibrary) -> None:
    await shelve(library, 20)

    async def change(form: str) -> Any:
        asked = {"where": {"form": {"isNull": True}}, "set": {"form": form}, "limit": 10}
        return await library.do("updateBooks", asked, "count")

    payloads = await asyncio.gather(*(change(form) for form in ("novel", "essay") * 4))
    assert all(payload["errors"] == [] for payload in payloads), payloads
    assert set(await rows(library, select(BookRow.changes))) <= {(1,), (2,)}
    assert sum(payload["count"] for payload in payloads) == len(
        await rows(library, select(BookRow.id).where(BookRow.changes == 2))
    )


async def test_links_of_many_rows_are_written_as_those_of_one(library: AskingLibrary) -> None:
    await shelve(library, 3)
    which = {"where": {"pages": {"gt": 1}}}
    added = {"set": {"genres": {"add": [{"create": {"name": "a"}}]}, "form": "essay"}}
    payload = await library.do("updateBooks", which | added, "books { form changes genres { nodes { name } } } count")
    one = {"form": "essay", "changes": 2, "genres": {"nodes": [{"name": "a"}]}}
    assert payload == {"books": [one, one], "count": 2, "errors": []}
    removed = {"all": True, "set": {"genres": {"remove": [{"name": "a"}]}}}
    payload = await library.do("updateBooks", removed, "books { changes genres { totalCount } } count")
    assert [(book["changes"], book["genres"]["totalCount"]) for book in payload["books"]] == [(2, 0), (3, 0), (3, 0)]
    missing = {"all": True, "set": {"genres": {"add": [{"name": "missing"}]}}}
    assert await library.refused("updateBooks", missing, "count") == [
        ("NotFound", ("input", "set", "genres", "add", "0"))
    ]
    assert await rows(library, select(BookRow.changes)) == [(2,), (3,), (3,)]


async def test_links_of_rows_that_are_deleted_go_along(library: AskingLibrary) -> None:
    made = {"title": "Emma", "pages": 1, "genres": {"add": [{"create": {"name": "a"}}]}}
    await library.do("createBook", made, "book { id }")
    assert (await library.do("deleteBooks", {"all": True}, "count"))["count"] == 1
    assert await rows(library, select(book_genre.c.book_id)) == []


async def test_the_filter_of_a_change_has_the_price_of_a_filter(library: AskingLibrary) -> None:
    async def work(document: str) -> Any:
        result: Any = await library.schema.execute(
            document, context_value=library.context(), operation_extensions={"cost": True}
        )
        return result.extensions["cost"]["work"]

    where = '{genres: {some: {name: {contains: "a"}}}}'
    read = await work(f"{{ books(where: {where}) {{ nodes {{ id }} }} }}")
    assert await work(f"mutation {{ deleteBooks(input: {{where: {where}}}) {{ count }} }}") >= read / 2 > 0
    assert await work("mutation { deleteBooks(input: {all: true}) { count } }") == 0


def test_what_prepares_one_row_does_not_prepare_many() -> None:
    async def prepare(_values: Any, _context: Any) -> None: ...

    crud = Crud(Book, ["title"], may=with_right(EDITORS), prepare_update=prepare)
    with pytest.raises(DeclarationError, match="Book has a prepare_update"):
        crud.update_many()
