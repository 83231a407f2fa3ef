"""The shortest way through the schema answers as Strawberry's does, one request apart from another."""

import asyncio
import gc
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from graphql import OperationType
from sqlalchemy.orm import Mapper
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult

from db import models
from db.relations import Predicate, Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.prepare.documents import NotAllowed, OperationRequest
from graph.schema import Query
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.execute.running import codes

QUERIES = frozenset({OperationType.QUERY})


class Nothing(SchemaExtension):
    """An extension that does nothing."""


@pytest.fixture(scope="module")
def direct() -> Schema:
    """A schema that has no extensions of its own."""
    return Schema(Query, Settings.model_construct())


@pytest.fixture(scope="module")
def roundabout() -> Schema:
    """The same schema, with an extension."""
    return Schema(Query, Settings.model_construct(), extensions=[Nothing])


@pytest.fixture(params=["direct", "roundabout"])
def either(request: pytest.FixtureRequest) -> Schema:
    """Both of them, one after the other."""
    schema: Schema = request.getfixturevalue(request.param)
    return schema


async def answer(
    schema: Schema,
    engines: Engines,
    query: str,
    variables: dict[str, Any] | None = None,
    name: str | None = None,
    extensions: dict[str, Any] | None = None,
    *,
    context: ContextFactory | None = None,
    allowed: Collection[OperationType] = QUERIES,
) -> ExecutionResult:
    request = OperationRequest(query, variables, name, extensions)
    return await schema.operations.answer(request, context or ContextFactory(engines), allowed, for_json=True)


def written(result: ExecutionResult) -> Any:
    """An answer as a client reads it."""
    errors = [error.formatted for error in result.errors or ()]
    return orjson.loads(orjson.dumps({"data": result.data, "errors": errors, "extensions": result.extensions or {}}))


ALIKE = [
    ("{ __typename }", None, 0),
    ("{ posts(first: 3) { nodes { id createdAt publishedAt status author { name createdAt } } totalCount } }", None, 3),
    ("query ($n: Int = 2) { orders(first: $n) { edges { cursor node { totalPrice updatedAt currency } } } }", None, 1),
    ("query ($n: Int!) { users(first: $n) { nodes { email isActive } } }", {"n": 2}, 1),
    ("query ($n: Int!) { users(first: $n) { nodes { email } } }", {"n": "two"}, 0),
    ("query ($n: Int!) { users(first: $n) { nodes { email } } }", None, 0),
    ("{ posts(first: 1, last: 1) { totalCount } tags(first: 1) { totalCount } }", None, 0),
    ('{ node(id: "nonsense") { id } tag(slug: "none") { name } a: tags { totalCount } }', None, 2),
    ('{ post(slug: "none") { title } tags(after: "nonsense") { nodes { name } } }', None, 0),
    ("{ nonsense posts { nodes } }", None, 0),
    ("{ posts", None, 0),
    (
        f"{{ posts(first: 100) {{ nodes {{ {'author { posts(first: 100) { nodes { ' * 3}id{' } } }' * 3} }} }} }}",
        None,
        0,
    ),
    ('{ __schema { queryType { name } } __type(name: "Post") { kind fields { name } } }', None, 0),
    ("fragment F on Post { id }", None, 0),
]


@pytest.mark.parametrize(("query", "variables", "reads"), ALIKE, ids=range(len(ALIKE)))
async def test_both_ways_answer_alike_for_as_many_statements(
    direct: Schema,
    roundabout: Schema,
    filled: Engines,
    statements: StatementRecorder,
    query: str,
    variables: dict[str, Any] | None,
    reads: int,
) -> None:
    for extensions in (None, {"cost": True}):
        with statements() as shortly:
            ours = written(await answer(direct, filled, query, variables, None, extensions))
        with statements() as seen:
            theirs = written(await answer(roundabout, filled, query, variables, None, extensions))
        assert ours == theirs
        assert len(shortly) == len(seen) == reads
        refused = any("path" not in error for error in ours["errors"])
        assert ("cost" in ours["extensions"]) is (extensions is not None and not refused)


