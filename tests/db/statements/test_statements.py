"""Statements are built once for all operations that need the same, and the least recently used go first."""

from collections.abc import Callable, Hashable
from typing import Any

import pytest
from sqlalchemy.orm import Mapper

from db import demo, models
from db import statements as batch
from db.relations import Predicate, Visibility, root
from db.session.engines import Engines
from db.statements import Statement, StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.loading import counted_pages
from graph.schema import make_schema
from tests.databases import StatementRecorder


class CountingStatements(StatementCache):
    """Counts what it is asked for, and what it builds."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Hashable] = []
        self.built = 0

    def get(self, identity: Hashable, build: Callable[[], Statement]) -> Statement:
        self.asked.append(identity)

        def counted() -> Statement:
            self.built += 1
            return build()

        return super().get(identity, counted)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return make_schema()


@pytest.fixture
async def filled(engines: Engines) -> Engines:
    await demo.fill(engines, scale=1)
    return engines


async def answer(schema: Schema, context: ContextFactory, query: str, **variables: Any) -> Any:
    result = await schema.execute(query, variables, context_value=context)
    assert result.errors is None, result.errors
    return result.data


def count_of_tags() -> Statement:
    return batch.count(root(models.Tag), "sqlite")


def never() -> Statement:
    raise AssertionError("This was built before.")


def test_a_statement_is_built_once_for_one_identity() -> None:
    statements = StatementCache()
    first = statements.get(("tags", 1), count_of_tags)
    assert first.compiled is not None
    assert statements.get(("tags", 1), never) is first
    assert statements.get(("tags", 2), count_of_tags) is not first


def test_the_least_recently_used_statement_goes_first() -> None:
    statements = StatementCache(capacity=3)
    first, second, third = (statements.get(number, count_of_tags) for number in (1, 2, 3))
    assert statements.get(1, never) is first  # used again: now the second is the oldest
    statements.get(4, count_of_tags)
    assert statements.get(1, never) is first
    assert statements.get(3, never) is third
    assert statements.get(2, count_of_tags) is not second


def test_a_statement_that_cannot_be_built_leaves_no_trace() -> None:
    statements = StatementCache(capacity=1)
    first = statements.get(1, count_of_tags)
    with pytest.raises(AssertionError):
        statements.get(2, never)
    assert statements.get(1, never) is first
    assert statements.get(2, count_of_tags).compiled is not None


async def test_operations_of_different_documents_share_what_they_need_alike(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    kept = CountingStatements()
    with statements() as seen:
        one = await answer(
            schema,
            ContextFactory(filled, statements=kept),
            "{ posts(first: 2) { nodes { title author { name } } } }",
        )
        other = await answer(
            schema,
            ContextFactory(filled, statements=kept),
            "query B($n: Int) { latest: posts(first: $n) { edges { node { headline: title by: author { name } } } } }",
            n=3,
        )
    shown = [edge["node"] for edge in other["latest"]["edges"]]
    assert len(shown) == 3
    assert one["posts"]["nodes"] == [{"title": post["headline"], "author": post["by"]} for post in shown[:2]]
    # Each asks for the page and for the authors; both were built by the first.
    assert len(seen) == 4
    assert seen[0] == seen[2]
    assert (len(kept.asked), kept.built) == (4, 2)
    assert kept.asked[:2] == kept.asked[2:]


async def test_other_columns_orders_and_sides_of_a_cursor_are_other_statements(schema: Schema, filled: Engines) -> None:
    kept = CountingStatements()
    context = ContextFactory(filled, statements=kept)
    found = await answer(schema, context, "{ tags(first: 1) { nodes { name } pageInfo { endCursor } } }")
    cursor = found["tags"]["pageInfo"]["endCursor"]
    for arguments in ("last: 1", "first: 1, orderBy: [{name: ASC}]", f'first: 1, after: "{cursor}"'):
        await answer(schema, context, f"{{ tags({arguments}) {{ nodes {{ name }} pageInfo {{ endCursor }} }} }}")
    await answer(schema, context, "{ tags(first: 1) { nodes { slug } pageInfo { endCursor } } }")
    await answer(schema, context, "{ tags(first: 1) { nodes { name } } }")
    assert (len(kept.asked), kept.built, len(set(kept.asked))) == (6, 6, 6)
    # The sizes of pages and the values of cursors are bound.
    await answer(schema, context, "{ tags(last: 5) { nodes { name } pageInfo { endCursor } } }")
    behind = await answer(
        schema, context, f'{{ tags(first: 2, after: "{cursor}") {{ nodes {{ name }} pageInfo {{ endCursor }} }} }}'
    )
    assert len(behind["tags"]["nodes"]) == 2
    assert kept.built == 6


FILTERS = [
    ({"slug": {"eq": "{slug}"}}, {"slug": {"eq": "{other}"}}),
    ({"not": {"slug": {"ne": "{slug}"}}}, {"not": {"slug": {"ne": "{other}"}}}),
    (
        {"or": [{"slug": {"eq": "{slug}"}}, {"name": {"eq": ""}}]},
        {"or": [{"slug": {"eq": "-"}}, {"name": {"eq": "{name}"}}]},
    ),
]


@pytest.mark.parametrize(("one", "other"), FILTERS, ids=range(len(FILTERS)))
async def test_filters_that_differ_in_their_values_alone_share_their_statements(
    schema: Schema, filled: Engines, statements: StatementRecorder, one: Any, other: Any
) -> None:
    query = "query ($where: TagFilter) { tags(where: $where) { nodes { slug } totalCount aggregate { count } } }"
    known = (await answer(schema, ContextFactory(filled), "{ tags(first: 2) { nodes { slug name } } }"))["tags"][
        "nodes"
    ]
    names = {"slug": known[0]["slug"], "other": known[1]["slug"], "name": known[1]["name"]}
    kept = CountingStatements()
    for where, slug in ((one, names["slug"]), (other, names["other"])):
        with statements() as seen:
            context = ContextFactory(filled, statements=kept)
            data = await answer(schema, context, query, where=put_in(where, names))
        assert data == {"tags": {"nodes": [{"slug": slug}], "totalCount": 1, "aggregate": {"count": 1}}}
        # The page with the count, and the aggregate; both built by the first.
        assert (len(seen), kept.built) == (2, 2)


def put_in(where: Any, names: dict[str, str]) -> Any:
    """A filter with names in its values."""
    if isinstance(where, dict):
        return {key: put_in(value, names) for key, value in where.items()}
    return [put_in(value, names) for value in where] if isinstance(where, list) else where.format(**names)


async def test_what_hangs_on_the_values_themselves_is_never_kept(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    kept = CountingStatements()
    tag = (await answer(schema, ContextFactory(filled), "{ tags(first: 1) { nodes { id slug } } }"))["tags"]["nodes"][0]
    query = "query ($where: TagFilter) { tags(where: $where) { nodes { slug } totalCount } }"
    filters = [{"slug": {"in": [tag["slug"]]}}, {"slug": {"in": [tag["slug"], "-"]}}, {"id": {"eq": tag["id"]}}]
    with statements() as seen:
        for where in filters:
            data = await answer(schema, ContextFactory(filled, statements=kept), query, where=where)
            assert data == {"tags": {"nodes": [{"slug": tag["slug"]}], "totalCount": 1}}
        context = ContextFactory(filled, statements=kept)
        await answer(schema, context, '{ search(text: "compost", first: 1) { nodes { title } totalCount } }')
    # A page with its count each; a page and a count of the search, which has no filter.
    assert len(seen) == 3 + 2
    assert (kept.asked, kept.built) == ([], 0)


async def test_a_list_that_was_long_is_expected_to_be_long_until_it_is_not(
    schema: Schema, filled: Engines, statements: StatementRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_pages, "FEW", 2)
    kept = StatementCache()
    query = "query ($text: String!) { tags(first: 1, where: {slug: {contains: $text}}) { totalCount nodes { slug } } }"
    total = (await answer(schema, ContextFactory(filled), "{ tags { totalCount } }"))["tags"]["totalCount"]
    assert total > 2
    costs = []
    for text in ("", "", "no such slug", "no such slug", ""):
        with statements() as seen:
            found = await answer(schema, ContextFactory(filled, statements=kept), query, text=text)
        assert found["tags"]["totalCount"] == (0 if text else total)
        costs.append((len(seen), "AS few" in seen[0]))
    assert costs == [(2, True), (1, False), (1, False), (1, True), (2, True)]


async def test_who_may_see_other_rows_uses_other_statements(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    kept = CountingStatements()
    query = "{ tags { totalCount nodes { slug } } }"

    def nothing(row: Any) -> Any:
        return row.id < 0

    def blind(_model: Mapper[Any]) -> Predicate | None:
        return nothing

    blinded = Visibility(blind)
    seeing = await answer(schema, ContextFactory(filled, statements=kept), query)
    assert seeing["tags"]["totalCount"] > 0
    for _ in range(2):
        with statements() as seen:
            hidden = await answer(schema, ContextFactory(filled, statements=kept, visible=blinded), query)
        assert hidden == {"tags": {"totalCount": 0, "nodes": []}}
        assert len(seen) == 2
    assert kept.built == 4
    assert await answer(schema, ContextFactory(filled, statements=kept), query) == seeing
    assert kept.built == 4
