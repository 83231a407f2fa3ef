"""Claims about pages by number: the tutorials' pages, their number, and pages without rows."""

import pytest

from graph.entity import Schema
from graph.settings import MAX_OFFSET, Settings
from tests.databases import StatementRecorder
from tests.entity.chinook_types import Query
from tests.entity.serving import Api
from tests.execute.running import run

SOME = "{milliseconds: {gte: 300000}}"

REFUSED = {
    "offset: -1": "`offset` is -1; it must be between 0 and 10000.",
    f"offset: {MAX_OFFSET + 1}": "`offset` is 10001; it must be between 0 and 10000. Page by `after` to go further.",
    "offset: 1, last: 2": "`offset` counts from the start of the list; give it with `first` alone, or leave it out",
    'offset: 0, first: 2, after: "%s"': "`offset` counts from the start of the list; give it with `first` alone",
    'offset: 1, before: "%s"': "`offset` counts from the start of the list; give it with `first` alone",
}


async def test_pages_by_number_make_the_whole_list(chinook: Api, statements: StatementRecorder) -> None:
    whole = (await chinook.ask("{ genres(first: 100, orderBy: [{name: DESC}]) { nodes { name } } }"))["genres"]
    page = "nodes { name } totalCount pageInfo { hasNextPage hasPreviousPage pageCount }"
    walked, total = [], len(whole["nodes"])
    for offset in range(0, total + 3, 3):
        with statements() as seen:
            query = f"{{ genres(first: 3, offset: {offset}, orderBy: [{{name: DESC}}]) {{ {page} }} }}"
            found = (await chinook.ask(query))["genres"]
        assert len(seen) == 2  # the page, the number of rows
        assert found["totalCount"] == total
        assert found["pageInfo"] == {
            "hasNextPage": offset + 3 < total,
            "hasPreviousPage": offset > 0,
            "pageCount": -(-total // 3),
        }
        walked += found["nodes"]
    assert walked == whole["nodes"]


async def test_every_parent_has_a_page_by_number(chinook: Api, statements: StatementRecorder) -> None:
    query = """{ albums(first: 30) { nodes {
        all: tracks(first: 100) { nodes { id } }
        page: tracks(first: 2, offset: 3) { nodes { id } edges { cursor } pageInfo { hasNextPage pageCount } } } } }"""
    with statements() as seen:
        albums = (await chinook.ask(query))["albums"]["nodes"]
    assert len(seen) == 4  # the albums; all tracks, a page of them, the number of them
    for album in albums:
        tracks, page = album["all"]["nodes"], album["page"]
        assert page["nodes"] == tracks[3:5]
        assert len(page["edges"]) == len(page["nodes"])
        assert page["pageInfo"] == {"hasNextPage": len(tracks) > 5, "pageCount": -(-len(tracks) // 2)}


async def test_a_cursor_leads_on_from_a_page_by_number(chinook: Api) -> None:
    whole = (await chinook.ask("{ tracks(first: 20) { nodes { id } } }"))["tracks"]["nodes"]
    page = (await chinook.ask("{ tracks(first: 4, offset: 6) { pageInfo { endCursor } } }"))["tracks"]
    next_ = f'{{ tracks(first: 4, after: "{page["pageInfo"]["endCursor"]}") {{ nodes {{ id }} }} }}'
    assert (await chinook.ask(next_))["tracks"]["nodes"] == whole[10:14]


async def test_the_number_of_pages_comes_with_the_page_below_a_filter(
    chinook: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        found = await chinook.ask(
            f"{{ tracks(first: 7, where: {SOME}) {{ nodes {{ id }} pageInfo {{ pageCount }} totalCount }} }}"
        )
    assert len(seen) <= 2  # in one, unless there are too many rows
    assert found["tracks"]["pageInfo"]["pageCount"] == -(-found["tracks"]["totalCount"] // 7)


@pytest.mark.parametrize(
    ("query", "costs"),
    [
        ("tracks(first: 0) { nodes { id } edges { node { id } } }", 0),
        ("tracks(first: 0) { nodes { id album { title } } totalCount }", 1),
        ("tracks(first: 0) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor pageCount } }", 1),
        (f"tracks(first: 0, where: {SOME}) {{ totalCount nodes {{ id }} pageInfo {{ hasNextPage }} }}", 1),
        (f"tracks(last: 0, where: {SOME}) {{ nodes {{ id }} aggregate {{ count max {{ milliseconds }} }} }}", 1),
        ("tracks(first: 0) { pageInfo { hasNextPage } }", 1),
        ("tracks(first: 0, offset: 5) { pageInfo { startPosition startCursor } nodes { id } }", 0),
        ("albums(first: 0) { aggregate { count } pageInfo { endCursor } nodes { tracks { nodes { id } } } }", 1),
        ("albums(first: 2) { nodes { tracks(first: 0) { totalCount nodes { id } pageInfo { hasNextPage } } } }", 2),
    ],
)
async def test_a_page_without_rows_costs_no_statement(
    chinook: Api, statements: StatementRecorder, query: str, costs: int
) -> None:
    with statements() as seen:
        found = next(iter((await chinook.ask(f"{{ {query} }}")).values()))
    assert len(seen) == costs
    for page in [found] if costs != 2 else [album["tracks"] for album in found["nodes"]]:
        assert not page.get("nodes")
        assert not page.get("edges")
        info = page.get("pageInfo", {})
        assert info.get("hasNextPage") is not False  # there are rows
        assert info.get("pageCount") is None
        assert page.get("totalCount") != 0


async def test_a_page_by_number_that_makes_no_sense_is_refused_with_the_cure(
    chinook: Api, subtests: pytest.Subtests
) -> None:
    cursor = (await chinook.ask("{ genres(first: 1) { pageInfo { endCursor } } }"))["genres"]["pageInfo"]["endCursor"]
    for asked, said in REFUSED.items():
        with subtests.test(asked):
            asked = asked.replace("%s", cursor)
            (error,) = await chinook.errors(f"{{ genres({asked}) {{ nodes {{ name }} }} }}")
            assert error.startswith(said)


async def test_rows_in_front_of_a_page_are_paid_for_and_bounded_by_a_setting(chinook: Api) -> None:
    async def priced(schema: Schema, offset: int) -> int:
        query = f"{{ artists(first: 10) {{ nodes {{ albums(first: 3, offset: {offset}) {{ nodes {{ id }} }} }} }} }}"
        result = await run(schema, chinook.engines, query, operation_extensions={"cost": True})
        assert result.extensions is not None
        if result.errors:
            assert "must be between 0 and 5" in result.errors[0].message
        rows: int = result.extensions["cost"]["rows"]
        return rows

    narrow = Schema(Query, Settings.model_construct(max_offset=5))
    # Ten pages of albums have so many rows in front of each.
    assert await priced(narrow, 5) - await priced(narrow, 0) == 10 * 5
    assert await priced(narrow, 6) - await priced(narrow, 0) == 10 * 6


@pytest.mark.parametrize(
    ("page", "selected", "costs"),
    [
        ("first: 2", ["pageCount"], 1),
        ("first: 2, offset: 3", ["startPosition"], 0),
        ("last: 2", ["startPosition", "pageCount"], 2),
        ("first: 2", ["startPosition", "hasNextPage"], 1),
    ],
)
async def test_what_is_counted_of_pages_reads_no_page_that_nobody_asks_for(
    chinook: Api, statements: StatementRecorder, page: str, selected: list[str], costs: int
) -> None:
    total = (await chinook.ask("{ genres { totalCount } }"))["genres"]["totalCount"]
    start = 3 if "offset" in page else total - 2 if "last" in page else 0
    expected = {"pageCount": -(-total // 2), "startPosition": start, "hasNextPage": True}
    with statements() as seen:
        found = (await chinook.ask(f"{{ genres({page}) {{ pageInfo {{ {' '.join(selected)} }} }} }}"))["genres"]
    assert len(seen) == costs
    assert found["pageInfo"] == {name: expected[name] for name in selected}
