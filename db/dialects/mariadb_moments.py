"""Periods on MariaDB and MySQL: where an hour, a day, a week, a month, a quarter or a year begins, in any zone.

The server's own tables of zones may be empty, and nobody would tell; so a zone enters with the statement, as a text in
which each year has a place: the offset at its beginning, and each later one with the second of the year from which it
holds. A year is looked up, not searched. SQL leaves; `{0}` is the moment, `{1}` the unit, `{2}` the zone.
Sources: https://mariadb.com/kb/en/time-zones/, https://mariadb.com/kb/en/json_table/,
https://docs.python.org/3/library/zoneinfo.html
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

FIRST, LAST = 1850, 2100
"""Years that have a place each. No zone has changed its clocks before; after them, rules are the same in all years with
the same days of the week."""
ALIKE = range(2101, 2129)
"""In which all kinds of years are."""
KINDS = 14
"""Of years: seven days with which they begin, leap years or not."""
WIDTH = 72
"""Characters of a year: four changes are the most that there have been."""
CHANGES = 4
PLACES = 1 + (LAST - FIRST + 1) + KINDS
LOOK = timedelta(days=7)
"""No two changes of a zone are closer."""
SECOND = timedelta(seconds=1)


class Change(NamedTuple):
    """From when on a zone has an offset."""

    at: datetime
    offset: timedelta


class ZoneClock(TypeDecorator[str]):
    """The name of a zone, as the offsets of all of its years: by the moment in UTC, then by the zone's own clock."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """From the name."""
        return None if value is None else clock(value)


@lru_cache(100)
def clock(zone: str) -> str:
    """The offsets of a zone. Raises `zoneinfo.ZoneInfoNotFoundError`."""
    known = ZoneInfo(zone)
    first = _offset(_begin(FIRST), known)
    changes = list(_changes(known, first))
    # On the clock, an offset holds from the time that the new one shows: a time that is shown twice is the later one.
    local = [Change(change.at + change.offset, change.offset) for change in changes]
    return f"{_years(first, changes)}{_years(first, local)}"


def _begin(year: int) -> datetime:
    return datetime(year, 1, 1)  # noqa: DTZ001 - on any clock


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta()


def _changes(zone: ZoneInfo, before: timedelta) -> Iterator[Change]:
    """All changes of a zone, in UTC."""
    moment = _begin(FIRST)
    while moment.year < ALIKE.stop:
        later = moment + LOOK
        offset = _offset(later, zone)
        if offset != before:
            yield Change(_change_between(moment, later, zone, before), offset)
        moment, before = later, offset


def _change_between(early: datetime, late: datetime, zone: ZoneInfo, before: timedelta) -> datetime:
    """The first second at which a zone has another offset than before."""
    while late - early > SECOND:
        middle = early + (late - early) // SECOND // 2 * SECOND
        early, late = (middle, late) if _offset(middle, zone) == before else (early, middle)
    return late


