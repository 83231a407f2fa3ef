"""Moments, days and times of day as texts: one grammar for what is sent to us, one form for what databases hold.

Texts enter; Python values, or texts that compare as the values do, leave. What clients send is read strictly, by
RFC 3339 (https://www.rfc-editor.org/rfc/rfc3339#section-5.6). What other programs have stored is read as far as its
meaning is certain: a day alone is its midnight, an offset is taken off, digits beyond microseconds are dropped. No
database and no column is known here. Why: docs/decisions/0017-one-form-for-moments.md.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone

DAY = r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
CLOCK = r"(?P<clock>[0-9]{2}:[0-9]{2})(?P<second>:[0-9]{2})?"
OFFSET = r"[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9])"
LOOSE_OFFSET = OFFSET.replace(":(?P<minutes>[0-5][0-9])", "(?::?(?P<minutes>[0-5][0-9]))?")
FRACTION = r"(?:\.(?P<fraction>[0-9]+))?"
LOOSE_FRACTION = FRACTION.replace(r"\.", "[.,]")

SENT_DAY = re.compile(DAY)
SENT_TIME = re.compile(f"{CLOCK}{FRACTION}(?P<zone>{OFFSET})?")
SENT_MOMENT = re.compile(f"{DAY}[Tt ]{CLOCK}{FRACTION}(?P<zone>{OFFSET})?")
STORED_TIME = re.compile(f"{CLOCK}{LOOSE_FRACTION} ?(?P<zone>{LOOSE_OFFSET})?")
STORED_MOMENT = re.compile(f"{DAY}(?:[Tt ]{CLOCK}{LOOSE_FRACTION} ?(?P<zone>{LOOSE_OFFSET})?)?")

OUR_MOMENT = re.compile(r".{4}-..-.. ..:..:..\.[0-9]{6}")
"""The form of a key, as far as no other form of a moment looks like this."""

Found = re.Match[str]

DIGITS = 6
"""Of a second, that every database and Python keep."""

SOME_DAY = date(2000, 1, 2)
"""From which any offset leads to another day."""


class UnreadableMoment(ValueError):
    """A text that is no moment, day or time of day; the sentence, which may be empty, says what to send instead."""


def moment(text: str) -> datetime:
    """A moment, in UTC if it has an offset, else without a zone. Raises `UnreadableMoment`."""
    found = _matched(SENT_MOMENT, text)
    _check_time(found)
    local = _local(found)
    if found["zone"] is None:
        return local
    try:
        return (local - _offset(found)).replace(tzinfo=UTC)
    except OverflowError:
        raise UnreadableMoment("years go from 1 to 9999 in UTC") from None


def day(text: str) -> date:
    """A day. Raises `UnreadableMoment`."""
    try:
        return date.fromisoformat(_matched(SENT_DAY, text)["day"])
    except ValueError:
        raise UnreadableMoment from None


def time_of_day(text: str) -> time:
    """A time of day, with its offset if it has one. Raises `UnreadableMoment`."""
    found = _matched(SENT_TIME, text)
    _check_time(found)
    return _time(found).replace(tzinfo=None if found["zone"] is None else timezone(_offset(found)))


def stored_moment(text: str) -> datetime:
    """A moment in UTC, without a zone, from any form that programs store. Raises `UnreadableMoment`."""
    if text[13:14] == ":" and text[10] in "Tt " and text[4] == text[7] == "-":
        try:  # Python's own reader takes a fifth of the time
            known = datetime.fromisoformat(text)
            return known if known.tzinfo is None else known.astimezone(UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            pass
    found = _matched(STORED_MOMENT, text)
    try:
        return _local(found) - _offset(found)
    except OverflowError:
        raise UnreadableMoment from None


def stored_day(text: str) -> date:
    """A day; of a moment, the day that is written. Raises `UnreadableMoment`."""
    return _local(_matched(STORED_MOMENT, text)).date()


def stored_time(text: str) -> time:
    """A time of day, in UTC if it is written with an offset, without a zone. Raises `UnreadableMoment`."""
    found = _matched(STORED_TIME, text)
    return (datetime.combine(SOME_DAY, _time(found)) - _offset(found)).time()


def moment_key(text: str) -> str:
    """A stored moment as the text by which moments are ordered: `2021-01-01 00:00:00.000000`, in UTC.

    A moment whose offset leads past the years of Python stands before the first moment, or behind the last one. A text
    that is no moment stands for itself.
    """
    if OUR_MOMENT.fullmatch(text):
        return text
    try:
        return _written(stored_moment(text))
    except UnreadableMoment:
        return _key_beyond(text)


def day_key(text: str) -> str:
    """A stored day as `2021-01-01`; a text that is no day stands for itself."""
    try:
        return stored_day(text).isoformat()
    except UnreadableMoment:
        return text


def time_key(text: str) -> str:
    """A stored time of day as `12:30:00.000000`; a text that is none stands for itself."""
    try:
        return stored_time(text).isoformat("microseconds")
    except UnreadableMoment:
        return text


def day_beside(text: str, days: int) -> str | None:
    """The day so many days after the day with which a stored moment begins; None where there is no such day."""
    try:
        return (stored_day(text) + timedelta(days)).isoformat()
    except (UnreadableMoment, OverflowError):
        return None


def _matched(form: re.Pattern[str], text: str) -> Found:
    found = form.fullmatch(text)
    if found is None:
        raise UnreadableMoment
    return found


def _check_time(found: Found) -> None:
    """Refuse what could only be kept as another time."""
    if found["second"] == ":60":
        raise UnreadableMoment("leap seconds are not kept; send the second before or after")
    if (found["fraction"] or "")[DIGITS:].strip("0"):
        raise UnreadableMoment(f"seconds have at most {DIGITS} digits behind the point; round them")


def _time(found: Found) -> time:
    fraction = (found["fraction"] or "")[:DIGITS].ljust(DIGITS, "0")
    try:
        return time.fromisoformat(f"{found['clock']}{found['second'] or ':00'}.{fraction}")
    except ValueError:
        raise UnreadableMoment from None


def _local(found: Found) -> datetime:
    """What is written, without the offset."""
    try:
        written = date.fromisoformat(found["day"])
    except ValueError:
        raise UnreadableMoment from None
    return datetime.combine(written, time() if found["clock"] is None else _time(found))


def _offset(found: Found) -> timedelta:
    if found["sign"] is None:
        return timedelta()
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    return -offset if found["sign"] == "-" else offset


def _written(value: datetime) -> str:
    return value.isoformat(" ", "microseconds")


def _key_beyond(text: str) -> str:
    """The key of a moment before year 1 (the last day of year 0), or after 9999 (hours above 23 of its last day)."""
    try:
        found = _matched(STORED_MOMENT, text)
        local, offset = _local(found), _offset(found)
    except UnreadableMoment:
        return text
    if local.year == 1:
        return "0000" + _written(local.replace(year=5) - offset)[4:]
    after = _written(local.replace(year=9995) - offset)
    return f"9999-12-31 {24 + int(after[11:13])}{after[13:]}"
