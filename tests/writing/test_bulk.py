"""Many rows in one statement, and what becomes of the good ones when others are bad."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import func, select

from db.session import RequestSession
from graph.errors import DeclarationError
from graph.writing import SIGNED_IN, Change, Crud, Rejected, with_right
from graph.writing.saving import ATTEMPTS, RowSaver
from tests.databases import StatementRecorder
from tests.writing.asking import in_change
from tests.writing.library import AskingLibrary, BookRow, Genre, GenreRow, book, books, genres

POLICIES = ("REJECT_ALL", "REJECT_FAILED", "IGNORE_FAILED")


def book_row(number: int, **values: Any) -> dict[str, Any]:
    return {"title": f"Title {number}", "pages": number + 1} | values


def genre_row(name: str, note: str | None = None) -> dict[str, Any]:
    return {"name": name, "note": note or name.capitalize()}


async def saved(library: AskingLibrary, column: Any = BookRow.title) -> list[str]:
    """The values of a column, in the order in which the rows were made."""
    async with RequestSession(library.engines) as session:
        return [row[0] for row in await session.rows(select(column).order_by(column.class_.id))]


def errors_of(payload: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(error["__typename"], tuple(error["path"])) for error in payload["errors"]]


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_books_costs_the_same_statements(
    library: AskingLibrary, statements: StatementRecorder, count: int
) -> None:
    rows = [book_row(number) for number in range(count)]
    with statements() as seen:
        payload = await library.do("createBooks", {"books": rows}, "books { title edition changes }")
    assert payload["errors"] == []
    assert payload["books"] == [{"title": row["title"], "edition": 1, "changes": 1} for row in rows]
    # taken titles + books, then read back
    assert len(seen) == 2 + 1, seen


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_genres_costs_the_same_statements(
    library: AskingLibrary, statements: StatementRecorder, count: int
) -> None:
    await library.do("upsertGenres", {"genres": [genre_row("genre-1", "Old")]}, "genres { id }")
    rows = [genre_row(f"genre-{number}") for number in range(count)]
    with statements() as seen:
        payload = await library.do("upsertGenres", {"genres": rows}, "genres { name note }")
    assert payload == {"genres": rows, "errors": []}
    # those that are there + one INSERT … ON CONFLICT, then read back
    assert len(seen) == 2 + 1, seen
    assert ("ON CONFLICT (name) DO UPDATE" in seen[1]) or ("ON DUPLICATE KEY UPDATE" in seen[1])


@pytest.mark.parametrize("policy", POLICIES)
async def test_one_row_that_breaks_a_rule_under_each_policy(library: AskingLibrary, policy: str) -> None:
    rows = [book_row(number) for number in range(5)]
    rows[3] = book_row(3, title="x" * 41, pages=40_000)
    payload = await library.do("createBooks", {"books": rows, "onError": policy}, "books { title }")
    broken = [
        ("InvalidInput", ("input", "books", "3", "title")),
        ("InvalidInput", ("input", "books", "3", "pages")),
    ]
    good = [] if policy == "REJECT_ALL" else [f"Title {number}" for number in (0, 1, 2, 4)]
    assert [made["title"] for made in payload["books"]] == good
    assert errors_of(payload) == ([] if policy == "IGNORE_FAILED" else broken)
    assert await saved(library) == good


@pytest.mark.parametrize("policy", POLICIES)
async def test_titles_that_are_taken_in_the_table_or_in_the_input_under_each_policy(
    library: AskingLibrary, policy: str
) -> None:
    await library.do("createBook", book("taken"), "book { id }")
    rows = [book(title) for title in ("a", "taken", "b", "a")]
    payload = await library.do("createBooks", {"books": rows, "onError": policy}, "books { title }")
    good = [] if policy == "REJECT_ALL" else ["a", "b"]
    broken = [
        ("AlreadyExists", ("input", "books", "1", "title")),
        ("AlreadyExists", ("input", "books", "3", "title")),
    ]
    assert [made["title"] for made in payload["books"]] == good
    assert errors_of(payload) == ([] if policy == "IGNORE_FAILED" else broken)
    assert await saved(library) == ["taken", *good]


async def test_an_input_of_bad_rows_alone_is_done_when_they_are_to_be_ignored(library: AskingLibrary) -> None:
    rows = {"books": [book_row(0, title=""), book_row(1, form="poem")], "onError": "IGNORE_FAILED"}
    assert await library.do("createBooks", rows, "books { id }") == {"books": [], "errors": []}
    assert await saved(library) == []


async def test_a_thousand_rows_are_taken_and_one_more_is_refused(library: AskingLibrary) -> None:
    rows = [genre_row(f"g{number}") for number in range(1_001)]
    for policy in POLICIES:
        assert await library.refused("upsertGenres", {"genres": rows, "onError": policy}, "genres { id }") == [
            ("InvalidInput", ("input", "genres"))
        ]
    assert len((await library.do("upsertGenres", {"genres": rows[1:]}, "genres { id }"))["genres"]) == 1_000


async def test_no_rows_are_no_error(library: AskingLibrary) -> None:
    assert await library.do("upsertGenres", {"genres": []}, "genres { id }") == {"genres": [], "errors": []}
    assert await library.do("createBooks", {"books": []}, "books { id }") == {"books": [], "errors": []}


async def test_columns_that_only_some_rows_give_have_their_defaults_in_the_others(library: AskingLibrary) -> None:
    rows = [book_row(0), book_row(1, price="1.50", edition=3), book_row(2, price=None)]
    payload = await library.do("createBooks", {"books": rows}, "books { price edition }")
    assert payload["books"] == [
        {"price": None, "edition": 1},
        {"price": "1.50", "edition": 3},
        {"price": None, "edition": 1},
    ]


async def test_upserted_rows_keep_their_ids_and_stand_in_the_order_of_the_input(library: AskingLibrary) -> None:
    first = {"genres": [genre_row("a"), genre_row("b"), genre_row("c")]}
    before = await library.do("upsertGenres", first, "genres { id name }")
    rows = [genre_row("c", "New C"), genre_row("d"), genre_row("a", "New A")]
    after = (await library.do("upsertGenres", {"genres": rows}, "genres { id name note }"))["genres"]
    ids = {genre["name"]: genre["id"] for genre in before["genres"]}
    assert [(genre["name"], genre["note"]) for genre in after] == [("c", "New C"), ("d", "D"), ("a", "New A")]
    assert (after[0]["id"], after[2]["id"]) == (ids["c"], ids["a"])
    assert await saved(library, GenreRow.name) == ["a", "b", "c", "d"]


async def test_a_key_may_stand_once_in_an_upsert(library: AskingLibrary) -> None:
    rows = {"genres": [genre_row("a", "First"), genre_row("a", "Second")], "onError": "REJECT_FAILED"}
    payload = await library.do("upsertGenres", rows, "genres { note }")
    assert payload["genres"] == [{"note": "First"}]
    assert errors_of(payload) == [("AlreadyExists", ("input", "genres", "1", "name"))]
    assert "Row 0" in payload["errors"][0]["message"]


async def test_the_same_new_rows_by_many_at_once_are_saved_once(library: AskingLibrary) -> None:
    async def create() -> Any:
        rows = [book_row(number) for number in range(20)]
        return await library.do("createBooks", {"books": rows, "onError": "REJECT_FAILED"}, "books { title }")

    payloads = await asyncio.gather(*(create() for _ in range(4)))
    assert sorted(len(payload["books"]) for payload in payloads) == [0, 0, 0, 20]
    assert {error["__typename"] for payload in payloads for error in payload["errors"]} == {"AlreadyExists"}
    assert len(await saved(library)) == 20


async def test_the_same_rows_upserted_by_many_at_once_are_made_once_and_nobody_fails(library: AskingLibrary) -> None:
    async def upsert(number: int) -> Any:
        rows = [genre_row(f"g{at}", f"By {number}") for at in range(20)]
        return await library.do("upsertGenres", {"genres": rows}, "genres { name }")

    payloads = await asyncio.gather(*(upsert(number) for number in range(5)))
    assert all(payload["errors"] == [] and len(payload["genres"]) == 20 for payload in payloads), payloads
    assert len(await saved(library, GenreRow.name)) == 20
    assert len(set(await saved(library, GenreRow.note))) == 1


async def bulk(change: Change, rows: Iterable[dict[str, Any]]) -> Any:
    """Upsert genres inside a change, as the mutation does."""
    mutation = genres.upsert_many("name")
    return await mutation.work(mutation.input.model_validate({"genres": list(rows)}), change)


async def test_a_row_that_nobody_looked_at_is_not_overwritten(
    library: AskingLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(_self: RowSaver, _batch: Any, _change: Change, _given: Any) -> dict[Any, Any]:
        return {}  # as if it had been made since then

    async def seed(change: Change) -> None:
        change.session.add(GenreRow(name="a", note="Theirs"))

    monkeypatch.setattr(RowSaver, "_look", blind)
    await in_change(library, seed)
    with pytest.raises(Rejected) as refused:
        await in_change(library, lambda change: bulk(change, [genre_row("b"), genre_row("a", "Ours")]))
    assert [error.path for error in refused.value.errors] == [["input", "genres", "1", "name"]]
    assert await saved(library, GenreRow.note) == ["Theirs"]


async def test_a_bulk_statement_flushes_what_the_session_holds_and_never_overwrites_it(library: AskingLibrary) -> None:
    async def seed(change: Change) -> None:
        change.session.add_all([GenreRow(name="kept", note="Kept"), GenreRow(name="both", note="Old")])

    async def work(change: Change) -> tuple[str | None, str | None]:
        kept, both = await change.session.scalars(select(GenreRow).order_by(GenreRow.id))
        kept.note = "Changed in the session"
        both.note = "Changed in the session"
        pending = GenreRow(name="pending", note="Pending")
        change.session.add(pending)
        await bulk(change, [genre_row("both", "Bulk"), genre_row("pending", "Bulk")])
        assert pending.id is not None
        both.name = "renamed"  # a later change of one column does not bring back another
        await change.session.flush()
        return both.note, pending.note

    await in_change(library, seed)
    assert await in_change(library, work) == ("Bulk", "Bulk")
    assert await saved(library, GenreRow.name) == ["kept", "renamed", "pending"]
    assert await saved(library, GenreRow.note) == ["Changed in the session", "Bulk", "Bulk"]


async def test_a_race_is_looked_at_three_times(library: AskingLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    async def blind(self: RowSaver, batch: Any, change: Change, given: Any) -> dict[Any, Any]:
        nonlocal looked
        looked += 1
        return (
            await look(self, batch, change, given) if looked == ATTEMPTS else {}
        )  # as if the other had committed by then

    async def seed(change: Change) -> None:
        change.session.add(BookRow(title="taken", pages=1))

    async def work(change: Change) -> Any:
        mutation = books.create_many()
        given = {"books": [book("taken"), book_row(1)], "onError": "REJECT_FAILED"}
        return await mutation.work(mutation.input.model_validate(given), change)

    await in_change(library, seed)
    look = RowSaver._look  # noqa: SLF001 - the one place where time passes between looking and writing
    monkeypatch.setattr(RowSaver, "_look", blind)
    result = await in_change(library, work)
    assert (len(result["books"]), [error.path for error in result["errors"]]) == (1, [["input", "books", "0", "title"]])
    assert looked == ATTEMPTS
    async with RequestSession(library.engines) as session:
        assert [tuple(row) for row in await session.rows(select(func.count()).select_from(BookRow))] == [(2,)]


def test_a_natural_key_that_is_not_unique_is_refused_when_it_is_declared() -> None:
    with pytest.raises(DeclarationError, match="note is not unique"):
        Crud(Genre, ["name", "note"], may=with_right(SIGNED_IN)).upsert_many("note")
