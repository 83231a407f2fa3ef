"""Values that a database holds and Python cannot: what stands in their place in a row, and the error of using it.

The marks are here, and the words that PostgreSQL has for days and times beyond Python's. Nothing is read here. Who
reads puts an `Unreadable` into the row; who shows the row makes an error of it.
Why: docs/decisions/0016-values-that-cannot-be-read.md.
"""

import re
from datetime import date, time
from typing import TYPE_CHECKING, NoReturn, TypeAlias


class UnreadableValue(Exception):
    """A value was used that the database holds and Python cannot, or rows were wanted that hold such a value."""

    def __init__(self) -> None:
        super().__init__(
            "The database holds a value here that cannot be read as what its column says; leave the field out, or have"
            " the value corrected."
        )


def _refuse(self: "Unreadable", *_: object) -> NoReturn:
    raise UnreadableValue


class Unreadable:
    """Stands in a row for a value that Python cannot hold. Whatever uses it as that value raises `UnreadableValue`.

    It may be compared for equality, hashed and bound as a parameter, so that a row is found again by such a value.
    """

    __slots__ = ("words",)

    def __init__(self, words: str | None = None) -> None:
        self.words = words
        """The value in the database's own words, which the database reads again exactly; None where it has none."""

    def in_words(self) -> str:
        """The value in the database's own words. Raises `UnreadableValue` where it has none."""
        if self.words is None:
            raise UnreadableValue
        return self.words

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Unreadable) and self.words is not None and self.words == other.words)

    def __hash__(self) -> int:
        return hash(self.words)

    def __repr__(self) -> str:
        return "Unreadable()"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("__"):  # Python asks objects what they can do
                raise AttributeError(name)
            raise UnreadableValue

        __str__ = __format__ = __bool__ = __int__ = __float__ = __index__ = _refuse
        __lt__ = __le__ = __gt__ = __ge__ = __len__ = __iter__ = __contains__ = __getitem__ = _refuse
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse


_MOMENT = re.compile(
    r"(?P<year>\d{4,7})-(?P<month>\d\d)-(?P<day>\d\d)(?:T(?P<time>[\d:.]+)(?P<zone>[+-][\d:]+)?)?(?P<bc> BC)?"
)
_MIDNIGHT = re.compile(r"24:00:00(?:[+-](?P<zone>[\d:]+))?")
_INFINITE = ("infinity", "-infinity")
_DAYS = ((-4713, 11, 24), (5_874_897, 12, 31))
_MOMENTS = ((-4713, 11, 26), (294_276, 12, 29))
"""The first and the last, as astronomers count years: 1 BC is 0. Of moments, whatever their zone.
https://www.postgresql.org/docs/current/datatype-datetime.html"""

_Day: TypeAlias = tuple[int, int, int]


def day_in_words(words: str) -> Unreadable:
    """A day that Python has no form for, as PostgreSQL writes it in JSON. Raises `ValueError` for anything else."""
    if words not in _INFINITE:
        found = _MOMENT.fullmatch(words)
        if found is None or found["time"] is not None:
            raise ValueError(words)
        _check_day(found, *_DAYS)
    return Unreadable(words)


def moment_in_words(words: str) -> Unreadable:
    """A moment that Python has no form for; as `day_in_words`."""
    if words not in _INFINITE:
        found = _MOMENT.fullmatch(words)
        if found is None or found["time"] is None:
            raise ValueError(words)
        _check_day(found, *_MOMENTS)
        _check_time(found["time"], found["zone"])
    return Unreadable(words)


def time_in_words(words: str) -> Unreadable:
    """The time of day that Python has no form for, which is 24:00; as `day_in_words`."""
    found = _MIDNIGHT.fullmatch(words)
    if found is None:
        raise ValueError(words)
    _check_time("00:00:00", found["zone"])
    return Unreadable(words)


def _check_day(found: re.Match[str], first: _Day, last: _Day) -> None:
    year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
    counted = 1 - year if found["bc"] else year
    if not (year and first <= (counted, month, day) <= last):
        raise ValueError(found[0])
    date(2000 + counted % 400, month, day)  # the calendar repeats itself


def _check_time(text: str, zone: str | None) -> None:
    time.fromisoformat(text)
    if zone is not None and time.fromisoformat(zone.lstrip("+-")).hour >= 16:
        raise ValueError(zone)
