"""Moments on SQLite: whatever a column holds, every value has one place, and an index leads there."""

import datetime as dt
from collections.abc import Iterator
from operator import eq, ge, gt, le, lt
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Connection, DateTime, Time, bindparam, create_engine, event, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.dialects import dialect_of
from db.dialects.sqlite_moments import TYPES
from db.moments import moment_key
from db.relations import Term, comparable, root
from db.statements import LIMIT, PageShape, page
from tests.entity.laws import tried

OWN_FORM: DateTime = sqlite.DATETIME(storage_format="%(year)04d%(month)02d%(day)02d")  # type: ignore[no-untyped-call]  # SQLAlchemy's


class Base(DeclarativeBase):
    pass


class Note(Base):
    """A column with an index, one with a form of its own, and one whose type says nothing of a day."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(DateTime, index=True, nullable=True)
    stamp: Mapped[dt.datetime | None] = mapped_column(OWN_FORM)
    hour: Mapped[dt.time | None] = mapped_column(Time(timezone=True), index=True)


COLUMNS = Note.__table__.c

Value = str | int | float | bytes | None

VALUES: list[Value] = [
    None,
    -1,
    0.5,
    1_700_000_000,
    "",
    "12:00",
    "2024",
    "2024-01-01",
    "2024-01-01 00:00:00",
    "2024-01-01T00:00:00Z",
    "2024-01-01 00:00:00.000000",
    "2024-01-01T23:30:00-23:00",
    "2024-01-02T22:30:00.000",
    "2024-01-03T20:00:00+23:00",
    "2024-01-03T21:30:00+23:00",
    "2023-12-31 23:59:59.999999",
    "2023-99-99 00:00:00.000000",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31",
    "now",
    "soon",
    b"",
    b"\xff\xff",
]


@pytest.fixture(scope="module")
def notes() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    engine.dialect.colspecs = {**engine.dialect.colspecs, **TYPES}
    event.listen(engine, "connect", lambda connection, _: dialect_of("sqlite").prepare(connection))
    with engine.connect() as connection:
        Base.metadata.create_all(connection)
        yield connection
    engine.dispose()


def fill(notes: Connection, values: list[Value]) -> list[tuple[int, Value]]:
    """Rows with these values as they are, and what SQLite has made of them: texts of digits become numbers."""
    notes.exec_driver_sql("DELETE FROM notes")
    if values:
        notes.exec_driver_sql("INSERT INTO notes (id, at) VALUES (?, ?)", list(enumerate(values, 1)))
    return [(row[0], row[1]) for row in notes.exec_driver_sql("SELECT id, at FROM notes ORDER BY id")]


def place(value: Value) -> tuple[int, Any]:
    """Where a value that is not null stands: numbers, texts by their moments, blobs."""
    if isinstance(value, bytes):
        return (2, value)
    return (1, moment_key(value)) if isinstance(value, str) else (0, value)


def in_order(rows: list[tuple[int, Value]], *, descending: bool, nulls_first: bool) -> list[int]:
    rows = sorted(rows, key=lambda row: row[0], reverse=descending)
    known = [row for row in rows if row[1] is not None]
    known.sort(key=lambda row: place(row[1]), reverse=descending)
    nulls = [row for row in rows if row[1] is None]
    return [id_ for id_, _ in (nulls + known if nulls_first else known + nulls)]


values = st.lists(st.sampled_from(VALUES), max_size=12)


FAR = ["2024-01-01T23:30:00-23:00", "2024-01-03T20:00:00+23:00"]
"""Of one day in UTC, the texts two days apart, and in the wrong order."""


@tried(40)
@example(FAR, False, False, 1)
@example(FAR, True, True, 1)
@given(values, st.booleans(), st.booleans(), st.integers(1, 5))
def test_a_page_has_the_first_rows_whatever_the_column_holds(
    notes: Connection, held: list[Value], descending: bool, nulls_first: bool, limit: int
) -> None:
    rows = fill(notes, held)
    source = root(Note)
    terms = (Term(source.row.at, descending, True, nulls_first), Term(source.row.id, descending))
    statement = page(source, PageShape(("id",), terms), "sqlite")
    found = [row[0] for row in notes.execute(statement.select, {LIMIT: limit})]
    assert found == in_order(rows, descending=descending, nulls_first=nulls_first)[:limit]


def test_a_page_loses_no_null_of_a_column_that_should_have_none(notes: Connection) -> None:
    fill(notes, [None, "2024-01-01", "2024-01-02T00:00:00", None])
    for descending, expected in ((False, [1, 4, 2, 3]), (True, [3, 2, 4, 1])):
        source = root(Note)
        terms = (Term(source.row.at, descending), Term(source.row.id, descending))
        statement = page(source, PageShape(("id",), terms), "sqlite")
        assert [row[0] for row in notes.execute(statement.select, {LIMIT: 4})] == expected


COMPARED = [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2, 22, 30), dt.datetime.min, dt.datetime.max]  # noqa: DTZ001, DTZ901


@tried(30)
@example(FAR, COMPARED[1], lt)
@example(["2024-01-03T21:30:00+23:00"], COMPARED[1], eq)
@given(values, st.sampled_from(COMPARED), st.sampled_from([eq, lt, le, gt, ge]))
def test_a_comparison_finds_what_stands_there(
    notes: Connection, held: list[Value], value: dt.datetime, operator: Any
) -> None:
    rows = fill(notes, held)
    wanted = (1, value.isoformat(" ", "microseconds"))
    expected = [id_ for id_, held_value in rows if held_value is not None and operator(place(held_value), wanted)]
    found = notes.scalars(select(Note.id).where(operator(comparable(COLUMNS.at), value)).order_by(Note.id))
    assert list(found) == expected


def plan(notes: Connection, statement: Any, **parameters: Any) -> str:
    compiled = statement.compile(notes, compile_kwargs={"render_postcompile": True})
    given = compiled.construct_params(parameters)
    ordered = tuple(str(given[name]) if name != LIMIT else given[name] for name in compiled.positiontup)
    rows = notes.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", ordered)
    return "\n".join(row[3] for row in rows)


def test_an_index_serves_comparisons_and_pages(notes: Connection) -> None:
    at = comparable(COLUMNS.at)
    for condition, searched in (
        (at == COMPARED[0], "(at>? AND at<?)"),
        (at < COMPARED[0], "(at<?)"),
        (at >= COMPARED[0], "(at>?)"),
        (at.in_(COMPARED), "(at>? AND at<?)"),
        (at == bindparam("at", COMPARED[0]), "(at>? AND at<?)"),
    ):
        assert f"ix_notes_at {searched}" in plan(notes, select(Note.id).where(condition))
    source = root(Note)
    for descending, nearest in ((False, "(at<?)"), (True, "(at>?)")):
        shape = PageShape(("id", "hour"), (Term(source.row.at, descending), Term(source.row.id, descending)))
        found = plan(notes, page(source, shape, "sqlite").select, **{LIMIT: 3})
        assert f"SEARCH notes_1 USING INDEX ix_notes_at {nearest}" in found
        assert "SCAN notes_1 USING COVERING INDEX ix_notes_at" in found


def test_a_form_of_a_types_own_stays_as_it_is(notes: Connection) -> None:
    compiled = str(select(Note.id).where(comparable(COLUMNS.stamp) == bindparam("at")).compile(notes))
    assert "notes.stamp = ?" in compiled
    assert "trellis" not in compiled


def test_times_of_day_are_read_and_written_in_utc(notes: Connection) -> None:
    fill(notes, [None])
    notes.exec_driver_sql("UPDATE notes SET hour = '00:30+02:00'")
    assert notes.scalar(select(Note.hour)) == dt.time(22, 30, tzinfo=dt.UTC)
    ahead = dt.timezone(dt.timedelta(hours=3))
    assert notes.scalar(select(COLUMNS.id).where(comparable(COLUMNS.hour) == dt.time(1, 30, tzinfo=ahead))) == 1
