"""Scalars keep to what they point at with `@specifiedBy`: what is written there is taken, and what leaves looks so.

The forms are written down once more here, from the documents that the addresses lead to.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.entity.types import LOCAL_DATE_TIME, RFC_3339, RFC_8259, RFC_9562, TYPES, XSD_DECIMAL, XSD_INTEGER
from tests.entity.laws import tried

FULL_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
PARTIAL_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
"""RFC 3339, appendix A; of fractions of a second six digits, as the description says."""
OFFSET = r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"


class Form(NamedTuple):
    """What the document at an address says of a scalar."""

    address: str
    pattern: str
    texts: st.SearchStrategy[str]
    """Texts of the form."""
    values: st.SearchStrategy[Any]
    """Values that the scalar writes."""


def _digits(least: int = 1) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=least, max_size=30)


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


SIGN = st.sampled_from(["", "+", "-"])
ZONE = st.sampled_from(["Z", "z", "+00:00", "-00:00", "+05:30", "-11:45"])
DAYS = st.dates(date(2, 1, 1), date(9998, 12, 31))
CLOCKS = st.times()
ZONES = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001 - zones are added
LOCAL_MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001 - it has none
DAY_TEXTS = DAYS.map(date.isoformat)
CLOCK_TEXTS = CLOCKS.map(time.isoformat)

FORMS: Mapping[str, Form] = {
    "BigInt": Form(XSD_INTEGER, r"[\-+]?[0-9]+", _joined(SIGN, _digits()), st.integers()),
    "Decimal": Form(
        XSD_DECIMAL,
        r"(\+|-)?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
        _joined(SIGN, _digits(), st.sampled_from(["", "."]), _digits(0)) | _joined(SIGN, st.just("."), _digits()),
        st.decimals(allow_nan=False, allow_infinity=False),
    ),
    "DateTime": Form(
        RFC_3339,
        f"{FULL_DATE}[Tt ]{PARTIAL_TIME}{OFFSET}",
        _joined(DAY_TEXTS, st.sampled_from("Tt "), CLOCK_TEXTS, ZONE),
        MOMENTS | MOMENTS.map(lambda moment: moment.astimezone(UTC)),
    ),
    "LocalDateTime": Form(
        LOCAL_DATE_TIME, f"{FULL_DATE}T{PARTIAL_TIME}", _joined(DAY_TEXTS, st.just("T"), CLOCK_TEXTS), LOCAL_MOMENTS
    ),
    "Date": Form(RFC_3339, FULL_DATE, DAY_TEXTS, DAYS),
    "Time": Form(RFC_3339, PARTIAL_TIME, CLOCK_TEXTS, CLOCKS),
    "UUID": Form(
        RFC_9562,
        r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
        st.uuids().flatmap(lambda value: st.sampled_from([str(value), str(value).upper()])),
        st.uuids(),
    ),
}


@pytest.mark.parametrize("name", FORMS)
@tried(40)
@given(data=st.data())
def test_what_is_taken_and_what_is_written_are_of_the_form_that_is_specified(data: st.DataObject, name: str) -> None:
    form = FORMS[name]
    (scalar,) = (entry for entry in TYPES if entry.name == name)
    assert scalar.specified_by == form.address
    parse: Any = scalar.parse
    serialize: Any = scalar.serialize
    text = data.draw(form.texts)
    assert re.fullmatch(form.pattern, text)
    read = parse(text)
    written = serialize(data.draw(form.values) if data.draw(st.booleans()) else read)
    assert re.fullmatch(form.pattern, written)
    assert serialize(parse(written)) == written


def test_every_scalar_is_tried_but_json_which_is_all_that_rfc_8259_has() -> None:
    ours = {entry.name: entry.specified_by for entry in TYPES if entry.definition is not None}
    assert ours["JSON"] == RFC_8259
    assert ours.keys() >= FORMS.keys()
    assert {"BigInt", "Date", "DateTime", "Decimal", "LocalDateTime", "Time", "UUID"} == FORMS.keys()
