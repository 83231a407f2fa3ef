"""Statements are built once for all operations that need the same, and the least recently used go first."""

from collections.abc import Callable, Hashable
from typing import Any

import pytest
from sqlalchemy.orm import Mapper

from db import statements as batch
from db.relations import Predicate, Visibility, root
from db.session.engines import Engines
from db.statements import Statement, StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.loading import counted_pages
from tests.databases import StatementRecorder
from tests.entity import chinook


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


async def answer(schema: Schema, context: ContextFactory, query: str, **variables: Any) -> Any:
    result = await schema.execute(query, variables, context_value=context)
    assert result.errors is None, result.errors
    return result.data


def count_of_genres() -> Statement:
    return batch.count(root(chinook.Genre), "sqlite")


def never() -> Statement:
    raise AssertionError("This was built before.")


def test_a_statement_is_built_once_for_one_identity() -> None:
    statements = StatementCache()
    first = statements.get(("genres", 1), count_of_genres)
    assert first.compiled is not None
    assert statements.get(("genres", 1), never) is first
    assert statements.get(("genres", 2), count_of_genres) is not first


def test_the_least_recently_used_statement_goes_first() -> None:
    statements = StatementCache(capacity=3)
    first, second, third = (statements.get(number, count_of_genres) for number in (1, 2, 3))
    assert statements.get(1, never) is first  # used again: now the second is the oldest
    statements.get(4, count_of_genres)
    assert statements.get(1, never) is first
    assert statements.get(3, never) is third
    assert statements.get(2, count_of_genres) is not second


def test_a_statement_that_cannot_be_built_leaves_no_trace() -> None:
    statements = StatementCache(capacity=1)
    first = statements.get(1, count_of_genres)
    with pytest.raises(AssertionError):
        statements.get(2, never)
    assert statements.get(1, never) is first
    assert statements.get(2, count_of_genres).compiled is not None


