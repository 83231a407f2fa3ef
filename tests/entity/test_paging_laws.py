"""Laws of paging, in every order that can be asked for: however a list is cut into pages, it is the same list."""

from collections.abc import Sequence
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from graph.entity.registry import entity_of
from tests.databases import StatementRecorder
from tests.entity import things, things_types
from tests.entity.asking import spelled
from tests.entity.laws import Both, tried
from tests.entity.plain_rows import plain_rows
from tests.entity.questions import some_term
from tests.entity.reckoning import Term, id_of, sorted_by
from tests.entity.serving import Api, global_id
from tests.entity.things_rows import SAMPLE

DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "ASC_NULLS_LAST", "DESC_NULLS_FIRST", "DESC_NULLS_LAST")


# Never null by themselves, but null where there is no box, or no whole.
COUNT_IN_BOX = ("box", "things", "count")
ID_OF_WHOLE = ("whole", "id")

THING = entity_of(things_types.Thing)
THINGS = plain_rows(SAMPLE)[things.Thing]
BOXES = plain_rows(SAMPLE)[things.Box]

terms = st.lists(st.tuples(some_term(THING), st.sampled_from(DIRECTIONS)), max_size=4)


def reckoned(rows: Sequence[things.Thing], order: Sequence[Term]) -> list[str]:
    """The ids of rows in this order."""
    return [id_of(THING, row) for row in sorted_by(THING, rows, order)]


PAGE = """
{
  edges { cursor node { id } }
  nodes { id }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
}
"""

ROOT = f"""
query ($orderBy: [ThingSort!], $first: Int, $after: String, $last: Int, $before: String) {{
  things(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {PAGE}
}}
"""

AROUND = """
query ($by: [ThingGroupField!], $orderBy: [ThingSort!], $first: Int, $after: String, $last: Int, $before: String,
       $around: String, $offset: Int) {
  things(distinctBy: $by, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before,
         around: $around, offset: $offset) {
    nodes { id } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor startPosition pageCount }
  }
}
"""

AROUND_IN_EVERY_BOX = """
query ($orderBy: [ThingSort!], $around: String, $last: Int) {
  boxes(first: 100) { nodes {
    around: things(orderBy: $orderBy, first: 3, around: $around) {
      nodes { id } pageInfo { startPosition hasNextPage hasPreviousPage }
    }
    behind: things(orderBy: $orderBy, first: 2, after: $around) { nodes { id } pageInfo { startPosition } }
    last: things(orderBy: $orderBy, last: $last) { nodes { id } pageInfo { startPosition } }
  } }
}
"""

IN_ONE_BOX = f"""
query ($box: ID!, $orderBy: [ThingSort!], $first: Int, $after: String, $last: Int, $before: String) {{
  box(id: $box) {{
    things(orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {PAGE}
  }}
}}
"""

IN_EVERY_BOX = """
query ($orderBy: [ThingSort!], $size: Int!) {
  boxes {
    nodes {
      first: things(orderBy: $orderBy, first: $size) { nodes { id } pageInfo { hasNextPage hasPreviousPage } }
      last: things(orderBy: $orderBy, last: $size) { nodes { id } pageInfo { hasNextPage hasPreviousPage } }
    }
  }
}
"""


