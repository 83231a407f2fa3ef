"""Moments by their distance from now: `$NOW`, `$NOW-P7D`, `$NOW+PT1H30M`, wherever a moment or a day is read.

A text of a client enters; what leaves is a moment when the operation runs, in UTC. Months and years are those of the
calendar: a month before the 31st of March is the last day of February. Why: docs/decisions/0054-values-of-filters.md.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from db import durations
from db.durations import Duration
from graph.errors import InvalidFilter
from graph.prepare.late import Late

if TYPE_CHECKING:
    from graph.context import RequestContext

T = TypeVar("T")

NOW = "$NOW"
_RELATIVE = re.compile(r"\$NOW(?:(?P<sign>[+-])(?P<duration>P.+))?")

FORM = "$NOW, or $NOW-P7D with any duration in ISO 8601"
"""As the end of a sentence that says how to write one."""


class RelativeMoment(Late):
    """A moment in UTC."""

    __slots__ = ()

    def value(self, context: RequestContext) -> Any:
        """The moment, counted from that of the request. Raises as `at`."""
        return self.at(context.now)

    def at(self, now: datetime) -> Any:
        """The moment, counted from this one. Raises `InvalidFilter` for one before or behind all years."""
        try:
            return self._value(_moved(self, now))
        except (ValueError, OverflowError):
            raise InvalidFilter(str(self), f"this is in no year from 1 to 9999; {FORM} may be nearer.") from None

    def _value(self, moment: datetime) -> Any:
        return moment


class RelativeLocalMoment(RelativeMoment):
    """A moment without a zone: that of UTC."""

    __slots__ = ()

    def _value(self, moment: datetime) -> datetime:
        return moment.replace(tzinfo=None)


class RelativeDay(RelativeMoment):
    """The day of a moment, in UTC."""

    __slots__ = ()

    def _value(self, moment: datetime) -> date:
        return moment.date()


def or_relative(kind: type[RelativeMoment], read: Callable[[str], T]) -> Callable[[str], T | RelativeMoment]:
    """A reader of texts that also takes a distance from now. Raises as `read`, and `ValueError` for such a one."""

    def either(text: str) -> T | RelativeMoment:
        if not text.startswith(NOW):
            return read(text)
        _moved(text, datetime.now(UTC))
        return kind(text)

    return either


def _moved(text: str, now: datetime) -> datetime:
    found = _RELATIVE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    if found["duration"] is None:
        return now
    sign = -1 if found["sign"] == "-" else 1
    return _after(now, durations.duration(found["duration"]), sign)


def _after(moment: datetime, duration: Duration, sign: int) -> datetime:
    """The moment so much later: first the months, of which each ends with its last day, then the rest."""
    months = moment.year * 12 + moment.month - 1 + sign * duration.months
    year, month = divmod(months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    rest = timedelta(days=duration.whole_days, microseconds=duration.microseconds_of_day)
    return moment.replace(year=year, month=month + 1, day=day) + sign * rest
