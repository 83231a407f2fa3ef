"""Random questions about foreign schemas: whatever is asked, both databases answer what Python reckons.

Filters, orders, pages, aggregates, groups and children, each question as one. `make agreement` asks thousands.
"""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.testing.choices import MARIADB
from tests.entity import chinook_types, extremes_types, things_types
from tests.entity.asking import Inquiry
from tests.entity.chinook_rows import CHINOOK
from tests.entity.conftest import Filled, served_from_each
from tests.entity.extremes_rows import EXTREMES
from tests.entity.laws import Both, tried
from tests.entity.questions import Question, Subject, Where
from tests.entity.things_rows import SAMPLE as THINGS

SUBJECTS = [
    Subject(THINGS, *things_types.TYPES),
    Subject(CHINOOK, *chinook_types.TYPES),
    Subject(EXTREMES, *extremes_types.TYPES),
]


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.name)
async def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


@pytest.fixture
async def served(subject: Subject, filled: Filled) -> AsyncIterator[Both]:
    """The subject's rows, served from each database."""
    # MariaDB has no decimal of 300 digits, and so no exact sum of such doubles: docs/databases.md
    async with served_from_each(filled, subject.sample, MARIADB if subject.sample is EXTREMES else None) as found:
        yield found


@tried(16)
@given(data=st.data())
async def test_both_databases_answer_what_python_reckons(data: st.DataObject, subject: Subject, served: Both) -> None:
    question: Question = data.draw(subject.questions())
    for api in served.values():
        await Inquiry(api, subject, question).check()


@pytest.mark.parametrize(
    "where",
    [
        {"text": {"eqIgnoreCase": "ΟΔΟΣ"}},
        {"or": [{"and": []}]},
        {"not": {"box": {"things": {"every": {"number": {"gt": 0}}}}}},
        {"id": {"in": []}},
        {"price": {"in": [Decimal("0.2500"), Decimal("12345678901234.56")]}},
        {"price": {"lt": Decimal("0.254")}},
        {"box": {"volume": {"lt": 1e300}}},
    ],
    ids=str,
)
async def test_a_filter_finds_what_python_finds(where: Where, both: Both) -> None:
    for api in both.values():
        await Inquiry(api, SUBJECTS[0], Question(things_types.Thing, where, (), 100, None)).check()