def ids_on(page: Any) -> list[str]:
    """The ids on a page, whose parts must agree with one another."""
    ids = [node["id"] for node in page["nodes"]]
    assert [edge["node"]["id"] for edge in page["edges"]] == ids
    cursors = [edge["cursor"] for edge in page["edges"]]
    ends = (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"])
    assert ends == ((cursors[0], cursors[-1]) if cursors else (None, None))
    return ids


async def walk_forward(api: Api, document: str, size: int, **variables: Any) -> list[str]:
    """All ids, page by page from the start."""
    found: list[str] = []
    after = None
    while True:
        page = things_in(await api.ask(document, first=size, after=after, **variables))
        found += ids_on(page)
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        assert len(found) <= len(THINGS), "a row came twice"
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def walk_backward(api: Api, document: str, size: int, **variables: Any) -> list[str]:
    """All ids, page by page from the end."""
    found: list[str] = []
    before = None
    while True:
        page = things_in(await api.ask(document, last=size, before=before, **variables))
        found = ids_on(page) + found
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        assert len(found) <= len(THINGS), "a row came twice"
        if not page["pageInfo"]["hasPreviousPage"]:
            return found
        before = page["pageInfo"]["startCursor"]


def things_in(answer: Any) -> Any:
    return answer["box"]["things"] if "box" in answer else answer["things"]


@tried(4)
@given(order=terms, size=st.integers(3, 13))
@example(order=[(COUNT_IN_BOX, "ASC_NULLS_FIRST"), (ID_OF_WHOLE, "DESC_NULLS_FIRST")], size=3)
async def test_a_list_is_the_same_however_it_is_cut(order: list[Term], size: int, both: Both) -> None:
    order_by = spelled(order)
    expected = reckoned(THINGS, order)
    for api in both.values():
        whole = things_in(await api.ask(ROOT, orderBy=order_by, first=100))
        assert ids_on(whole) == expected
        assert await walk_forward(api, ROOT, size, orderBy=order_by) == expected
        assert await walk_backward(api, ROOT, size, orderBy=order_by) == expected


@tried(6)
@given(order=terms, size=st.integers(1, 5), box=st.sampled_from(BOXES))
async def test_every_parent_has_pages_of_its_own(order: list[Term], size: int, box: things.Box, both: Both) -> None:
    order_by = spelled(order)
    for api in both.values():
        boxes = (await api.ask(IN_EVERY_BOX, orderBy=order_by, size=size))["boxes"]["nodes"]
        for row, found in zip(BOXES, boxes, strict=True):
            expected = reckoned(row.things, order)
            more = len(expected) > size
            assert [node["id"] for node in found["first"]["nodes"]] == expected[:size]
            assert found["first"]["pageInfo"] == {"hasNextPage": more, "hasPreviousPage": False}
            assert [node["id"] for node in found["last"]["nodes"]] == expected[-size:]
            assert found["last"]["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": more}
        expected, id_ = reckoned(box.things, order), global_id(things_types.Box, box.id)
        assert await walk_forward(api, IN_ONE_BOX, size, orderBy=order_by, box=id_) == expected
        assert await walk_backward(api, IN_ONE_BOX, size, orderBy=order_by, box=id_) == expected


@tried(6)
@given(order=terms, places=st.lists(st.integers(0, len(THINGS) - 1), min_size=2, max_size=2), size=st.integers(0, 9))
async def test_rows_between_two_cursors_are_those_between_two_places(
    order: list[Term], places: list[int], size: int, both: Both
) -> None:
    order_by = spelled(order)
    expected = reckoned(THINGS, order)
    start, end = places
    between = expected[start + 1 : end]
    for api in both.values():
        edges = things_in(await api.ask(ROOT, orderBy=order_by, first=100))["edges"]
        cursors = {"after": edges[start]["cursor"], "before": edges[end]["cursor"]}
        first = things_in(await api.ask(ROOT, orderBy=order_by, first=size, **cursors))
        assert ids_on(first) == between[:size]
        assert first["pageInfo"]["hasNextPage"] is (len(between) > size)
        last = things_in(await api.ask(ROOT, orderBy=order_by, last=size, **cursors))
        assert ids_on(last) == between[len(between) - min(size, len(between)) :]
        assert last["pageInfo"]["hasPreviousPage"] is (len(between) > size)


@tried(4)
@given(direction=st.sampled_from(DIRECTIONS), size=st.integers(1, 9))
async def test_pages_lose_nothing_where_a_database_computes_with_doubles(direction: str, size: int, both: Both) -> None:
    order_by = [{"noise": direction}, {"rate": "ASC"}]
    for api in both.values():
        whole = ids_on(things_in(await api.ask(ROOT, orderBy=order_by, first=100)))
        assert sorted(whole) == sorted(reckoned(THINGS, []))
        assert await walk_forward(api, ROOT, size, orderBy=order_by) == whole
        assert await walk_backward(api, ROOT, size, orderBy=order_by) == whole


@tried(3)
@given(order=terms, place=st.integers(0, len(THINGS) - 1), size=st.integers(0, 9), is_distinct=st.booleans())
async def test_a_page_stands_around_a_row_and_knows_its_place(
    order: list[Term], place: int, size: int, is_distinct: bool, both: Both, statements: StatementRecorder
) -> None:
    asked = {"orderBy": spelled(order)} | ({"by": ["SHAPE", "NUMBER"]} if is_distinct else {})
    for api in both.values():
        whole = things_in(await api.ask(AROUND, first=100, **asked))["edges"]
        ids, cursors = [edge["node"]["id"] for edge in whole], [edge["cursor"] for edge in whole]
        at = place % len(ids)
        start, end = max(0, at - size // 2), min(len(ids), at + size - size // 2)
        with statements() as seen:
            page = things_in(await api.ask(AROUND, first=size, around=cursors[at], **asked))
        assert len(seen) <= 4  # two halves, the rows in front, all rows
        assert ids_on(page) == ids[start:end]
        ends = (page["pageInfo"]["hasPreviousPage"], page["pageInfo"]["hasNextPage"])
        assert ends == (start > 0, end < len(ids))
        assert page["pageInfo"]["startPosition"] == start
        windows: list[tuple[dict[str, Any], int]] = [
            ({"first": size}, 0),
            ({"first": size, "offset": place}, place),
            ({"first": size, "after": cursors[at]}, at + 1),
            ({"first": size, "before": cursors[at]}, 0),
            ({"last": size}, max(0, len(ids) - size)),
            ({"last": size, "before": cursors[at]}, max(0, at - size)),
            ({"last": size, "after": cursors[at]}, max(at + 1, len(ids) - size)),
        ]
        for window, position in windows:
            info = things_in(await api.ask(AROUND, **window, **asked))["pageInfo"]
            assert info["startPosition"] == position, window


@tried(4)
@given(order=terms, place=st.integers(0, len(THINGS) - 1), last=st.integers(0, 4))
async def test_every_parent_has_a_page_around_a_place_of_the_order(
    order: list[Term], place: int, last: int, both: Both, statements: StatementRecorder
) -> None:
    """The row may be another parent's: then the page is around the place where it would stand."""
    order = order or [(("id",), "ASC")]  # the natural order of a relationship has cursors of its own
    order_by, expected = spelled(order), reckoned(THINGS, order)
    for api in both.values():
        cursor = things_in(await api.ask(ROOT, orderBy=order_by, first=100))["edges"][place]["cursor"]
        with statements() as seen:
            found = await api.ask(AROUND_IN_EVERY_BOX, orderBy=order_by, around=cursor, last=last)
        # Boxes; two halves and the rows in front; a page and the rows in front; a page and all rows.
        assert len(seen) <= 1 + 3 + 2 + 2
        for row, box in zip(BOXES, found["boxes"]["nodes"], strict=True):
            own = reckoned(row.things, order)
            at = sum(expected.index(id_) < place for id_ in own)
            start, end = max(0, at - 1), min(len(own), at + 2)
            assert [node["id"] for node in box["around"]["nodes"]] == own[start:end]
            info = {"startPosition": start, "hasPreviousPage": start > 0, "hasNextPage": end < len(own)}
            assert box["around"]["pageInfo"] == info
            behind = at + (at < len(own) and own[at] == expected[place])
            assert [node["id"] for node in box["behind"]["nodes"]] == own[behind : behind + 2]
            assert box["behind"]["pageInfo"]["startPosition"] == behind
            assert box["last"]["pageInfo"]["startPosition"] == max(0, len(own) - last)


async def test_a_page_around_a_row_takes_no_other_place(both: Both) -> None:
    for api in both.values():
        (edge, *_) = things_in(await api.ask(ROOT, first=1))["edges"]
        for other in ({"last": 1}, {"after": edge["cursor"]}, {"before": edge["cursor"]}, {"offset": 1}):
            (error,) = await api.errors(AROUND, around=edge["cursor"], **other)
            assert "leave it out beside" in error
        (error,) = await api.errors(AROUND, around="nothing of ours")
        assert error == "`around` is not a cursor of this ordering; start again without it."
