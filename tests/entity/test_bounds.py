"""Filters and orders as large as they may be are answered by both databases; larger ones are refused with a reason."""

from collections.abc import Callable
from typing import Any

import pytest

from graph.entity.comparisons import MAX_LIST, MAX_PART, MAX_VALUES
from graph.entity.filter_form import MAX_DEPTH
from graph.entity.ordering import MAX_STEPS
from tests.entity import odd_types
from tests.entity.laws import Both
from tests.entity.serving import Api, global_id
from tests.entity.things_types import Thing

BELOW_FILTERED_PARENTS = """
query ($where: ThingFilter) {
  boxes(where: {things: {some: {number: {gt: 0}}}}) {
    nodes {
      things(where: $where, orderBy: [{whole: {text: ASC}}]) {
        totalCount
        edges { cursor }
        aggregate { groupBy(by: [{value: NUMBER}]) { nodes { count } } }
      }
    }
  }
}
"""

AT_THE_ROOT = "query ($where: ThingFilter) { things(where: $where) { totalCount } }"

Where = dict[str, Any]

NESTED: dict[str, Callable[[Where], Where]] = {
    "a to-one": lambda where: {"whole": where},
    "some": lambda where: {"parts": {"some": where}},
    "every": lambda where: {"parts": {"every": where}},
    "a table between": lambda where: {"labels": {"some": {"things": {"none": where}}}},
    "not": lambda where: {"not": where},
    "or, not, none": lambda where: {"or": [{"not": {"parts": {"none": where}}}, {"number": {"eq": 1}}]},
}

NUMBERS = [{"number": {"ne": number}} for number in range(MAX_VALUES)]
TEXT = "%" * MAX_PART

WIDE: dict[str, tuple[Where, Where]] = {
    "or": ({"or": NUMBERS[: MAX_VALUES // 4]}, {"or": NUMBERS}),
    "and": ({"and": NUMBERS[: MAX_VALUES // 4]}, {"and": NUMBERS}),
    "in": ({"number": {"in": [1] * MAX_LIST}}, {"number": {"in": [1] * (MAX_LIST + 1)}}),
    "ids": ({"id": {"in": [global_id(Thing, 1)] * MAX_LIST}}, {"id": {"in": [global_id(Thing, 1)] * (MAX_LIST + 1)}}),
    "text": ({"text": {"containsIgnoreCase": TEXT}}, {"text": {"containsIgnoreCase": TEXT + "%"}}),
}


async def told(api: Api, document: str, where: Where) -> list[str]:
    return await api.errors(document, where=where)


@pytest.mark.parametrize("name", NESTED)
async def test_filters_nest_as_deep_as_they_may(name: str, both: Both) -> None:
    answered: dict[str, int] = {}
    for dialect, api in both.items():
        where: Where = {"number": {"eq": 1}}
        for depth in range(MAX_DEPTH + 1):
            errors = await told(api, BELOW_FILTERED_PARENTS, where)
            if errors:
                assert {error.partition(": ")[2] for error in errors} == {
                    f"filters may nest {MAX_DEPTH} deep; ask for less at once."
                }
                break
            answered[dialect] = depth
            where = NESTED[name](where)
    assert answered["sqlite"] == answered["postgresql"] >= 3


@pytest.mark.parametrize("name", WIDE)
async def test_filters_are_as_wide_as_they_may_be(name: str, both: Both) -> None:
    largest, larger = WIDE[name]
    for api in both.values():
        assert not await told(api, AT_THE_ROOT, largest)
        (error,) = await told(api, AT_THE_ROOT, larger)
        assert "at most" in error


async def test_ids_of_several_columns_may_be_as_many_as_others(odd: Api) -> None:
    ids = [global_id(odd_types.PurchaseLine, "shop", number, 1) for number in range(MAX_LIST)]
    for operator, count in (("in", 0), ("notIn", 6)):
        document = f"query ($ids: [ID!]!) {{ purchaseLines(where: {{id: {{{operator}: $ids}}}}) {{ totalCount }} }}"
        assert await odd.ask(document, ids=ids) == {"purchaseLines": {"totalCount": count}}


async def test_orders_lead_over_as_many_relations_as_they_may(both: Both) -> None:
    document = """
      query ($orderBy: [ThingSort!]) {
        things(orderBy: $orderBy) { edges { cursor } }
        boxes { nodes { things(orderBy: $orderBy, first: 2) { edges { cursor } } } }
      }
    """
    longest: dict[str, Any] = {"text": "ASC"}
    for _ in range(MAX_STEPS):
        longest = {"whole": longest}
    for api in both.values():
        assert not await api.errors(document, orderBy=[longest] * 10)
        for error in await api.errors(document, orderBy=[{"whole": longest}]):
            assert error == f"`orderBy` leads over at most {MAX_STEPS} relations."