async def test_a_kind_of_operation_that_is_not_allowed_is_not_run(
    either: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    document = "query Read { tags { totalCount } } "
    with statements() as seen:
        with pytest.raises(NotAllowed) as refused:
            await answer(either, filled, document, allowed=[OperationType.MUTATION])
        assert refused.value.kind is OperationType.QUERY
        for text in ("mutation { nonsense }", "mutation Write { nonsense }"):
            with pytest.raises(NotAllowed) as refused:
                await answer(either, filled, text)
            assert refused.value.kind is OperationType.MUTATION
        with pytest.raises(NotAllowed) as refused:
            await answer(either, filled, document + "mutation Write { nonsense }", name="Write")
        assert refused.value.kind is OperationType.MUTATION
    assert seen == []


async def test_a_document_with_a_wrong_mutation_beside_the_query_is_not_valid(either: Schema, nowhere: Engines) -> None:
    document = "query Read { __typename } mutation Write { nonsense }"
    result = await answer(either, nowhere, document, name="Read")
    assert (result.data, codes(result)) == (None, {"GRAPHQL_VALIDATION_FAILED"})


@pytest.mark.parametrize(
    ("name", "data"),
    [("A", {"a": "Query"}), ("B", {"b": "Query"}), ("C", None), ("", None), (None, None)],
)
async def test_an_operation_is_found_by_its_name(
    either: Schema, nowhere: Engines, name: str | None, data: dict[str, str] | None
) -> None:
    result = await answer(either, nowhere, "query A { a: __typename } query B { b: __typename }", name=name)
    assert result.data == data
    assert codes(result) == (set() if data else {"OPERATION_NOT_FOUND"})


async def test_a_single_operation_needs_no_name_but_no_other_either(either: Schema, nowhere: Engines) -> None:
    document = "query A { a: __typename }"
    assert (await answer(either, nowhere, document)).data == {"a": "Query"}
    assert (await answer(either, nowhere, document, name="A")).data == {"a": "Query"}
    assert codes(await answer(either, nowhere, document, name="B")) == {"OPERATION_NOT_FOUND"}


@contextmanager
def without_collector() -> Iterator[None]:
    """Nothing is collected but by hand."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


CYCLES = [
    "{ __typename }",
    "{ posts(first: 5) { totalCount nodes { id title author { name roles { nodes { name } } } readingMinutes } } }",
    "query ($in: Boolean = true) { tags(first: 2) { edges { cursor node { name @include(if: $in) } } } }",
    '{ post(slug: "none") { title } tags { aggregate { count } } usersAggregate { count } }',
    "{ posts(first: 1, last: 1) { totalCount } }",
    '{ node(id: "nonsense") { id } tags { totalCount } }',
    '{ post { id } tag(slug: "none") { name } }',
]


@pytest.mark.parametrize("query", CYCLES, ids=range(len(CYCLES)))
async def test_an_answer_leaves_nothing_to_the_garbage_collector(direct: Schema, filled: Engines, query: str) -> None:
    kept = StatementCache()

    async def once() -> None:
        await answer(direct, filled, query, context=ContextFactory(filled, statements=kept))

    for _ in range(3):  # the first ones connect, plan, and learn what their statements return
        await once()
    with without_collector():
        for _ in range(5):
            await once()
        assert gc.collect() == 0


async def test_fifty_answers_at_once_keep_to_their_own_contexts(
    direct: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """query ($first: Int!, $title: Boolean!) {
        posts(first: $first) { totalCount nodes { slug title @include(if: $title) } }
    }"""
    whole = (await answer(direct, filled, "{ posts(first: 60) { nodes { id slug title } } }")).data
    assert whole is not None
    posts = whole["posts"]["nodes"]

    async def asked(number: int) -> ExecutionResult:
        context = ContextFactory(filled, visible=only(posts[number]["slug"]))
        variables = {"first": number + 1, "title": number % 2 == 0}
        return await answer(direct, filled, query, variables, None, {"cost": number % 3 == 0}, context=context)

    with statements() as seen:
        results = await asyncio.gather(*map(asked, range(50)))
    for number, result in enumerate(results):
        post = posts[number]
        node = {name: post[name] for name in ("slug", "title")[: 2 - number % 2]}
        assert result.data == {"posts": {"totalCount": 1, "nodes": [node]}}
        cost = (result.extensions or {}).get("cost", {})
        # The page has one row more, and the count is a row.
        assert cost.get("rows") == (number + 3 if number % 3 == 0 else None)
    # A page and a count each.
    assert len(seen) == 100
    assert filled.pools()["primary"].checked_out == 0


async def test_one_viewer_does_not_filter_by_what_another_may_see(
    direct: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    """The filter passes through posts, and stands in the document itself, so that its plan is kept."""
    query = "{ tags(where: {posts: {some: {}}}) { nodes { slug } totalCount } }"
    found = (await answer(direct, filled, "{ posts(first: 9) { nodes { slug tags { nodes { slug } } } } }")).data
    assert found is not None
    posts = [post for post in found["posts"]["nodes"] if post["tags"]["nodes"]]
    assert len({str(post["tags"]) for post in posts}) > 1
    for post in (*posts, posts[0]):
        context = ContextFactory(filled, visible=only(post["slug"]))
        with statements() as seen:
            result = await answer(direct, filled, query, context=context)
        assert result.data is not None
        shown = [tag["slug"] for tag in result.data["tags"]["nodes"]]
        assert sorted(shown) == sorted(tag["slug"] for tag in post["tags"]["nodes"])
        assert result.data["tags"]["totalCount"] == len(shown)
        assert len(seen) == 1  # the page with the count


def only(slug: str) -> Visibility:
    """The visibility of somebody who may see one post."""

    def fits(row: Any) -> Any:
        return row.slug == slug

    def visible(model: Mapper[Any]) -> Predicate | None:
        return fits if model.class_ is models.Post else None

    return Visibility(visible)
