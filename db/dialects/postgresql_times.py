"""Days and times on PostgreSQL: sent as text, which holds all of them, and told apart from what Python has no form for.

asyncpg's own form of the last and the first day of Python's calendar is `infinity` and `-infinity`, in both directions:
a filter would find other rows than it names, and a row would be stored with another value than it was given. So values
travel as text, and PostgreSQL reads them: `$1::TEXT::DATE`. What comes back is decoded by asyncpg, as before; where
asyncpg has found an infinity, an `Unreadable` stands in the row. Nothing is executed here.

Sources: https://www.postgresql.org/docs/current/datatype-datetime.html,
https://docs.sqlalchemy.org/en/21/core/type_api.html#sqlalchemy.types.TypeEngine.render_bind_cast,
asyncpg/pgproto/codecs/datetime.pyx. Why: docs/decisions/0016-values-that-cannot-be-read.md.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, TypeAlias

from asyncpg.pgproto import pgproto
from sqlalchemy import Date, DateTime, Dialect, Time
from sqlalchemy.dialects.postgresql.asyncpg import (
    AsyncpgDate,
    AsyncpgDateTime,
    AsyncpgTime,
)
from sqlalchemy.types import TypeEngine

from db.dialects.errors import UnstorableValue
from db.unreadable import Unreadable

Convert: TypeAlias = Callable[[Any], Any]

TIMES: tuple[type[TypeEngine[Any]], ...] = (Date, DateTime, Time)

# Looks wrong: names of another library are given other values, for the whole process. But asyncpg gives one and the
# same object for `infinity` and for 9999-12-31, and the only other place to tell them apart is a function of ours for
# each value that is read: a tenth of the time of a list. The driver looks these names up whenever it meets an infinity.
pgproto.infinity_date = Unreadable("infinity")  # type: ignore[attr-defined]
pgproto.negative_infinity_date = Unreadable("-infinity")  # type: ignore[attr-defined]
pgproto.infinity_datetime = Unreadable("infinity")  # type: ignore[attr-defined]
pgproto.negative_infinity_datetime = Unreadable("-infinity")  # type: ignore[attr-defined]


class InWords:
    """A type whose values are sent as text."""

    def bind_processor(self, dialect: Dialect) -> Convert:
        """From a value to PostgreSQL's words for it.

        Raises `TypeError` for a value of another type, `UnstorableValue` for one with the wrong kind of zone.
        """
        written = self.written

        def process(value: Any) -> str | None:
            if value is None:
                return None
            return value.in_words() if type(value) is Unreadable else written(value)

        return process

    def written(self, value: Any) -> str:
        """The words for a value."""
        raise NotImplementedError


class Day(InWords, AsyncpgDate):
    """A day."""

    def written(self, value: date) -> str:
        """ISO 8601; a moment counts as its day."""
        if not isinstance(value, date):
            raise TypeError(f"{type(value).__name__} is no date")
        return date.isoformat(value)


class Moment(InWords, AsyncpgDateTime):
    """A day and a time, with a zone or without."""

    def written(self, value: date) -> str:
        """ISO 8601. Where the column has a zone, a moment without one is of this machine's, as asyncpg takes it."""
        if not isinstance(value, date):
            raise TypeError(f"{type(value).__name__} is no datetime")
        moment = value if isinstance(value, datetime) else datetime.combine(value, time.min)
        has_zone = moment.utcoffset() is not None
        if has_zone and not self.timezone:  # PostgreSQL would drop the zone, and find another moment
            raise UnstorableValue("a moment with a time zone is none of a column without; leave the zone out")
        return (moment if has_zone or not self.timezone else moment.astimezone()).isoformat()


class TimeOfDay(InWords, AsyncpgTime):
    """A time of day, with a zone or without."""

    def written(self, value: time) -> str:
        """ISO 8601; a zone is left out where the column has none, as asyncpg does."""
        if not isinstance(value, time):
            raise TypeError(f"{type(value).__name__} is no time")
        if not self.timezone:
            return value.replace(tzinfo=None).isoformat()
        if value.utcoffset() is None:  # PostgreSQL would add the zone of the connection
            raise UnstorableValue("a time of a column with a time zone has one; add one, for instance +00:00")
        return value.isoformat()


def read_day(words: str) -> date | Unreadable:
    """A day as `to_json` writes it."""
    try:
        return date.fromisoformat(words)
    except ValueError:
        return Unreadable(words)


def read_moment(words: str) -> datetime | Unreadable:
    """A day and a time as `to_json` writes them."""
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        return Unreadable(words)


def read_moment_in_utc(words: str) -> datetime | Unreadable:
    """A moment as `to_json` writes it in UTC, without the zone."""
    found = read_moment(words)
    if isinstance(found, datetime):
        return found.replace(tzinfo=UTC)
    day, before_christ, _ = words.partition(" BC")
    return found if words.endswith("infinity") else Unreadable(f"{day}+00:00{before_christ}")


def read_time(words: str) -> time | Unreadable:
    """A time of day as `to_json` writes it. 24:00 is not 00:00, which newer versions of Python take it for."""
    try:
        return Unreadable(words) if words.startswith("24") else time.fromisoformat(words)
    except ValueError:
        return Unreadable(words)
