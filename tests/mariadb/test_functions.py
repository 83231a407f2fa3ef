"""What MariaDB computes is what Python computes: periods in zones, parts of JSON, patterns that take too long."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import DateTime, Text, bindparam, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.base import JSON_DOCUMENT
from db.characters import fold, without_accents
from db.dialects import Failure, failure_of
from db.functions import (
    fold_case,
    json_contains,
    json_sorted,
    matches,
    moment_start,
)
from db.functions import without_accents as without
from db.periods import Unit
from db.periods import moment_start as started
from db.session.engines import Engines

ZONES = {
    "Europe/Berlin": datetime(2024, 10, 27, 1, tzinfo=UTC),
    "Africa/Casablanca": datetime(2031, 1, 1, 2, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 30, 10, tzinfo=UTC),
    "America/New_York": datetime(2150, 3, 8, 7, tzinfo=UTC),
}
"""Zones, and a moment at or near which the clocks change there."""
NEAR = [timedelta(hours=hours) for hours in (-25, -1, 0, 1, 30)] + [timedelta(microseconds=-1), timedelta(days=200)]

MOMENT = bindparam("moment", type_=DateTime(timezone=True))
UNIT, ZONE, TEXT, PATTERN = (bindparam(name, type_=Text()) for name in ("unit", "zone", "text", "pattern"))


@pytest.fixture
async def there(engines: Engines) -> AsyncIterator[AsyncConnection]:
    async with engines.reading().connect() as connection:
        yield connection


@pytest.mark.parametrize("zone", ZONES)
async def test_a_period_begins_in_a_zone_without_the_server_s_tables(zone: str, there: AsyncConnection) -> None:
    question = select(*(moment_start(MOMENT, literal(unit.value), ZONE) for unit in Unit))
    for away in NEAR:
        moment = ZONES[zone] + away
        found = (await there.execute(question, {"moment": moment, "zone": zone})).one()
        written = moment.replace(tzinfo=None).isoformat(" ", "microseconds")
        expected = [datetime.fromisoformat(started(written, unit, zone)).replace(tzinfo=UTC) for unit in Unit]
        assert list(found) == expected, moment


@pytest.mark.parametrize(
    ("document", "part", "expected"),
    [
        ({"a": {"b": [1, 2.50]}}, '{"a": {"b": [2.5e0]}}', True),
        ({"a": [1]}, '{"a": 1}', False),
        ([{"a": 1}], '{"a": 1}', False),
        ([1, "x"], '"x"', True),
        (["x"], '["X"]', False),
        (["x "], '["x"]', False),
        ([10**40 + 1], str([10**40]), False),
        (["\u00e9"], '["\\u00e9"]', True),
    ],
)
async def test_a_document_contains_what_it_contains_exactly(
    document: Any, part: str, *, expected: bool, there: AsyncConnection
) -> None:
    question = select(json_contains(bindparam("document", type_=JSON_DOCUMENT), PATTERN))
    assert await there.scalar(question, {"document": document, "pattern": part}) is expected


async def test_what_nests_too_deep_to_be_ordered_is_an_error_and_no_order(there: AsyncConnection) -> None:
    question = select(json_sorted(bindparam("document", type_=JSON_DOCUMENT)))
    with pytest.raises(DBAPIError) as raised:
        await there.scalar(question, {"document": [[[[[[[1]]]]]]]})
    assert failure_of(raised.value) is Failure.UNCOMPUTABLE


async def test_a_pattern_that_takes_too_many_steps_is_an_error_and_no_answer(there: AsyncConnection) -> None:
    question = select(matches(TEXT, PATTERN))
    with pytest.raises(DBAPIError) as raised:
        await there.scalar(question, {"text": "a" * 5_000 + "!", "pattern": "(?:a|aa)+$"})
    assert failure_of(raised.value) is Failure.UNCOMPUTABLE
    assert await there.scalar(question, {"text": "ab\n", "pattern": "b$"}) is False
    assert await there.scalar(question, {"text": None, "pattern": "b$"}) is None


@pytest.mark.parametrize("text", ["Straße", "ÀÉ İ ΟΔΟΣ ẞ Ⴀ", "Cre\u0301me Brûlée", "か\u3099", "Łódź"])
async def test_letters_are_those_of_python(text: str, there: AsyncConnection) -> None:
    found = (await there.execute(select(fold_case(TEXT), without(TEXT)), {"text": text})).one()
    assert list(found) == [fold(text), without_accents(text)]
