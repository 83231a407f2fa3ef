"""Periods: where the hour, day, week, month, quarter or year begins that a moment lies in, in a zone.

Texts of moments enter as databases hold them, and texts in the one form of `db.moments` leave; a text that is no
moment stands for itself. The answers are those of PostgreSQL's `date_trunc`, over changes of the clocks, too:
https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-TRUNC. Weeks begin on Monday.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from db.moments import UnreadableMoment, stored_day, stored_moment

NO_NAMES = frozenset({"Factory", "localtime"})
"""Files beside those of zones that name no zone."""

CYCLE_YEARS = 400
"""After so many years the days of months and weeks are the same again."""
FIRST_SAFE_YEAR, LAST_SAFE_YEAR = 2, 9998
"""Around these years, a moment in a zone has a year that Python does not know."""


class Unit(StrEnum):
    """A unit of time, by PostgreSQL's name."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_FIRST_DAYS: Mapping[str, Callable[[date], date]] = {
    Unit.DAY: lambda day: day,
    Unit.WEEK: lambda day: day - timedelta(day.weekday()),
    Unit.MONTH: lambda day: day.replace(day=1),
    Unit.QUARTER: lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1),
    Unit.YEAR: lambda day: day.replace(month=1, day=1),
}


@cache
def zones() -> frozenset[str]:
    """The names of all zones of the IANA's database."""
    return frozenset(available_timezones() - NO_NAMES)


def moment_start(text: str, unit: str, zone: str = "UTC") -> str:
    """The start of a unit of time in a zone, in UTC; without a zone, on the clock that a text is read off."""
    try:
        found = stored_moment(text)
    except UnreadableMoment:
        return text
    away = _years_away(found.year)
    try:
        start = _start(found.replace(year=found.year + away), unit, ZoneInfo(zone))
        return start.replace(year=start.year - away).isoformat(" ", "microseconds")
    except ValueError:  # before the first year
        return text


def day_start(text: str, unit: str) -> str:
    """The first day of a unit of time."""
    try:
        return _FIRST_DAYS[unit](stored_day(text)).isoformat()
    except (UnreadableMoment, OverflowError):
        return text


def _years_away(year: int) -> int:
    """How far away a moment is looked at where its own years are beyond those of Python."""
    if year < FIRST_SAFE_YEAR:
        return CYCLE_YEARS
    return -CYCLE_YEARS if year > LAST_SAFE_YEAR else 0


def _start(moment: datetime, unit: str, zone: ZoneInfo) -> datetime:
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    if unit == Unit.HOUR:  # with the offset of the moment itself: an hour that the clocks show twice is two
        begun = local.replace(tzinfo=None, minute=0, second=0, microsecond=0)
        offset = local.utcoffset() or timedelta()
    else:
        begun = datetime.combine(_FIRST_DAYS[unit](local.date()), datetime.min.time())
        offset = _offset_at(begun, zone)
    return begun - offset


def _offset_at(local: datetime, zone: ZoneInfo) -> timedelta:
    """The offset of a time on the clocks: before the change of one that they skip, after it of one shown twice."""
    before, after = (local.replace(fold=fold, tzinfo=zone).utcoffset() or timedelta() for fold in (0, 1))
    return min(before, after)
