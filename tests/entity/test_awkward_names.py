"""Tables and columns whose names statements use for themselves, words of SQL, and decimals that are doubles."""

from typing import Any

import pytest
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Mapper

from db.relations import Predicate, Row, Visibility
from graph.context import ContextFactory
from tests.entity import odd as models
from tests.entity.serving import Api

PAGES = """
query ($where: AwkwardFilter, $orderBy: [AwkwardSort!], $after: String) {
  awkwardPages(where: $where, orderBy: $orderBy, first: 3, after: $after) {
    totalCount
    nodes { number page { number } pages(where: $where, orderBy: $orderBy, first: 1) { totalCount nodes { number } } }
    pageInfo { hasNextPage endCursor }
    aggregate { max { limit class_ }
      groupBy(by: [{value: KEYS}, {value: AFTER}, {value: CLASS_}, {value: PAGE}]) {
        nodes { count key { page { keys } } } } }
  }
}
"""

NUMBERS = range(1, 9)

FILTERS: list[tuple[dict[str, Any], list[int]]] = [
    ({"after": {"eq": "x"}}, [3, 6]),
    ({"keys": {"eq": 1}, "limit": {"eq": 1}, "position": {"in": [1, 2]}}, [1, 5, 7]),
    ({"class_": {"contains": "%"}}, [2, 4, 6, 8]),
    ({"ratio": {"gt": 0.5, "lt": 1.1}}, [4, 5, 6, 7]),
    ({"weight": {"gte": "0.5", "lt": "0.75"}}, [5, 6, 7]),
    ({"page": {"class_": {"isNull": True}}}, [1, 3, 5, 7]),
    ({"pages": {"some": {"after": {"eq": "y"}, "keys": {"eq": 1}}}}, [1, 2]),
]

ORDERS: list[list[dict[str, Any]]] = [
    [{"after": "ASC"}, {"before": "DESC"}, {"limit": "ASC"}],
    [{"class_": "ASC"}, {"position": "DESC"}, {"keys": "ASC"}],
    [{"page": {"after": "ASC"}}, {"number": "DESC"}],
    [{"ratio": "DESC"}],
    [{"weight": "DESC"}],
    [{"pages": {"count": "ASC"}}, {"ratio": "ASC"}],
]


def of_the_first_book(row: Row) -> ColumnElement[bool]:
    """All rows, said in columns whose names our own parameters might have."""
    return and_(row.keys == 1, row.parent_keys == 1, row.limit >= 0, row.number.in_(list(NUMBERS)))


def visible(mapper: Mapper[Any]) -> Predicate | None:
    return of_the_first_book if mapper.class_ is models.Awkward else None


async def walked(api: Api, where: dict[str, Any] | None, order_by: list[dict[str, Any]]) -> list[Any]:
    """The rows of all pages."""
    found: list[Any] = []
    after = None
    while True:
        context = ContextFactory(api.engines, visible=Visibility(visible))
        variables = {"where": where, "orderBy": order_by, "after": after}
        result = await api.schema.execute(PAGES, variables, context_value=context)
        assert result.data is not None, result.errors
        page = result.data["awkwardPages"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            assert (
                page["totalCount"]
                == len(found)
                == sum(group["count"] for group in page["aggregate"]["groupBy"]["nodes"])
            )
            return found


async def test_names_are_never_mistaken_for_ours(odd: Api, subtests: pytest.Subtests) -> None:
    for where, expected in FILTERS:
        with subtests.test(str(where)):
            assert sorted(node["number"] for node in await walked(odd, where, [{"id": "ASC"}])) == expected
    for order_by in ORDERS:
        with subtests.test(str(order_by)):
            nodes = await walked(odd, None, order_by)
            assert sorted(node["number"] for node in nodes) == list(NUMBERS)
            assert {node["number"]: node["page"]["number"] for node in nodes} == {
                number: 1 if number % 2 else 2 for number in NUMBERS
            }
            assert [node["number"] for node in nodes if node["pages"]["nodes"]] in ([1, 2], [2, 1])


async def test_decimals_that_are_doubles_stay_in_order(odd: Api) -> None:
    for name in ("weight", "ratio"):
        found = await walked(odd, None, [{name: "DESC"}])
        assert [node["number"] for node in found] == list(NUMBERS)[::-1]
