"""`extensions.deprecations`: what an operation uses that is to go, told to those who ask."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest

from graph.deprecations import day_of
from tests.databases import Database
from tests.http.client import Client
from tests.usage.shop import shop

TITLE = "Use name. Goes on 2027-01-31."
HARD = "Nobody buys it. Goes on 2027-06-01."


@pytest.fixture
async def client(database: Database) -> AsyncIterator[Client]:
    async with shop(database.url) as client:
        yield client


async def deprecations(client: Client, query: str, **variables: Any) -> Any:
    answer = await client.ask(query, variables, extensions={"deprecations": True})
    assert answer.data
    return answer.body["extensions"]["deprecations"]


@pytest.mark.sqlite
async def test_a_field_is_named_with_its_reason_its_day_and_its_places(client: Client) -> None:
    found = await deprecations(client, "{ toys { title name\n  t: title } }")
    assert found == [
        {
            "coordinate": "Toy.title",
            "reason": TITLE,
            "date": "2027-01-31",
            "locations": [{"line": 1, "column": 10}, {"line": 2, "column": 3}],
            "variables": [],
        }
    ]


@pytest.mark.sqlite
async def test_input_fields_and_values_are_named_in_documents_and_in_variables(client: Client) -> None:
    query = 'query ($w: Wish!, $k: Kind) { toys(wish: {also: [$w, {kind: HARD}, {kind: $k}, {word: "a"}]}) { name } }'
    found = await deprecations(client, query, w={"also": [{"word": "b"}, {"kind": "SOFT"}]}, k="HARD")
    assert [(use["coordinate"], use["date"], len(use["locations"]), use["variables"]) for use in found] == [
        ("Kind.HARD", "2027-06-01", 1, ["k"]),
        ("Wish.word", None, 1, ["w"]),
    ]


@pytest.mark.sqlite
async def test_who_uses_nothing_deprecated_is_told_so_and_who_does_not_ask_is_told_nothing(client: Client) -> None:
    assert await deprecations(client, "{ toys { name } }") == []
    assert "extensions" not in (await client.ask("{ toys { title } }")).body
    both = await client.ask("{ toys { title } }", extensions={"deprecations": True, "cost": True})
    assert list(both.body["extensions"]) == ["cost", "deprecations"]


@pytest.mark.sqlite
async def test_deprecations_are_told_though_nobody_counts(database: Database) -> None:
    async with shop(database.url, record_usage=False) as client:
        assert len(await deprecations(client, "{ toys { title } }")) == 1


@pytest.mark.parametrize(
    ("reason", "day"),
    [
        (TITLE, date(2027, 1, 31)),
        ("Since 2026-01-01 there is name. Goes on 2027-01-31.", date(2027, 1, 31)),
        ("Gone by 2027-01-31, or 2027-03-01 at the latest.", date(2027, 3, 1)),
        ("Goes on 2027-02-30.", None),
        ("Use order 12027-01-311.", None),
        ("Use name.", None),
    ],
)
def test_the_day_is_part_of_the_reason(reason: str, day: date | None) -> None:
    assert day_of(reason) == day
