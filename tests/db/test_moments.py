"""Moments as texts: what is taken of clients, and how the texts of other programs compare."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.moments import (
    UnreadableMoment,
    day,
    day_beside,
    day_key,
    moment,
    moment_key,
    stored_day,
    stored_moment,
    stored_time,
    time_key,
    time_of_day,
)
from tests.entity.laws import tried

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)

TAKEN = {
    "2024-01-01T00:00:00Z": NEW_YEAR,
    "2024-01-01t00:00:00z": NEW_YEAR,
    "2024-01-01 00:00:00Z": NEW_YEAR,
    "2024-01-01T00:00Z": NEW_YEAR,
    "2024-01-01T00:00:00-00:00": NEW_YEAR,
    "2024-01-01T23:59:00+23:59": NEW_YEAR,
    "2023-12-31T00:01:00-23:59": NEW_YEAR,
    "2024-01-01T00:00:00.000000000Z": NEW_YEAR,
    "2024-01-01T00:00:00.5Z": NEW_YEAR.replace(microsecond=500_000),
    "2024-01-01T00:00:00.000001Z": NEW_YEAR.replace(microsecond=1),
    "2024-02-29T12:00:00": datetime(2024, 2, 29, 12),  # noqa: DTZ001 - none is written
    "0001-01-01T00:00:00Z": datetime.min.replace(tzinfo=UTC),
    "9999-12-31T23:59:59.999999Z": datetime.max.replace(tzinfo=UTC),
}

REFUSED = [
    "2024-01-01",
    "2024-W01-1T00:00:00Z",
    "20240101T000000Z",
    "2024-001T00:00:00Z",
    "2024-1-1T00:00:00Z",
    "2024-01-01T00:00:00,5Z",
    "2024-01-01T00:00:00.Z",
    "2024-01-01T00Z",
    "2024-01-01T24:00:00Z",
    "2024-01-01T00:60:00Z",
    "2024-01-01T00:00:00+24:00",
    "2024-01-01T00:00:00+01:60",
    "2024-01-01T00:00:00+0100",
    "2024-01-01T00:00:00+01",
    "2024-01-01_00:00:00Z",
    "2024-01-01  00:00:00Z",
    "2024-01-01T00:00:00 Z",
    " 2024-01-01T00:00:00Z",
    "2024-01-01T00:00:00Z\n",
    "2023-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "٢٠٢٤-01-01T00:00:00Z",
    "",
]


@pytest.mark.parametrize(("text", "value"), TAKEN.items())
def test_what_rfc_3339_allows_is_taken(text: str, value: datetime) -> None:
    assert (moment(text), moment(text).tzinfo) == (value, value.tzinfo)


@pytest.mark.parametrize("text", REFUSED)
def test_what_has_no_place_in_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(UnreadableMoment):
        moment(text)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("2016-12-31T23:59:60Z", "leap seconds are not kept; send the second before or after"),
        ("2024-01-01T00:00:00.0000001Z", "seconds have at most 6 digits behind the point; round them"),
        ("0001-01-01T00:00:00+00:01", "years go from 1 to 9999 in UTC"),
        ("9999-12-31T23:59:59-00:01", "years go from 1 to 9999 in UTC"),
    ],
)
def test_what_could_only_be_kept_as_another_moment_is_refused_with_the_cure(text: str, cure: str) -> None:
    with pytest.raises(UnreadableMoment, match=cure):
        moment(text)


def test_days_and_times_of_day_are_taken_in_the_same_forms() -> None:
    assert (day("2024-02-29"), time_of_day("12:30"), time_of_day("12:30:00.5")) == (
        date(2024, 2, 29),
        time(12, 30),
        time(12, 30, 0, 500_000),
    )
    assert time_of_day("12:30:00+02:00") == time(12, 30, tzinfo=timezone(timedelta(hours=2)))
    for refused in ("20240229", "2024-W09-4", "2023-02-29", "2024-02-29T00:00:00"):
        with pytest.raises(UnreadableMoment):
            day(refused)
    for refused in ("24:00", "12", "1230", "12:30:60", "12:30:00,5", "T12:30", "12:30:00.0000001"):
        with pytest.raises(UnreadableMoment):
            time_of_day(refused)


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01 00:00",
        "2024-01-01T00:00:00",
        "2024-01-01 00:00:00.000",
        "2024-01-01t00:00:00.000000999z",
        "2024-01-01T00:00:00,0Z",
        "2024-01-01 00:00:00 +00",
        "2024-01-01 05:30:00+0530",
        "2023-12-31T22:00:00-02:00",
    ],
)
def test_every_form_that_programs_store_is_the_same_key(text: str) -> None:
    assert moment_key(text) == "2024-01-01 00:00:00.000000"
    assert stored_moment(text).replace(tzinfo=UTC) == NEW_YEAR


def test_moments_past_the_years_of_python_stand_before_and_behind_all_others() -> None:
    texts = [
        "0001-01-01T00:00:00+23:59",
        "0001-01-01T00:00:00+00:01",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-00:01",
        "9999-12-31T23:59:59-23:59",
    ]
    assert sorted(texts[3:] + texts[:3], key=moment_key) == texts
    assert moment_key(texts[0]) < moment_key("0001-01-01") < moment_key("9999-12-31") < moment_key(texts[-1])
    for text in (*texts[:2], *texts[4:]):
        with pytest.raises(UnreadableMoment):
            stored_moment(text)


@pytest.mark.parametrize(
    "text", ["", "soon", "0000-00-00", "2023-02-29 00:00:00", "2024-01-01 24:00:00", "12:00", "1e3"]
)
def test_what_is_no_moment_stands_for_itself(text: str) -> None:
    assert moment_key(text) == day_key(text) == text
    assert day_beside(text, 1) is None
    for read in (stored_moment, stored_day):
        with pytest.raises(UnreadableMoment):
            read(text)


def test_a_day_is_the_day_that_is_written_and_a_time_of_day_is_in_utc() -> None:
    assert {day_key(f"2024-02-29{rest}") for rest in ("", " 00:00:00", "T23:59:59.9Z", "T00:00:00+14:00")} == {
        "2024-02-29"
    }
    assert {time_key(text) for text in ("12:30", "12:30:00", "12:30:00.000", "14:30:00+02:00", "02:30+14:00")} == {
        "12:30:00.000000"
    }
    assert stored_time("00:30-23:00") == time(23, 30)
    assert time_key("noon") == "noon"


offsets = st.none() | st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29))  # noqa: DTZ001 - in UTC


def as_text(value: datetime, zone: timezone | None, separator: str) -> str:
    """A moment as some program may write it."""
    return (
        value.isoformat(separator) if zone is None else value.replace(tzinfo=UTC).astimezone(zone).isoformat(separator)
    )


@tried(100)
@given(moments, offsets, moments, offsets, st.sampled_from(" Tt"))
def test_texts_compare_as_their_moments_and_begin_with_a_day_beside_theirs(
    one: datetime, zone: timezone | None, other: datetime, other_zone: timezone | None, separator: str
) -> None:
    first, second = as_text(one, zone, separator), as_text(other, other_zone, " ")
    assert (moment_key(first) < moment_key(second)) == (one < other)
    assert stored_moment(first) == one
    # What an index is asked for: texts of smaller moments begin with a day before the edge, and of greater ones not.
    ours = moment_key(second)
    if one <= other:
        assert first < str(day_beside(ours, 2))
    if one >= other:
        assert first >= str(day_beside(ours, -1))
