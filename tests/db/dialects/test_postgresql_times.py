"""Days and times reach PostgreSQL as they are, whatever asyncpg would make of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import ARRAY, Date, DateTime, Time, bindparam, cast, literal_column, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.types import String, TypeEngine

from db.base import UtcDateTime
from db.dialects.postgresql_times import read_day, read_moment, read_moment_in_utc, read_time
from db.fast import CompiledStatement
from db.relations import parameter_type
from db.session import RequestSession
from db.unreadable import Unreadable, UnreadableValue, day_in_words, moment_in_words, time_in_words

LAST = datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
ZONE = timezone(timedelta(hours=-5, minutes=-30))

SENT: Sequence[tuple[TypeEngine[Any], Any, str]] = (
    (Date(), date.max, "9999-12-31"),
    (Date(), date.min, "0001-01-01"),
    (Date(), LAST, "9999-12-31"),
    (Date(), None, "nothing"),
    (DateTime(), LAST.replace(tzinfo=None), "9999-12-31 23:59:59.999999"),
    (DateTime(), date.min, "0001-01-01 00:00:00"),
    (DateTime(timezone=True), LAST, "9999-12-31 23:59:59.999999+00"),
    (UtcDateTime(), datetime(2024, 2, 29, 12, tzinfo=ZONE), "2024-02-29 17:30:00+00"),
    (Time(), time.max, "23:59:59.999999"),
    (Time(), time(12, tzinfo=ZONE), "12:00:00"),
    (Time(timezone=True), time(12, tzinfo=ZONE), "12:00:00-05:30"),
    (parameter_type(Date()), Unreadable("infinity"), "infinity"),
    (parameter_type(UtcDateTime()), Unreadable("20000-01-01T00:00:00+00:00"), "20000-01-01 00:00:00+00"),
)

REFUSED: Sequence[tuple[TypeEngine[Any], Any]] = (
    (Date(), "2024-02-29"),
    (DateTime(), LAST),
    (DateTime(), 1_709_208_000),
    (Time(), LAST),
    (Time(timezone=True), time(12)),
    (Date(), Unreadable()),
)


@pytest.mark.postgresql
@pytest.mark.parametrize(("type_", "value", "stored"), SENT)
async def test_a_value_arrives_as_it_is_alone_and_in_arrays(
    type_: TypeEngine[Any], value: Any, stored: str, session: RequestSession
) -> None:
    given_one = select(bindparam("value", type_=type_).label("one")).subquery("given")
    alone = CompiledStatement(
        select(literal_column("coalesce(CAST(given.one AS VARCHAR), 'nothing')")).select_from(given_one)
    )
    for _ in range(2):  # through SQLAlchemy, and past it
        ((found,),) = await session.rows(alone, {"value": value})
        assert found == stored
    if value is not None:
        several = select(cast(bindparam("values", type_=ARRAY(type_)), ARRAY(String)))
        ((strings,),) = await session.rows(CompiledStatement(several), {"values": [value, value]})
        assert strings == [stored, stored]


@pytest.mark.postgresql
@pytest.mark.parametrize(("type_", "value"), REFUSED)
async def test_a_value_that_would_become_another_one_is_refused(
    type_: TypeEngine[Any], value: Any, session: RequestSession
) -> None:
    with pytest.raises((StatementError, UnreadableValue)):
        await session.rows(select(bindparam("value", type_=type_)), {"value": value})


@pytest.mark.postgresql
async def test_infinities_are_told_from_the_ends_of_the_calendar(session: RequestSession) -> None:
    for type_, last in (("date", "9999-12-31"), ("timestamp", "9999-12-31 23:59:59.999999")):
        for words in ("infinity", "-infinity"):
            (found,) = await session.rows(text(f"SELECT '{words}'::{type_}, '{last}'::{type_}"))
            infinite, finite = tuple(found)
            assert infinite == Unreadable(words)
            assert finite.isoformat(*([" "] if type_ == "timestamp" else [])) == last


@given(st.dates())
def test_days_are_read_as_they_are_written(day: date) -> None:
    assert read_day(day.isoformat()) == day


@given(st.datetimes(), st.times())
def test_moments_and_times_are_read_as_they_are_written(moment: datetime, at: time) -> None:
    assert read_moment(moment.isoformat()) == moment
    assert read_moment_in_utc(moment.isoformat()) == moment.replace(tzinfo=UTC)
    assert read_time(at.isoformat()) == at


def test_what_python_has_no_form_for_keeps_its_words() -> None:
    for words in ("infinity", "-infinity", "0044-03-15 BC", "20000-01-01"):
        assert read_day(words) == day_in_words(words) == Unreadable(words)
    for words in ("0044-03-15T12:00:00 BC", "20000-01-01T00:00:00.5"):
        assert read_moment(words) == moment_in_words(words) == Unreadable(words)
    assert read_moment_in_utc("0044-03-15T12:00:00 BC") == Unreadable("0044-03-15T12:00:00+00:00 BC")
    assert read_moment_in_utc("-infinity") == Unreadable("-infinity")
    assert read_time("24:00:00") == time_in_words("24:00:00") == Unreadable("24:00:00")
