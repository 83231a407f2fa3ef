"""Durations: months, days and microseconds, each for itself, as PostgreSQL keeps them, written in ISO 8601.

Texts enter and durations leave, or the other way round. A month has no fixed length: where durations are compared, a
month counts as 30 days and a day as 24 hours, which is PostgreSQL's rule. Nothing is read from a database here.
Sources: https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-INPUT,
https://www.rfc-editor.org/rfc/rfc3339#appendix-A
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any, Self

DAYS_PER_MONTH = 30
MICROSECONDS = {"hours": 3_600_000_000, "minutes": 60_000_000, "seconds": 1_000_000}
MOST_MONTHS = MOST_DAYS = 2**31 - 1
MOST_MICROSECONDS = 2**63 - 1

FORM = "a duration in ISO 8601, for instance P1Y2M3DT4H5M6.5S"

_ISO_8601 = re.compile(
    r"(?P<sign>[+-]?)P(?=[\dT+-])(?:(?P<years>[+-]?\d{1,9})Y)?(?:(?P<months>[+-]?\d{1,10})M)?"
    r"(?:(?P<weeks>[+-]?\d{1,9})W)?(?:(?P<days>[+-]?\d{1,10})D)?"
    r"(?:T(?=[\d+-])(?:(?P<hours>[+-]?\d{1,10})H)?(?:(?P<minutes>[+-]?\d{1,12})M)?"
    r"(?:(?P<seconds>[+-]?\d{1,13}(?:\.\d{1,6}0*)?)S)?)?",
    re.ASCII,
)


_IN_WORDS = re.compile(
    r"(?:(?P<years>-?\d+) years? ?)?(?:(?P<months>[+-]?\d+) mons? ?)?(?:(?P<days>[+-]?\d+) days? ?)?"
    r"(?:(?P<sign>[+-]?)(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d(?:\.\d{1,6})?))?",
    re.ASCII,
)

ENDLESS = ("infinity", "-infinity")
"""What PostgreSQL holds among durations, since version 17."""


class Duration(timedelta):
    """A duration with months, days and microseconds of their own. As a `timedelta` a month has 30 days."""

    months: int
    whole_days: int
    """The days beside the months; more than 24 hours are not among them."""
    microseconds_of_day: int
    """Hours, minutes and seconds."""

    def __new__(cls, months: int = 0, whole_days: int = 0, microseconds_of_day: int = 0) -> Self:
        """Raises `OverflowError` for more than a `timedelta` holds: 2.7 million years."""
        made = super().__new__(cls, days=months * DAYS_PER_MONTH + whole_days, microseconds=microseconds_of_day)
        made.months, made.whole_days, made.microseconds_of_day = months, whole_days, microseconds_of_day
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """For copies: a `timedelta` would forget the months."""
        return type(self), (self.months, self.whole_days, self.microseconds_of_day)


def parts(value: timedelta) -> tuple[int, int, int]:
    """The months, days and microseconds of a duration."""
    if isinstance(value, Duration):
        return value.months, value.whole_days, value.microseconds_of_day
    return 0, value.days, value.seconds * 1_000_000 + value.microseconds


def in_iso_8601(value: timedelta) -> str:
    """A duration as clients and PostgreSQL read it: `P1Y2M3DT4H5M6.5S`; nothing at all is `PT0S`."""
    return written(*parts(value))


def written(months: int, days: int, microseconds: int) -> str:
    """The same of the parts, of any size."""
    sign, rest = ("-" if microseconds < 0 else ""), abs(microseconds)
    hours, rest = divmod(rest, MICROSECONDS["hours"])
    minutes, rest = divmod(rest, MICROSECONDS["minutes"])
    years, months = (abs(months) // 12, abs(months) % 12) if months >= 0 else (-(-months // 12), -(-months % 12))
    date = "".join(f"{number}{unit}" for number, unit in ((years, "Y"), (months, "M"), (days, "D")) if number)
    time = "".join(f"{sign}{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number)
    if rest:
        whole, fraction = divmod(rest, 1_000_000)
        time += f"{sign}{whole}" + (f".{fraction:06}".rstrip("0") if fraction else "") + "S"
    return f"P{date}T{time}" if time else f"P{date}" if date else "PT0S"


def duration(text: str) -> Duration:
    """Read a duration in ISO 8601. Each part may have a sign of its own, as PostgreSQL writes them.

    Raises `ValueError` for another form, `OverflowError` for more than is stored.
    """
    found = _ISO_8601.fullmatch(text)
    if found is None:
        raise ValueError(text)
    sign = -1 if found["sign"] == "-" else 1
    number = {name: Decimal(part or 0) * sign for name, part in found.groupdict().items() if name != "sign"}
    months = int(number["years"] * 12 + number["months"])
    days = int(number["weeks"] * 7 + number["days"])
    microseconds = int(sum(number[name] * each for name, each in MICROSECONDS.items()))
    if abs(months) > MOST_MONTHS or abs(days) > MOST_DAYS or abs(microseconds) > MOST_MICROSECONDS:
        raise OverflowError(text)
    return Duration(months, days, microseconds)


def from_server(text: str) -> Duration:
    """Read a duration as PostgreSQL writes it, by default or with `IntervalStyle = iso_8601`. Raises as `duration`."""
    found = _IN_WORDS.fullmatch(text)
    if found is None or not text:
        return duration(text)
    number = {name: Decimal(part or 0) for name, part in found.groupdict().items() if name != "sign"}
    time = sum(number[name] * each for name, each in MICROSECONDS.items())
    return Duration(
        int(number["years"] * 12 + number["months"]), int(number["days"]), int(-time if found["sign"] == "-" else time)
    )