def _years(first: timedelta, changes: list[Change]) -> str:
    """A place for the time before all years, one for each year, and one for each kind of later years."""
    written: dict[int, str] = {}
    offset = first
    left = changes[::-1]
    for year in range(FIRST, ALIKE.stop):
        found = [offset // SECOND]
        begin = _begin(year)
        while left and left[-1].at < _begin(year + 1):
            at, offset = left.pop()
            found += [max((at - begin) // SECOND, 0), offset // SECOND]
        written[year] = json.dumps(found, separators=(",", ":"))
    kinds = {_kind(year): written[year] for year in ALIKE}
    places = chain(
        [json.dumps([first // SECOND])],
        (written[year] for year in range(FIRST, LAST + 1)),
        (kinds[kind] for kind in range(KINDS)),
    )
    return "".join(place.ljust(WIDTH) for place in places)


def _kind(year: int) -> int:
    """A leap year or not, and the day of the week of its first day."""
    begin, end = _begin(year), _begin(year + 1)
    return 7 * ((end - begin).days == 366) + begin.weekday()


def _first_day(day: str) -> str:
    """The first day of a unit, of a day."""
    of_year = f"DATE_SUB({day}, INTERVAL DAYOFYEAR({day}) - 1 DAY)"
    return (
        f"CASE {{1}} WHEN 'week' THEN DATE_SUB({day}, INTERVAL WEEKDAY({day}) DAY)"
        f" WHEN 'month' THEN DATE_SUB({day}, INTERVAL DAYOFMONTH({day}) - 1 DAY)"
        f" WHEN 'quarter' THEN DATE_ADD({of_year}, INTERVAL QUARTER({day}) - 1 QUARTER)"
        f" WHEN 'year' THEN {of_year} ELSE {day} END"
    )


def _begun(moment: str) -> str:
    """The begin of a unit on the clock that a moment is read off."""
    hour = f"TIMESTAMP(DATE({moment}), MAKETIME(HOUR({moment}), 0, 0))"
    return f"IF({{1}} = 'hour', {hour}, TIMESTAMP({_first_day(f'DATE({moment})')}))"


def _place(moment: str, behind: int) -> str:
    """The place of a moment's year in the text of its zone."""
    begin = f"DATE_SUB(DATE({moment}), INTERVAL DAYOFYEAR({moment}) - 1 DAY)"
    is_leap = f"DAYOFYEAR(DATE_ADD({begin}, INTERVAL 365 DAY)) = 366"
    late = f"{LAST - FIRST + 2} + 7 * ({is_leap}) + WEEKDAY({begin})"
    number = f"IF(YEAR({moment}) > {LAST}, {late}, GREATEST(0, YEAR({moment}) - {FIRST - 1}))"
    changes = ", ".join(f"t{n} INT PATH '$[{2 * n - 1}]', o{n} INT PATH '$[{2 * n}]'" for n in range(1, CHANGES + 1))
    return (
        f"JSON_TABLE(SUBSTR({{2}}, 1 + {WIDTH} * ({behind} + {number}), {WIDTH}), '$'"
        f" COLUMNS (o0 INT PATH '$[0]', {changes}))"
    )


def _offset_sql(moment: str, name: str) -> str:
    """The offset that holds at a moment, of a row with the place of its year."""
    second = f"TIMESTAMPDIFF(SECOND, DATE_SUB(DATE({moment}), INTERVAL DAYOFYEAR({moment}) - 1 DAY), {moment})"
    cases = " ".join(
        f"WHEN {name}.t{number + 1} IS NULL OR {second} < {name}.t{number + 1} THEN {name}.o{number}"
        for number in range(CHANGES)
    )
    return f"CASE {cases} ELSE {name}.o{CHANGES} END"


def _row(name: str, moment: str, offset: str) -> str:
    """A table of one row, so that what is computed once is named."""
    values = f"JSON_ARRAY(CAST({moment} AS CHAR), {offset})"
    columns = "moment DATETIME(6) PATH '$[0]', shift INT PATH '$[1]'"
    return f"JSON_TABLE({values}, '$' COLUMNS ({columns})) AS {name}"


MOMENT = "CAST({0} AS DATETIME(6))"

_IN_ZONE = (
    "(SELECT CASE WHEN {{1}} = 'hour' THEN TIMESTAMPADD(SECOND, -begun.shift, begun.moment)"
    " ELSE TIMESTAMPADD(SECOND, -({offset}), begun.moment) END"
    " FROM {year} AS utc JOIN {local} JOIN {begun} JOIN {local_year} AS own)"
).format(
    offset=_offset_sql("begun.moment", "own"),
    year=_place(MOMENT, 0),
    local=_row("wall", MOMENT, _offset_sql(MOMENT, "utc")),
    begun=_row("begun", _begun("TIMESTAMPADD(SECOND, wall.shift, wall.moment)"), "wall.shift"),
    local_year=_place("begun.moment", PLACES),
)

MOMENT_START = f"CAST(COALESCE({_IN_ZONE}, {MOMENT}) AS DATETIME(6))"
LOCAL_START = f"CAST(COALESCE({_begun(MOMENT)}, {MOMENT}) AS DATETIME(6))"
DAY_START = f"COALESCE({_first_day('CAST({0} AS DATE)')}, CAST({{0}} AS DATE))"
"""A unit that begins before the first year leaves a moment as it is."""
