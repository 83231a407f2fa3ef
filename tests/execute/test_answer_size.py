"""Answers are bounded in bytes while they grow: what is refused is too large, and what is not is not."""

import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from graphql import OperationType
from strawberry.extensions import SchemaExtension

from db.kept import MIB
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.execute.null_propagation import MAX_ERRORS
from graph.prepare.documents import OperationRequest
from graph.settings import Settings
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, fill, serve
from tests.execute.archive import ARCHIVE, CALLS, LETTERS
from tests.execute.running import codes, only_error, run


def named(times: int, field: str) -> str:
    """A field under many names."""
    return " ".join(f"a{number}: {field}" for number in range(times))


QUERIES = {
    "short values": "{ papers(first: 100) { nodes { id title weight } totalCount pageInfo { endCursor } } }",
    "long names": f"{{ papers(first: 100) {{ nodes {{ {'x' * 300}: id }} }} }}",
    "long texts": "{ papers(first: 100) { nodes { text } } }",
    "many names": f"{{ papers(first: 20) {{ nodes {{ {named(30, 'text')} }} }} }}",
    "short, many names": f"{{ papers(first: 90) {{ nodes {{ {named(30, 'title')} }} }} }}",
    "shared": "{ papers(first: 100) { nodes { owner { story } } } }",
    "shared twice": "{ papers(first: 60) { nodes { owner { papers(first: 9) { nodes { owner { name } } } } } } }",
    "documents": "{ papers(first: 100) { nodes { data } } }",
    "edges": "{ papers(first: 100) { edges { cursor a: cursor node { title } } } }",
    "resolvers": "{ papers(first: 50) { nodes { loud a: loud(times: 9) quiet words letters folded { inside } } } }",
    "groups": """{ papersAggregate {
        count groupBy(by: [{value: TITLE}, {value: WEIGHT}]) { nodes { count key { title weight } } } } }""",
    "introspection": "{ __schema { types { name description fields { name description } } } }",
}


def schema_with(most_bytes: int, extensions: Any = ()) -> Schema:
    """The archive's schema, with a bound."""
    settings = Settings.model_construct(max_answer_bytes=most_bytes)
    return Schema(ARCHIVE.query, settings, extensions=extensions)


@pytest.fixture
async def archive(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, ARCHIVE)
    async with serve(blank_database, ARCHIVE) as api:
        yield api


async def answered(schema: Schema, engines: Engines, query: str) -> Any:
    """What a server would write."""
    return await schema.operations.answer(
        OperationRequest(query), ContextFactory(engines), {OperationType.QUERY}, for_json=True
    )


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
async def test_an_answer_is_refused_where_it_is_too_large_and_only_there(archive: Api, query: str) -> None:
    whole = await run(archive.schema, archive.engines, query)
    assert not whole.errors
    size = len(orjson.dumps(whole.data))
    refused = await answered(schema_with(size - 1), archive.engines, query)
    assert (refused.data, codes(refused)) == (None, {"TOO_COSTLY"})
    assert f"more than {size - 1} bytes" in only_error(refused).message
    # Each place of an object is counted as a null, before its value is known.
    roomy = await answered(schema_with(int(size * 1.2) + 100), archive.engines, query)
    assert not roomy.errors
    assert orjson.dumps(roomy.data) == orjson.dumps(whole.data)


async def test_nothing_below_is_fetched_once_it_is_too_large(archive: Api, statements: StatementRecorder) -> None:
    query = "{ papers(first: 100) { nodes { text owner { papers { nodes { text } } } } } }"
    with statements() as seen:
        result = await answered(schema_with(LETTERS * 50), archive.engines, query)
    assert codes(result) == {"TOO_COSTLY"}
    assert len(seen) == 1  # the papers, whose texts alone are too many


@pytest.mark.parametrize("query", ["{ endless }", "{ endlessLater }"])
async def test_a_list_without_an_end_ends_at_the_bound(archive: Api, query: str) -> None:
    CALLS.clear()
    result = await answered(schema_with(10_000), archive.engines, query)
    assert codes(result) == {"TOO_COSTLY"}
    assert len(CALLS) == 10_000 // len('"line",') + 1


async def test_a_resolver_is_not_called_any_more_once_it_is_too_large(archive: Api) -> None:
    CALLS.clear()
    query = "{ papers(first: 100) { nodes { loud(times: 100) quiet } } }"
    result = await answered(schema_with(20_000), archive.engines, query)
    assert codes(result) == {"TOO_COSTLY"}
    assert len(CALLS) < 10
    assert "quiet" not in CALLS


@pytest.mark.parametrize(
    "query",
    [
        f"{{ papers(first: 100) {{ nodes {{ owner {{ papers(first: 30) {{ nodes {{ {'x' * 8_000}: id }} }} }} }} }} }}",
        f"{{ papers(first: 100) {{ nodes {{ {named(1_000, 'text')} }} }} }}",
        f"{{ __schema {{ types {{ fields {{ {'x' * 150_000}: name }} }} }} }}",
    ],
    ids=["a long name", "a thousand names", "a long name in the schema"],
)
async def test_a_short_question_takes_little_memory(archive: Api, query: str) -> None:
    schema = schema_with(Settings.model_fields["max_answer_bytes"].default)
    schema.preparer.prepare(query)
    tracemalloc.start()
    try:
        result = await answered(schema, archive.engines, query)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert codes(result) == {"TOO_COSTLY"}
    assert most < 25 * MIB


class EachField(SchemaExtension):
    """Wants to be called for each field, so that graphql-core walks from object to object."""

    def resolve(self, _next: Callable[..., Any], root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        return _next(root, info, *args, **kwargs)


async def test_the_bound_holds_on_graphql_cores_own_walk(archive: Api) -> None:
    query = QUERIES["shared"]
    size = len(orjson.dumps((await run(archive.schema, archive.engines, query)).data))
    assert not (await answered(schema_with(size, [EachField]), archive.engines, query)).errors
    refused = await answered(schema_with(size - 1, [EachField]), archive.engines, query)
    assert (refused.data, codes(refused)) == (None, {"TOO_COSTLY"})


async def test_answers_to_one_request_share_the_bound(archive: Api) -> None:
    query = QUERIES["short values"]
    size = len(orjson.dumps((await run(archive.schema, archive.engines, query)).data))
    schema, contexts = schema_with(size * 2), ContextFactory(archive.engines)
    request = OperationRequest(query)
    told = [codes(await schema.operations.answer(request, contexts, {OperationType.QUERY})) for _ in range(3)]
    assert told[0] == set()
    assert told[2] == {"TOO_COSTLY"}


async def test_of_very_many_errors_the_first_are_told_and_the_others_counted(archive: Api) -> None:
    query = f"{{ papers(first: 100) {{ nodes {{ title {named(40, 'torn')} }} }} }}"
    result = await run(archive.schema, archive.engines, query)
    assert result.errors is not None
    assert result.data is not None
    *told, last = result.errors
    assert len(told) == MAX_ERRORS
    assert all(error.path and error.path[:2] == ["papers", "nodes"] for error in told)
    assert last.message.startswith(f"{100 * 40 - MAX_ERRORS} more values are null")
    assert codes(result) == {None, "ERRORS_LEFT_OUT"}
    assert [node["a39"] for node in result.data["papers"]["nodes"]] == [None] * 100
    assert all(node["title"] for node in result.data["papers"]["nodes"])