async def test_operations_of_different_documents_share_what_they_need_alike(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    kept = CountingStatements()
    with statements() as seen:
        one = await answer(
            schema,
            ContextFactory(filled, statements=kept),
            "{ albums(first: 2) { nodes { title artist { name } } } }",
        )
        other = await answer(
            schema,
            ContextFactory(filled, statements=kept),
            "query B($n: Int) { some: albums(first: $n) { edges { node { called: title by: artist { name } } } } }",
            n=3,
        )
    shown = [edge["node"] for edge in other["some"]["edges"]]
    assert len(shown) == 3
    assert one["albums"]["nodes"] == [{"title": album["called"], "artist": album["by"]} for album in shown[:2]]
    # Each asks for the page and for the artists; both were built by the first.
    assert len(seen) == 4
    assert seen[0] == seen[2]
    assert (len(kept.asked), kept.built) == (4, 2)
    assert kept.asked[:2] == kept.asked[2:]


async def test_other_columns_orders_and_sides_of_a_cursor_are_other_statements(schema: Schema, filled: Engines) -> None:
    kept = CountingStatements()
    context = ContextFactory(filled, statements=kept)
    found = await answer(schema, context, "{ customers(first: 1) { nodes { lastName } pageInfo { endCursor } } }")
    cursor = found["customers"]["pageInfo"]["endCursor"]
    for arguments in ("last: 1", "first: 1, orderBy: [{lastName: ASC}]", f'first: 1, after: "{cursor}"'):
        await answer(
            schema, context, f"{{ customers({arguments}) {{ nodes {{ lastName }} pageInfo {{ endCursor }} }} }}"
        )
    await answer(schema, context, "{ customers(first: 1) { nodes { email } pageInfo { endCursor } } }")
    await answer(schema, context, "{ customers(first: 1) { nodes { lastName } } }")
    assert (len(kept.asked), kept.built, len(set(kept.asked))) == (6, 6, 6)
    # The sizes of pages and the values of cursors are bound.
    await answer(schema, context, "{ customers(last: 5) { nodes { lastName } pageInfo { endCursor } } }")
    behind = await answer(
        schema,
        context,
        f'{{ customers(first: 2, after: "{cursor}") {{ nodes {{ lastName }} pageInfo {{ endCursor }} }} }}',
    )
    assert len(behind["customers"]["nodes"]) == 2
    assert kept.built == 6


FILTERS = [
    ({"email": {"eq": "{email}"}}, {"email": {"eq": "{other}"}}),
    ({"not": {"email": {"ne": "{email}"}}}, {"not": {"email": {"ne": "{other}"}}}),
    (
        {"or": [{"email": {"eq": "{email}"}}, {"lastName": {"eq": ""}}]},
        {"or": [{"email": {"eq": "-"}}, {"lastName": {"eq": "{name}"}}]},
    ),
]


@pytest.mark.parametrize(("one", "other"), FILTERS, ids=range(len(FILTERS)))
async def test_filters_that_differ_in_their_values_alone_share_their_statements(
    schema: Schema, filled: Engines, statements: StatementRecorder, one: Any, other: Any
) -> None:
    query = """query ($where: CustomerFilter) {
        customers(where: $where) { nodes { email } totalCount aggregate { count } }
    }"""
    known = await answer(schema, ContextFactory(filled), "{ customers(first: 2) { nodes { email lastName } } }")
    first, second = known["customers"]["nodes"]
    names = {"email": first["email"], "other": second["email"], "name": second["lastName"]}
    kept = CountingStatements()
    for where, email in ((one, names["email"]), (other, names["other"])):
        with statements() as seen:
            context = ContextFactory(filled, statements=kept)
            data = await answer(schema, context, query, where=put_in(where, names))
        assert data == {"customers": {"nodes": [{"email": email}], "totalCount": 1, "aggregate": {"count": 1}}}
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
    found = await answer(schema, ContextFactory(filled), "{ customers(first: 1) { nodes { id email } } }")
    (customer,) = found["customers"]["nodes"]
    email, id_ = customer["email"], customer["id"]
    query = "query ($where: CustomerFilter) { customers(where: $where) { nodes { email } totalCount } }"
    filters = [{"email": {"in": [email]}}, {"email": {"in": [email, "-"]}}, {"id": {"eq": id_}}]
    with statements() as seen:
        for where in filters:
            data = await answer(schema, ContextFactory(filled, statements=kept), query, where=where)
            assert data == {"customers": {"nodes": [{"email": email}], "totalCount": 1}}
        context = ContextFactory(filled, statements=kept)
        await answer(schema, context, '{ search(text: "Intro", first: 1) { nodes { name } totalCount } }')
    # A page with its count each; a page and a count of the search, which has no filter.
    assert len(seen) == 3 + 2
    assert (kept.asked, kept.built) == ([], 0)


async def test_a_list_that_was_long_is_expected_to_be_long_until_it_is_not(
    schema: Schema, filled: Engines, statements: StatementRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_pages, "FEW", 2)
    kept = StatementCache()
    query = """query ($text: String!) {
        customers(first: 1, where: {email: {contains: $text}}) { totalCount nodes { email } }
    }"""
    total = (await answer(schema, ContextFactory(filled), "{ customers { totalCount } }"))["customers"]["totalCount"]
    assert total > 2
    costs = []
    for text in ("", "", "no such address", "no such address", ""):
        with statements() as seen:
            found = await answer(schema, ContextFactory(filled, statements=kept), query, text=text)
        assert found["customers"]["totalCount"] == (0 if text else total)
        costs.append((len(seen), "AS few" in seen[0]))
    assert costs == [(2, True), (1, False), (1, False), (1, True), (2, True)]


async def test_who_may_see_other_rows_uses_other_statements(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    kept = CountingStatements()
    query = "{ genres { totalCount nodes { name } } }"

    def nothing(row: Any) -> Any:
        return row.genre_id < 0

    def blind(model: Mapper[Any]) -> Predicate | None:
        return nothing if model.class_ is chinook.Genre else None

    blinded = Visibility(blind)
    seeing = await answer(schema, ContextFactory(filled, statements=kept), query)
    assert seeing["genres"]["totalCount"] > 0
    for _ in range(2):
        with statements() as seen:
            hidden = await answer(schema, ContextFactory(filled, statements=kept, visible=blinded), query)
        assert hidden == {"genres": {"totalCount": 0, "nodes": []}}
        assert len(seen) == 2
    assert kept.built == 4
    assert await answer(schema, ContextFactory(filled, statements=kept), query) == seeing
    assert kept.built == 4
