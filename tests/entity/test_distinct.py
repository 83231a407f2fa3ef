"""Laws of `distinctBy`: the first row of each value under an order, however the list is cut, filtered and summed up."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.context import ContextFactory
from graph.entity.group_values import group_fields
from graph.entity.registry import Entity, entity_of
from tests.databases import StatementRecorder
from tests.entity import things, things_types
from tests.entity.asking import spelled
from tests.entity.conftest import Filled
from tests.entity.laws import Both, tried
from tests.entity.plain_rows import plain_rows
from tests.entity.questions import some_term
from tests.entity.reckoning import Row, Term, id_of, sorted_by
from tests.entity.sales_types import SALES
from tests.entity.serving import Api, serve
from tests.entity.test_paging_laws import DIRECTIONS, walk_backward, walk_forward
from tests.entity.things_rows import SAMPLE

THING = entity_of(things_types.Thing)
ROWS = plain_rows(SAMPLE)
THINGS, BOXES = ROWS[things.Thing], ROWS[things.Box]

orders = st.lists(st.tuples(some_term(THING), st.sampled_from(DIRECTIONS)), max_size=2)
shared = st.lists(st.sampled_from(sorted(group_fields(THING))), min_size=1, max_size=2)

PAGE = "{ edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"

ROOT = f"""
query ($by: [ThingGroupField!], $orderBy: [ThingSort!], $first: Int, $after: String, $last: Int, $before: String) {{
  things(distinctBy: $by, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {PAGE}
}}
"""

WHOLE = """
query ($by: [ThingGroupField!], $orderBy: [ThingSort!], $where: ThingFilter, $offset: Int) {
  things(distinctBy: $by, orderBy: $orderBy, where: $where, first: 9, offset: $offset) {
    nodes { id } totalCount pageInfo { pageCount }
    aggregate { count sum { number } groupBy(by: [{value: SHAPE}]) { nodes { count } } }
  }
}
"""

IN_EVERY_BOX = """
query ($by: [ThingGroupField!], $orderBy: [ThingSort!]) {
  boxes(first: 100) { nodes {
    things(distinctBy: $by, orderBy: $orderBy, first: 2) {
      nodes { id labels { nodes { id } } } pageInfo { hasNextPage } totalCount aggregate { count }
    }
  } }
  labels(first: 100) { nodes { id things(distinctBy: $by, orderBy: $orderBy, last: 3) { nodes { id } totalCount } } }
}
"""


def firsts(rows: Sequence[Row], by: Sequence[str], order: Sequence[Term], entity: Entity = THING) -> list[Row]:
    """The first row of each combination of values, in the order."""
    columns = [column for name in by for column in group_fields(entity)[name].columns]
    found: dict[tuple[Any, ...], Row] = {}
    for row in sorted_by(entity, rows, order):
        found.setdefault(tuple(getattr(row, column) for column in columns), row)
    return list(found.values())


def ids(rows: Sequence[Row], entity: Entity = THING) -> list[str]:
    return [id_of(entity, row) for row in rows]


@tried(4)
@given(by=shared, order=orders, size=st.integers(2, 9))
async def test_the_first_of_each_is_the_same_however_it_is_cut(
    by: list[str], order: list[Term], size: int, both: Both
) -> None:
    expected = ids(firsts(THINGS, by, order))
    asked = {"by": by, "orderBy": spelled(order)}
    for api in both.values():
        assert await walk_forward(api, ROOT, size, **asked) == expected
        assert await walk_backward(api, ROOT, size, **asked) == expected


@tried(8)
@given(by=shared, order=orders, least=st.none() | st.integers(-5, 5), offset=st.integers(0, 5))
async def test_totals_and_aggregates_are_those_of_the_first_rows(
    by: list[str], order: list[Term], least: int | None, offset: int, both: Both
) -> None:
    """The filter comes first: a row that it leaves out is in front of nobody."""
    where = None if least is None else {"number": {"gte": least}}
    fitting = [row for row in THINGS if least is None or (row.number is not None and row.number >= least)]
    expected = firsts(fitting, by, order)
    numbers = [row.number for row in expected if row.number is not None]
    for api in both.values():
        found = (await api.ask(WHOLE, by=by, orderBy=spelled(order), where=where, offset=offset))["things"]
        assert [node["id"] for node in found["nodes"]] == ids(expected)[offset : offset + 9]
        assert found["totalCount"] == found["aggregate"]["count"] == len(expected)
        assert found["pageInfo"]["pageCount"] == -(-len(expected) // 9)
        assert found["aggregate"]["sum"]["number"] == (str(sum(numbers)) if numbers else None)
        assert sum(group["count"] for group in found["aggregate"]["groupBy"]["nodes"]) == len(expected)


@tried(6)
@given(by=shared, order=orders)
async def test_every_parent_has_the_first_of_each_of_its_own_rows(
    by: list[str], order: list[Term], both: Both, statements: StatementRecorder
) -> None:
    for api in both.values():
        with statements() as seen:
            found = await api.ask(IN_EVERY_BOX, by=by, orderBy=spelled(order))
        # Boxes and labels, a page and a count below each; aggregates below boxes, and the labels of their things.
        assert len(seen) <= 2 + 2 + 2 + 1 + 1
        for row, box in zip(BOXES, found["boxes"]["nodes"], strict=True):
            expected = firsts(row.things, by, order)
            page = box["things"]
            assert [node["id"] for node in page["nodes"]] == ids(expected[:2])
            assert page["totalCount"] == page["aggregate"]["count"] == len(expected)
            assert page["pageInfo"]["hasNextPage"] is (len(expected) > 2)
        labels = {id_of(entity_of(things_types.Label), row): row for row in ROWS[things.Label]}
        for label in found["labels"]["nodes"]:
            expected = firsts(labels[label["id"]].things, by, order)
            assert [node["id"] for node in label["things"]["nodes"]] == ids(expected[-3:])
            assert label["things"]["totalCount"] == len(expected)


async def test_rows_are_told_apart_by_something(chinook: Api) -> None:
    (error,) = await chinook.errors("{ tracks(distinctBy: []) { nodes { id } } }")
    assert error.startswith("`distinctBy` is empty; name what tells the rows apart")


async def test_composite_keys_are_told_apart(chinook: Api) -> None:
    query = "{ playlistTracks(distinctBy: [PLAYLIST], orderBy: [{track: {name: DESC}}]) { nodes { playlist { id } } } }"
    found = (await chinook.ask(query))["playlistTracks"]["nodes"]
    playlists = [node["playlist"]["id"] for node in found]
    assert len(set(playlists)) == len(playlists) > 1


async def test_composite_keys_are_ordered_by_chance(chinook: Api) -> None:
    query = """query ($after: String, $offset: Int) {
        playlistTracks(first: 20, after: $after, offset: $offset, orderBy: [{random: {seed: 9}}]) {
            nodes { id } pageInfo { endCursor startPosition }
        } }"""
    first = (await chinook.ask(query))["playlistTracks"]
    by_number = (await chinook.ask(query, offset=20))["playlistTracks"]
    by_cursor = (await chinook.ask(query, after=first["pageInfo"]["endCursor"]))["playlistTracks"]
    assert by_cursor == by_number
    assert by_cursor["pageInfo"]["startPosition"] == 20


async def test_rows_of_views_are_told_apart(dialect: str, filled: Filled) -> None:
    """Those with a key; a list of rows without one does not take it, and orders them by parts of JSON all the same."""
    query = """{
        all: shopTotals(orderBy: [{amount: DESC}]) { nodes { shop { name } sales } }
        first: shopTotals(distinctBy: [SALES], orderBy: [{amount: DESC}]) { nodes { shop { name } sales } totalCount }
    }"""
    async with serve(await filled(SALES, dialect), SALES) as api:
        found = await api.ask(query)
        expected: dict[int, Any] = {}
        for node in found["all"]["nodes"]:
            expected.setdefault(node["sales"], node)
        assert found["first"] == {"nodes": list(expected.values()), "totalCount": len(expected)}
        (error,) = await api.errors("{ saleLines(distinctBy: [SHOP]) { totalCount } }")
        assert error.startswith("Unknown argument 'distinctBy'")
        notes = "{ notes(orderBy: [{body: {at: [], direction: DESC}}]) { nodes { body } } }"
        assert (await api.ask(notes))["notes"]["nodes"] == [{"body": [1]}, {"body": [1]}, {"body": None}]


@pytest.mark.parametrize("by", ["GENRE", "ALBUM, MEDIA_TYPE"])
async def test_the_price_of_the_first_of_each_is_that_of_groups(chinook: Api, by: str) -> None:
    async def work(arguments: str) -> int:
        query = f"{{ tracks{arguments} {{ nodes {{ id }} totalCount }} }}"
        result = await chinook.schema.execute(
            query, context_value=ContextFactory(chinook.engines), operation_extensions={"cost": True}
        )
        assert result.errors is None
        assert result.extensions is not None
        found: int = result.extensions["cost"]["work"]
        return found

    # To have the values at hand, and twice (the page, the total) to read the list again and to put it into groups.
    assert await work(f"(distinctBy: [{by}])") - await work("") == 10 + 2 * (10 + 60)
