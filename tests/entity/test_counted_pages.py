"""Claims about a page and the number of all rows, read together: the same answers as when they are read apart."""

import pytest

from graph.loading import counted_pages
from tests.databases import StatementRecorder
from tests.entity.serving import Api

FITS = "{milliseconds: {gte: 60000}}"
NOTHING = '{name: {eq: "nobody wrote this"}}'
PARTS = "nodes { id name } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage endCursor }"
PAGES = [
    f"first: 3, where: {FITS}",
    f"last: 3, where: {FITS}",
    f"first: 0, where: {FITS}",
    f"first: 100, where: {FITS}",
    f"first: 4, where: {FITS}, orderBy: [{{composer: DESC}}]",
    f"first: 4, where: {FITS}, orderBy: [{{milliseconds: ASC}}, {{name: DESC}}]",
    f"last: 2, where: {FITS}, orderBy: [{{unitPrice: ASC}}]",
    'first: 3, where: {playlists: {some: {}}, album: {artist: {name: {startsWith: "B"}}}}',
    f"first: 3, where: {NOTHING}",
]


async def same_as_apart(chinook: Api, statements: StatementRecorder, page: str, costs: int) -> None:
    with statements() as seen:
        together = (await chinook.ask(f"{{ tracks({page}) {{ {PARTS} totalCount }} }}"))["tracks"]
    assert len(seen) == costs
    apart = (await chinook.ask(f"{{ tracks({page}) {{ {PARTS} }} }}"))["tracks"]
    where = page.partition("where: ")[2].partition(", orderBy")[0]
    count = (await chinook.ask(f"{{ tracks(where: {where}) {{ totalCount }} }}"))["tracks"]
    assert together == apart | count


async def test_few_rows_are_read_once_for_the_page_and_the_count(
    chinook: Api, statements: StatementRecorder, subtests: pytest.Subtests
) -> None:
    for page in PAGES:
        with subtests.test(page):
            await same_as_apart(chinook, statements, page, costs=1)


async def test_of_many_rows_the_page_is_read_in_its_order(
    chinook: Api, statements: StatementRecorder, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_pages, "FEW", 1)
    for page in PAGES:
        with subtests.test(page):
            # that there are too many, and the page with the count; a page of no rows is not read
            await same_as_apart(chinook, statements, page, costs=1 if NOTHING in page or "first: 0" in page else 2)


async def test_a_page_behind_a_cursor_and_the_count_are_two_statements(
    chinook: Api, statements: StatementRecorder
) -> None:
    first = (await chinook.ask(f"{{ tracks(first: 3, where: {FITS}) {{ pageInfo {{ endCursor }} }} }}"))["tracks"]
    cursor = first["pageInfo"]["endCursor"]
    await same_as_apart(chinook, statements, f'first: 3, after: "{cursor}", where: {FITS}', costs=2)


async def test_a_whole_table_is_counted_by_itself(chinook: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        await chinook.ask("{ tracks(first: 3) { totalCount nodes { id } } }")
    assert len(seen) == 2
