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

from db.relations import Predicate, Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.entity.ids import decode_id
from graph.prepare.documents import NotAllowed, OperationRequest
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.entity import chinook
from tests.entity.market import Query
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
    (
        "{ invoices(first: 3) { nodes { id invoiceDate billingCity customer { firstName email } } totalCount } }",
        None,
        3,
    ),
    ("{ things(first: 9) { nodes { moment shape isNew day token price box { volume } } } }", None, 2),
    ("query ($n: Int = 2) { invoices(first: $n) { edges { cursor node { total invoiceDate } } } }", None, 1),
    ("query ($n: Int!) { members(first: $n) { nodes { name isActive } } }", {"n": 2}, 1),
    ("query ($n: Int!) { members(first: $n) { nodes { name } } }", {"n": "two"}, 0),
    ("query ($n: Int!) { members(first: $n) { nodes { name } } }", None, 0),
    ("{ albums(first: 1, last: 1) { totalCount } genres(first: 1) { totalCount } }", None, 0),
    ('{ node(id: "nonsense") { id } genre(name: "none") { name } a: genres { totalCount } }', None, 2),
    ('{ passport(number: "none") { number } genres(after: "nonsense") { nodes { name } } }', None, 0),
    ("{ nonsense albums { nodes } }", None, 0),
    ("{ albums", None, 0),
    (
        f"{{ albums(first: 100) {{ nodes {{ {'artist { albums(first: 100) { nodes { ' * 3}id{' } } }' * 3} }} }} }}",
        None,
        0,
    ),
    ('{ __schema { queryType { name } } __type(name: "Album") { kind fields { name } } }', None, 0),
    ("fragment F on Album { id }", None, 0),
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
    document = "query Read { genres { totalCount } } "
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
    """Nothing is collected but by hand, and what is there already is not looked at: that takes half a second."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


CYCLES = [
    "{ __typename }",
    "{ tracks(first: 5) { totalCount nodes { id name mediaType { name tracks { nodes { name } } } minutes } } }",
    "query ($in: Boolean = true) { genres(first: 2) { edges { cursor node { name @include(if: $in) } } } }",
    '{ passport(number: "none") { number } genres { aggregate { count } } artistsAggregate { count } }',
    "{ albums(first: 1, last: 1) { totalCount } }",
    '{ node(id: "nonsense") { id } genres { totalCount } }',
    '{ passport { id } genre(name: "none") { name } }',
]


@pytest.mark.parametrize("query", CYCLES, ids=range(len(CYCLES)))
async def test_an_answer_leaves_nothing_to_the_garbage_collector(direct: Schema, filled: Engines, query: str) -> None:
    kept = StatementCache()

    async def once() -> None:
        await answer(direct, filled, query, context=ContextFactory(filled, statements=kept))

    for _ in range(3):  # the first ones connect, plan, and learn what their statements return
        await once()
    rounds = []
    with without_collector():
        for _ in range(3):
            for _ in range(5):
                await once()
            rounds.append(gc.collect())
    # A server in another thread of this process may leave something in one round; an answer would in each.
    assert min(rounds) == 0, rounds


async def test_fifty_answers_at_once_keep_to_their_own_contexts(
    direct: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """query ($first: Int!, $name: Boolean!) {
        tracks(first: $first) { totalCount nodes { id name @include(if: $name) } }
    }"""
    whole = (await answer(direct, filled, "{ tracks(first: 60) { nodes { id name } } }")).data
    assert whole is not None
    tracks = whole["tracks"]["nodes"]

    async def asked(number: int) -> ExecutionResult:
        context = ContextFactory(filled, visible=only(tracks[number]["id"]))
        variables = {"first": number + 1, "name": number % 2 == 0}
        return await answer(direct, filled, query, variables, None, {"cost": number % 3 == 0}, context=context)

    with statements() as seen:
        results = await asyncio.gather(*map(asked, range(50)))
    for number, result in enumerate(results):
        track = tracks[number]
        node = {name: track[name] for name in ("id", "name")[: 2 - number % 2]}
        assert result.data == {"tracks": {"totalCount": 1, "nodes": [node]}}
        cost = (result.extensions or {}).get("cost", {})
        # The page has one row more, and the count is a row.
        assert cost.get("rows") == (number + 3 if number % 3 == 0 else None)
    # A page and a count each.
    assert len(seen) == 100
    assert filled.pools()["primary"].checked_out == 0


async def test_one_viewer_does_not_filter_by_what_another_may_see(
    direct: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    """The filter passes through tracks, and stands in the document itself, so that its plan is kept."""
    query = "{ playlists(where: {tracks: {some: {}}}) { nodes { id } totalCount } }"
    found = (await answer(direct, filled, "{ tracks(first: 9) { nodes { id playlists { nodes { id } } } } }")).data
    assert found is not None
    tracks = [track for track in found["tracks"]["nodes"] if track["playlists"]["nodes"]]
    assert len({str(track["playlists"]) for track in tracks}) > 1
    for track in (*tracks, tracks[0]):
        context = ContextFactory(filled, visible=only(track["id"]))
        with statements() as seen:
            result = await answer(direct, filled, query, context=context)
        assert result.data is not None
        shown = [playlist["id"] for playlist in result.data["playlists"]["nodes"]]
        assert sorted(shown) == sorted(playlist["id"] for playlist in track["playlists"]["nodes"])
        assert result.data["playlists"]["totalCount"] == len(shown)
        assert len(seen) == 1  # the page with the count


def only(track: str) -> Visibility:
    """The visibility of a viewer who may see one track, given by its global id."""
    _, (number,) = decode_id(track)

    def fits(row: Any) -> Any:
        return row.track_id == number

    def visible(model: Mapper[Any]) -> Predicate | None:
        return fits if model.class_ is chinook.Track else None

    return Visibility(visible)
