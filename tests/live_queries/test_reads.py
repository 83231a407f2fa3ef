"""Which changes matter to what was read: columns, keys, rows that come and go; and everything, when in doubt."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, Uuid, func, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, mapped_column

from db.changes import Kind, RowChange
from db.fast import CompiledStatement
from db.session import RowsByKey
from graph.live_queries import RowReads
from graph.live_queries import reads as room
from graph.live_queries.reads import changed_by


class Base(DeclarativeBase):
    """Without a naming convention."""


class Book(Base):
    __tablename__ = "books"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int]
    shelf: Mapped[int] = mapped_column(ForeignKey("shelves.id"))


SHELVES = Table("shelves", Base.metadata, Column("id", Integer, primary_key=True), Column("name", Text))
LOANS = Table("loans", MetaData(), Column("id", Uuid, primary_key=True), Column("days", Integer), schema="desk")
BOOK = aliased(Book)
NUMBER = UUID("01890000-0000-7000-8000-000000000001")


def updated(*columns: str, key: str = "1", table: str = "books") -> RowChange:
    return RowChange(table, (key,), Kind.UPDATE, frozenset(columns))


def inserted(key: str = "1", table: str = "books") -> RowChange:
    return RowChange(table, (key,), Kind.INSERT)


def deleted(key: str = "1", table: str = "books") -> RowChange:
    return RowChange(table, (key,), Kind.DELETE)


TRUNCATED = RowChange("books", (), Kind.TRUNCATE)


def noted(statement: Any, found_by: RowsByKey | None = None, **more: Any) -> RowReads:
    found = RowReads(**more)
    found.note(statement, found_by)
    return found


def matters(reads: RowReads, *changes: RowChange) -> bool:
    return reads.are_touched_by(changed_by(changes))


LIST = select(BOOK.id, BOOK.title).where(BOOK.pages > 3)


@pytest.mark.parametrize("statement", [LIST, CompiledStatement(LIST)])
def test_a_list_is_about_rows_that_come_and_go_and_columns_that_it_names(statement: Any) -> None:
    reads = noted(statement)
    assert matters(reads, inserted())
    assert matters(reads, deleted())
    assert matters(reads, TRUNCATED)
    assert matters(reads, updated("title"))
    assert matters(reads, updated("pages"))  # the filter
    assert matters(reads, updated("shelf", "title"))
    assert matters(reads, updated("shelf"), updated("title", key="2"))
    assert not matters(reads, updated("shelf"))
    assert not matters(reads, inserted(table="shelves"))
    assert matters(reads, updated())  # which columns, nobody knows
    assert not matters(reads)


def test_columns_count_wherever_they_stand() -> None:
    shelf = select(SHELVES.c.name).where(SHELVES.c.id == BOOK.shelf).scalar_subquery()
    reads = noted(select(func.count()).select_from(BOOK).order_by(shelf))
    assert matters(reads, updated("name", table="shelves"))
    assert matters(reads, updated("shelf"))
    assert not matters(reads, updated("title"))


@pytest.mark.parametrize(
    "statement",
    [
        select(BOOK),
        select(Book.__table__),
        select(func.to_json(Book.__table__.table_valued())),  # type: ignore[attr-defined]
        text("SELECT title FROM books"),
    ],
)
def test_a_whole_row_is_about_every_column(statement: Any) -> None:
    assert matters(noted(statement), updated("shelf"))


def test_a_look_up_is_about_its_keys_alone() -> None:
    reads = noted(select(BOOK.title).where(BOOK.id == 1), RowsByKey("books", [(1,), (2,)]))
    assert matters(reads, updated("title"))
    assert matters(reads, inserted("2"))  # there may have been none
    assert matters(reads, deleted("2"))
    assert matters(reads, TRUNCATED)
    assert not matters(reads, updated("title", key="3"), inserted("4"), deleted("5"))
    assert not matters(reads, updated("pages"))
    assert not matters(reads, updated("pages"), updated("title", key="3"))


def test_a_look_up_and_a_list_are_both_of_weight() -> None:
    reads = noted(select(BOOK.title).where(BOOK.id == 1), RowsByKey("books", [(1,)]))
    reads.note(select(BOOK.pages))
    assert matters(reads, updated("pages", key="9"))
    assert matters(reads, updated("title"))
    assert not matters(reads, updated("title", key="9"))
    assert matters(reads, inserted("9"))


def test_a_look_up_by_a_uuid_in_another_schema() -> None:
    loan = LOANS.alias()
    reads = noted(select(loan.c.days), RowsByKey("desk.loans", [(NUMBER,)]))
    assert matters(reads, updated("days", key=str(NUMBER), table="desk.loans"))
    assert not matters(reads, updated("days", key=str(UUID(int=7)), table="desk.loans"))


def test_texts_may_be_equal_and_look_otherwise() -> None:
    reads = noted(select(BOOK.title), RowsByKey("books", [("A",)]))
    assert matters(reads, updated("title", key="a"))


def test_a_table_that_stands_twice_in_a_look_up_is_read_as_a_list() -> None:
    other = aliased(Book)
    twice = select(BOOK.title).where(select(other.id).where(other.pages == BOOK.pages).exists())
    reads = noted(twice, RowsByKey("books", [(1,)]))
    assert matters(reads, updated("pages", key="9"))
    bare = noted(select(BOOK.title).where(select(Book.id).exists()), RowsByKey("books", [(1,)]))
    assert matters(bare, inserted("9"))


def test_a_condition_on_the_same_row_leaves_a_look_up_one() -> None:
    shelved = select(SHELVES.c.id).where(SHELVES.c.id == BOOK.shelf).exists()
    reads = noted(select(BOOK.title).where(shelved), RowsByKey("books", [(1,)]))
    assert not matters(reads, updated("title", key="9"))
    assert matters(reads, updated("shelf"))
    assert matters(reads, inserted("9", table="shelves"))


def test_of_very_many_keys_every_row_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_KEYS", 3)
    reads = noted(select(BOOK.title), RowsByKey("books", [(number,) for number in range(5)]))
    assert matters(reads, updated("title", key="99"))
    assert not matters(reads, updated("pages", key="99"))


def test_hints_speak_for_what_nobody_can_look_into() -> None:
    reads = noted(text("SELECT 1"), told=["shelves"])
    assert reads.tables == {"shelves"}
    assert matters(reads, updated("name", table="shelves"))
    assert not matters(reads, inserted())
    reads.doubt()
    assert matters(reads, inserted())


def test_columns_that_tell_classes_apart_count_always() -> None:
    reads = noted(select(BOOK.title), always={"books": frozenset({"shelf"})})
    assert matters(reads, updated("shelf"))
    assert not matters(reads, updated("pages"))
