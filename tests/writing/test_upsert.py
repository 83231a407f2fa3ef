"""One row, or many, by a natural key: made or changed, whoever else does so at the same time."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import UniqueConstraint, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from graph.entity import Node, entity
from graph.entity.registry import entity_of
from graph.errors import DeclarationError
from graph.writing import Crud, with_right
from graph.writing.saving import natural_keys, unique_names
from graph.writing.writer import EntityWriter
from tests.databases import StatementRecorder
from tests.writing.library import EDITORS, AskingLibrary, Book, Genre, GenreRow
from tests.writing.test_bulk import errors_of
from tests.writing.test_versions import rows
from tests.writing.theatre import AskingTheatre, Seat

GENRE = "genre { name note code edits } inserted"
SEAT = "seat { line number floor label price } inserted"


async def test_a_row_is_made_and_then_changed_and_the_answer_tells_which(
    library: AskingLibrary, statements: StatementRecorder
) -> None:
    with statements() as seen:
        made = await library.do("upsertGenre", {"name": "a", "note": "First", "code": "A"}, GENRE)
    assert made == {"genre": {"name": "a", "note": "First", "code": "A", "edits": 1}, "inserted": True, "errors": []}
    # the one that is there + INSERT … ON CONFLICT, then read back
    assert len([it for it in seen if "SAVEPOINT" not in it]) == 3, seen
    changed = await library.do("upsertGenre", {"name": "a", "note": "Second"}, GENRE)
    assert changed == {
        "genre": {"name": "a", "note": "Second", "code": "A", "edits": 2},
        "inserted": False,
        "errors": [],
    }
    cleared = await library.do("upsertGenre", {"name": "a", "code": None}, GENRE)
    assert cleared["genre"] == {"name": "a", "note": "Second", "code": None, "edits": 3}


async def test_the_client_names_one_of_several_keys(library: AskingLibrary) -> None:
    await library.do("upsertGenre", {"name": "a", "code": "A"}, GENRE)
    renamed = await library.do("upsertGenre", {"by": "CODE", "name": "b", "code": "A"}, GENRE)
    assert (renamed["genre"]["name"], renamed["inserted"]) == ("b", False)
    assert await library.refused("upsertGenre", {"by": "NAME", "name": "c", "code": "A"}, GENRE) == [
        ("AlreadyExists", ("input", "code"))
    ]
    for given in ({"name": "c"}, {"name": "c", "code": None}):
        assert await library.refused("upsertGenre", {"by": "CODE", **given}, GENRE) == [
            ("InvalidInput", ("input", "code"))
        ]
    assert await rows(library, select(GenreRow.name, GenreRow.code)) == [("b", "A")]


async def test_a_row_that_the_viewer_may_not_change_or_see_is_refused(library: AskingLibrary) -> None:
    async with library.engines.writing().begin() as connection:
        await connection.execute(insert(GenreRow).values(name="kept", note="fixed"))
        await connection.execute(insert(GenreRow).values(name="secret", is_secret=True))
    assert await library.refused("upsertGenre", {"name": "kept"}, GENRE) == [("Forbidden", ("input", "name"))]
    assert await library.refused("upsertGenre", {"name": "secret"}, GENRE) == [("AlreadyExists", ("input", "name"))]
    assert await library.refused("upsertGenre", {"name": "banned"}, GENRE) == [("InvalidInput", ("input", "name"))]


async def test_of_many_who_upsert_one_row_at_once_one_makes_it_and_nobody_fails(library: AskingLibrary) -> None:
    async def upsert(number: int) -> Any:
        return await library.do("upsertGenre", {"name": "a", "note": f"By {number}"}, GENRE)

    payloads = await asyncio.gather(*(upsert(number) for number in range(8)))
    assert all(payload["errors"] == [] for payload in payloads), payloads
    assert sorted(payload["inserted"] for payload in payloads) == [False] * 7 + [True]
    assert await rows(library, select(GenreRow.edits)) == [(8,)]


async def test_many_rows_by_a_key_of_two_columns(theatre: AskingTheatre, statements: StatementRecorder) -> None:
    given = [
        {"line": "C", "number": 1, "floor": 1, "label": "c1"},
        {"line": "A", "number": 1, "floor": 1, "label": "a1", "price": 99},
        {"line": "C", "number": 2, "floor": 2, "label": "a1"},
    ]
    with statements() as seen:
        payload = await theatre.do(
            "upsertSeats", {"by": "FLOOR_LABEL", "seats": given}, "seats { id label price } insertedIds"
        )
    assert payload["errors"] == []
    assert [(it["label"], it["price"]) for it in payload["seats"]] == [("c1", 10), ("a1", 99), ("a1", 10)]
    assert payload["insertedIds"] == [payload["seats"][0]["id"], payload["seats"][2]["id"]]
    # those that are there + INSERT … ON CONFLICT, then read back
    assert len([it for it in seen if "SAVEPOINT" not in it]) == 3, seen
    bad = [{"line": "D", "number": 1, "label": "d"}, given[1], given[1]]
    payload = await theatre.do(
        "upsertSeats", {"by": "FLOOR_LABEL", "seats": bad, "onError": "REJECT_FAILED"}, "seats { label } insertedIds"
    )
    assert (payload["seats"], payload["insertedIds"]) == ([{"label": "a1"}], [])
    assert errors_of(payload) == [
        ("InvalidInput", ("input", "seats", "0", "floor")),
        ("AlreadyExists", ("input", "seats", "2", "floor")),
    ]


async def test_a_row_is_found_by_its_key_of_two_parts_and_keeps_it(theatre: AskingTheatre) -> None:
    by_key = await theatre.do("upsertSeat", {"by": "LINE_NUMBER", "line": "A", "number": 1, "label": "new"}, SEAT)
    assert by_key["seat"] == {"line": "A", "number": 1, "floor": 1, "label": "new", "price": 10}
    elsewhere = {"by": "FLOOR_LABEL", "line": "Z", "number": 9, "floor": 1, "label": "new", "price": 12}
    moved = await theatre.do("upsertSeat", elsewhere, SEAT)
    assert (moved["seat"], moved["inserted"]) == (by_key["seat"] | {"price": 12}, False)


async def test_checks_are_asked_of_the_row_as_it_will_be(theatre: AskingTheatre) -> None:
    there = {"by": "LINE_NUMBER", "line": "A", "number": 1, "label": "a1"}
    assert await theatre.refused("upsertSeat", there | {"floor": 11}, SEAT) == [("InvalidInput", ("input", "floor"))]
    assert (await theatre.do("upsertSeat", there | {"floor": 11, "price": 11}, SEAT))["inserted"] is False


async def test_a_nouns_own_rule_is_asked_of_rows_that_are_there(theatre: AskingTheatre) -> None:
    taken, broken = ({"line": line, "number": 2} for line in "AB")
    asked = taken | {"label": "a2", "price": 1}
    assert await theatre.refused("upsertChair", asked, SEAT) == [("InvalidInput", ("input", "price"))]
    unasked = await theatre.do("upsertChair", taken | {"label": "a2"}, SEAT)
    assert unasked["seat"]["price"] == 20
    rows = [{"line": "C", "number": 1, "label": "c1"}, taken | {"label": "a2"}, broken | {"label": "mended"}]
    policy = {"onError": "REJECT_FAILED"}
    payload = await theatre.do("upsertChairs", {"seats": rows, **policy}, "seats { label } insertedIds")
    assert payload["seats"] == [{"label": "c1"}]
    assert errors_of(payload) == [
        ("InvalidInput", ("input", "seats", "1", "price")),  # a row stands for the whole, so its price would be 10
        ("InvalidState", ("input", "seats", "2", "line")),
    ]
    assert await theatre.refused("upsertChairs", {"seats": rows}, "seats { label }") == errors_of(payload)


def test_a_rule_that_waits_for_the_end_of_a_transaction_is_no_key_of_upserts() -> None:
    class Base(DeclarativeBase):
        """Of this model alone."""

    class SlotRow(Base):
        __tablename__ = "slots"
        __table_args__ = (UniqueConstraint("place", deferrable=True),)

        id: Mapped[int] = mapped_column(primary_key=True)
        place: Mapped[int]
        code: Mapped[int] = mapped_column(unique=True)

    @entity(SlotRow)
    class Slot(Node):
        place: int
        code: int

    writer = EntityWriter(entity_of(Slot), ["place", "code"])
    assert (unique_names(writer), natural_keys(writer)) == ([("code",), ("place",)], [("code",)])


async def prepare(_values: Any, _context: Any) -> None:
    """Nothing."""


def test_what_cannot_be_upserted_is_refused_when_it_is_declared() -> None:
    with pytest.raises(DeclarationError, match="Genre has a prepare_update"):
        Crud(Genre, ["name"], may=with_right(EDITORS), prepare_update=prepare).upsert("name")
    with pytest.raises(DeclarationError, match=r"Seat\.price is not unique, or not written"):
        Crud(Seat, ["price"], may=with_right(EDITORS), create=EDITORS).upsert("price")
    with pytest.raises(DeclarationError, match="Book has nothing unique that is written"):
        Crud(Book, ["title"], may=with_right(EDITORS), create=EDITORS).upsert_many()
    with pytest.raises(DeclarationError, match=r"Genre\.note and name is not unique"):
        Crud(Genre, ["name", "note"], may=with_right(EDITORS), create=EDITORS).upsert(("note", "name"))
