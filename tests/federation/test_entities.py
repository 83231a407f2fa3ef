"""`_entities`: rows by any key, in order, one statement for each type and key; policies; errors in their places."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionResult

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.entity.registry import Entity
from graph.entity.roots import entities_of
from graph.errors import code_of
from graph.execute.graphql_core import LevelExecutor
from graph.federation import fields
from graph.federation.representations import keys_of
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import StatementRecorder
from tests.entity.chinook_types import Album, Artist, Genre
from tests.entity.conftest import Filled, dialect, filled
from tests.entity.diary_types import SAMPLE as DIARY
from tests.entity.guarded_types import GUARDED, VISIBLE, Paper
from tests.entity.laws import tried
from tests.entity.market import MARKET
from tests.entity.odd_types import Device
from tests.entity.serving import Sample, global_id, serve

__all__ = ["dialect", "filled"]

Given = Mapping[str, Any]

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
ODD = [
    *("\0", "\ud800", "", " ", "x" * 10_000, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999-14:00", "VHJhY2s6"),
    *(2**31, 2**63, -(2**63) - 1, 1e308, float("nan"), "VHJhY2s6OTk5OTk5OTk5OTk5OTk5OTk5", {}, []),
]
"""Values at the ends of what types hold, and beyond."""

ASKED = "query ($given: [_Any!]!) { _entities(representations: $given) { __typename %s } }"


@dataclass(frozen=True)
class Subgraph:
    """A sample, served as a subgraph."""

    schema: Schema
    engines: Engines
    entities: Sequence[Entity]

    async def ask(
        self, document: str, viewer: Viewer = NOBODY, visible: Visibility = EVERYTHING, **variables: Any
    ) -> ExecutionResult:
        context = ContextFactory(self.engines, viewer=viewer, visible=visible)
        return await self.schema.execute(document, variables, context_value=context)

    async def data(self, document: str, **variables: Any) -> Any:
        result = await self.ask(document, **variables)
        assert result.errors is None, result.errors
        return result.data

    async def found(self, given: Sequence[Given], selected: str = "... on Node { id }") -> list[Any]:
        found: list[Any] = (await self.data(ASKED % selected, given=given))["_entities"]
        return found


async def serving(sample: Sample, dialect: str, filled: Filled) -> AsyncIterator[Subgraph]:
    schema = Schema(sample.query, Settings.model_construct(federation=True))
    async with serve(await filled(sample, dialect), sample) as api:
        yield Subgraph(schema, api.engines, entities_of(sample.query))


@pytest.fixture(params=[LevelExecutor, StrawberryGraphQLCoreExecutionContext], ids=["by level", "by object"])
async def market(request: pytest.FixtureRequest, dialect: str, filled: Filled) -> AsyncIterator[Subgraph]:
    async for subgraph in serving(MARKET, dialect, filled):
        subgraph.schema.operations.executor_class = request.param
        yield subgraph


@pytest.fixture(params=[MARKET, DIARY], ids=["market", "diary"])
async def any_sample(request: pytest.FixtureRequest, dialect: str, filled: Filled) -> AsyncIterator[Subgraph]:
    async for subgraph in serving(request.param, dialect, filled):
        yield subgraph


@pytest.fixture
async def papers(dialect: str, filled: Filled) -> AsyncIterator[Subgraph]:
    async for subgraph in serving(GUARDED, dialect, filled):
        yield subgraph


async def test_every_row_of_every_type_is_found_by_each_of_its_keys(
    any_sample: Subgraph, statements: StatementRecorder
) -> None:
    for entity in any_sample.entities:
        for key in keys_of(entity):
            listed = f"{{ rows: {entity.plural}(first: 20) {{ nodes {{ __typename id key: {key} }} }} }}"
            rows = (await any_sample.data(listed))["rows"]["nodes"]
            given = [{"__typename": entity.name, key: row["key"]} for row in reversed(rows) if row["key"] is not None]
            with statements() as seen:
                found = await any_sample.found(given)
            assert [one["id"] for one in found] == [row["id"] for row in reversed(rows) if row["key"] is not None]
            assert len(seen) == bool(given), (entity.name, key)


async def test_one_statement_for_each_type_and_key_whatever_their_number_and_order(
    market: Subgraph, statements: StatementRecorder
) -> None:
    albums = [{"__typename": "Album", "id": global_id(Album, number)} for number in (3, 1, 2, 3)]
    genres = [{"__typename": "Genre", "name": name} for name in ("Jazz", "Rock", "Jazz")]
    by_id = [{"__typename": "Genre", "id": global_id(Genre, 2)}]
    selected = "... on Album { title artist { name } } ... on Genre { id name }"
    for times in (1, 2):
        given = [one for mixed in zip(albums[:3], genres, by_id * 3, strict=True) for one in mixed] * times
        with statements() as seen:
            found = await market.found([*given, albums[3]], selected)
        # Albums by id, genres by name, genres by id; and the artists of all albums.
        assert len(seen) == 4
        assert [one["__typename"] for one in found] == [one["__typename"] for one in [*given, albums[3]]]
        assert found[0] == found[-1]
        assert [one["name"] for one in found[1:9:3]] == ["Jazz", "Rock", "Jazz"]
        assert all(one["artist"]["name"] for one in found[0:9:3])


async def test_what_is_not_there_is_null_and_what_is_wrong_is_an_error_in_its_place(market: Subgraph) -> None:
    given: list[Any] = [
        {"__typename": "Genre", "name": "Nothing of that name"},
        {"__typename": "Genre", "id": global_id(Genre, 404)},
        {"__typename": "Genre", "name": "Jazz"},
        {"__typename": "Nonsense", "id": "x"},
        {"__typename": "Genre"},
        {"__typename": "Genre", "id": None, "name": None},
        {"__typename": "Genre", "name": 5},
        {"__typename": "Genre", "name": {"eq": "Jazz"}},
        {"__typename": "Genre", "name": "a\0b"},
        {"__typename": "Genre", "id": global_id(Artist, 1)},
        {"__typename": "Genre", "id": 10**30},
        {"__typename": "Device", "uuid": "no uuid"},
        {"__typename": ["Genre"], "name": "Jazz"},
        {"__typename": "Node", "id": global_id(Genre, 1)},
        {"name": "Jazz"},
        "Genre",
        7,
        [],
    ]
    result = await market.ask(ASKED % "... on Genre { name }", given=given)
    data: Any = result.data
    assert data["_entities"] == [None, None, {"__typename": "Genre", "name": "Jazz"}] + [None] * (len(given) - 3)
    places = {error.path[1]: code_of(error) for error in result.errors or () if error.path}
    assert sorted(places) == list(range(3, len(given)))
    assert set(places.values()) == {"INVALID_REPRESENTATION", "INVALID_ID"}
    sentences = [error.message for error in result.errors or ()]
    assert "A genre is found by one of `id`, `name`; send a value for it." in sentences
    assert any(
        sentence.startswith("`__typename` must name an entity of this subgraph; it has ") for sentence in sentences
    )


@tried(60)
@given(data=st.data())
async def test_whatever_a_gateway_sends_is_no_mistake_of_ours(data: st.DataObject, any_sample: Subgraph) -> None:
    representations = data.draw(st.lists(_representations(any_sample.entities), min_size=1, max_size=4))
    result = await any_sample.ask(ASKED % "... on Node { id }", given=representations)
    assert {code_of(error) for error in result.errors or ()} <= {"INVALID_REPRESENTATION", "INVALID_ID"}
    assert result.data is not None
    assert len(result.data["_entities"]) == len(representations)


def _representations(entities: Sequence[Entity]) -> st.SearchStrategy[Any]:
    """Anything that JSON has, mostly with the name of a type and of a key."""
    keys = [(entity.name, key) for entity in entities for key in keys_of(entity)]
    typed = st.tuples(st.sampled_from(keys), st.sampled_from(ODD) | JSON_VALUES)
    return typed.map(lambda drawn: {"__typename": drawn[0][0], drawn[0][1]: drawn[1]}) | JSON_VALUES.filter(
        lambda value: value is not None
    )


async def test_a_list_may_be_empty_and_has_an_end(market: Subgraph, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await market.found([]) == []
    monkeypatch.setattr(fields, "MAX_REPRESENTATIONS", 3)
    given = [{"__typename": "Genre", "name": "Jazz"}] * 4
    result = await market.ask(ASKED % "... on Genre { name }", given=given)
    assert {code_of(error) for error in result.errors or ()} == {"TOO_COSTLY"}


async def test_the_price_grows_with_the_representations(dialect: str, filled: Filled) -> None:
    schema = Schema(MARKET.query, Settings.model_construct(federation=True, max_rows=50))
    async with serve(await filled(MARKET, dialect), MARKET) as api:
        subgraph = Subgraph(schema, api.engines, ())
        few, many = ([{"__typename": "Genre", "name": "Jazz"}] * number for number in (50, 51))
        assert len(await subgraph.found(few, "... on Genre { name }")) == 50
        for written in (ASKED % "... on Genre { name }", ASKED % "... on Genre { tracks { nodes { name } } }"):
            result = await subgraph.ask(written, given=many)
            assert {code_of(error) for error in result.errors or ()} == {"TOO_COSTLY"}


async def test_representations_may_be_written_into_the_document(market: Subgraph) -> None:
    query = '{ _entities(representations: [{__typename: "Team", code: "%s"}]) { ... on Team { size } } }'
    (team,) = (await market.data("{ teams(first: 1) { nodes { code size } } }"))["teams"]["nodes"]
    assert (await market.data(query % team["code"]))["_entities"] == [{"size": team["size"]}]


async def test_what_one_may_not_see_is_null_as_what_is_not_there(papers: Subgraph) -> None:
    secrets = [{"__typename": "Paper", "secret": secret} for secret in "dcebafz"]
    ids = [{"__typename": "Paper", "id": global_id(Paper, number)} for number in (1, 2, 404)]
    boxes = [{"__typename": "Box", "id": one} for one in await box_ids(papers)]
    answers = {}
    for viewer in (Viewer(1), Viewer(2)):
        result = await papers.ask(
            ASKED % "... on Paper { id } ... on Letter { id } ... on Box { name }",
            viewer,
            VISIBLE,
            given=[*secrets, *ids, *boxes],
        )
        assert result.errors is None
        data: Any = result.data
        answers[viewer.id] = data["_entities"]
    # Whose secrets are whose: 1 has d, b and f; 2 has c, e and a. Everybody sees the papers, and one box.
    mine, theirs = ([one and one["id"] for one in answers[number][:7]] for number in (1, 2))
    assert [bool(one) for one in mine] == [True, False, False, True, False, True, False]
    assert [bool(one) for one in theirs] == [False, True, True, False, True, False, False]
    assert [one["id"] for one in answers[1][7:9]] == [one["id"] for one in ids[:2]]
    assert answers[1][9] is None
    assert [one and one["name"] for one in answers[1][10:]] == ["mine", None]
    assert [one and one["name"] for one in answers[2][10:]] == [None, "theirs"]


async def box_ids(papers: Subgraph) -> list[str]:
    """Of all boxes, as somebody sees them who sees everything."""
    return [box["id"] for box in (await papers.data("{ boxes { nodes { id } } }"))["boxes"]["nodes"]]


async def test_look_ups_for_gateways_find_what_entities_finds(market: Subgraph, statements: StatementRecorder) -> None:
    (device,) = (await market.data("{ devices(first: 1) { nodes { id uuid label } } }"))["devices"]["nodes"]
    query = """query ($id: ID!, $uuid: UUID!, $label: String!) {
      deviceById(id: $id) { id label } deviceByUuid(uuid: $uuid) { id label } deviceByLabel(label: $label) { id label }
    }"""
    with statements() as seen:
        found = await market.data(query, **device)
    assert [one["id"] for one in found.values()] == [device["id"]] * 3
    assert len(seen) == 3
    absent = await market.data(query, id=global_id(Device, UUID(int=404)), uuid=device["uuid"], label="no such label")
    assert [one is None for one in absent.values()] == [True, False, True]


def test_nothing_of_it_is_there_unless_it_is_asked_for() -> None:
    before, subgraph, after = (
        Schema(DIARY.query, Settings.model_construct(federation=on)) for on in (False, True, False)
    )
    assert before.as_str() == after.as_str() != subgraph.as_str()
    assert {"_Any", "_Entity", "_Service"}.isdisjoint(after._schema.type_map)  # noqa: SLF001 - Strawberry has no way to it
