"""What filters, orders and aggregates ask of a database is known before anything is sent, wherever it is written."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLInputField, GraphQLInputObjectType, GraphQLInt
from strawberry.schema.schema_converter import GraphQLCoreConverter

from db.session.engines import Engines
from graph.entity import Schema
from graph.prepare.work import COMPARISON, InputWorks, Weight, weighed
from graph.settings import Settings
from tests.entity.market import Query
from tests.execute.running import codes, data_of, only_error, run

PART = 'name: { containsIgnoreCase: "x" }'
DEAR = {
    "100 parts of texts": f"{{ tracks(where: {{ or: [{f'{{ {PART} }}, ' * 100}] }}) {{ nodes {{ id }} }} }}",
    "the same under `and` in `not`": "{ tracks(where: { not: { and: ["
    + f"{{ {PART} }}, " * 100
    + "] } }) { totalCount } }",
    "40 lists with one filter": "{"
    + " ".join(f"a{n}: tracks(where: {{ milliseconds: {{ gt: {n} }} }}) {{ nodes {{ id }} }}" for n in range(40))
    + "}",
    "60 numbers of rows": "{" + " ".join(f"a{n}: tracks {{ totalCount }}" for n in range(60)) + "}",
    "orders by four counts": """{ tracks(orderBy: [
        { album: { tracks: { count: DESC } } }, { genre: { tracks: { count: ASC } } },
        { mediaType: { tracks: { count: ASC } } }, { playlists: { count: ASC } }]) { nodes { id } } }""",
    "relations side by side": "{ tracks(where: { and: ["
    + "{ playlists: { some: { tracks: { none: { playlists: { every: { name: { eq: null } } } } } } } }, " * 8
    + "] }) { nodes { id } } }",
    "aggregates under 10 names, of everything": "{"
    + " ".join(
        f"a{n}: tracksAggregate(where: {{ {PART} }}) {{ count max {{ name composer }}"
        " groupBy(by: [{value: COMPOSER}]) { nodes { count } } }"
        for n in range(10)
    )
    + "}",
    "the first of each under many names": "{"
    + " ".join(f"a{n}: tracks(distinctBy: [GENRE], first: {n}) {{ totalCount nodes {{ id }} }}" for n in range(5))
    + "}",
    "lists by the rules of a language": "{"
    + " ".join(
        f'a{n}: tracks(orderBy: [{{ byText: {{ name: {{ ignoreCase: true, locale: "de" }} }} }}], offset: {n}) {{'
        " nodes { id } }"
        for n in range(10)
    )
    + "}",
    "lists at random": "{"
    + " ".join(f"a{n}: tracks(orderBy: [{{ random: {{ seed: {n} }} }}]) {{ nodes {{ id }} }}" for n in range(12))
    + "}",
    "a filter in a fragment under many names": "{"
    + " ".join(f"a{n}: genre(id: 1) {{ ...F }}" for n in range(30))
    + f"}} fragment F on Genre {{ tracks(where: {{ {PART} }}) {{ nodes {{ id }} }} }}",
}

ORDINARY = {
    "a filter of five conditions": """{ tracks(where: { name: { containsIgnoreCase: "love" },
        milliseconds: { gt: 1, lt: 9 },
        genre: { name: { eq: "Rock" } }, unitPrice: { lte: "1" } }) { totalCount nodes { id } } }""",
    "an order by a count": "{ playlists(orderBy: { tracks: { count: DESC } }) { nodes { id } } }",
    "10 lists with a filter each": "{"
    + " ".join(f"a{n}: tracks(where: {{ milliseconds: {{ gt: {n} }} }}) {{ nodes {{ id }} }}" for n in range(10))
    + "}",
    "relations in relations": """{ artists(where: { albums: { some: { tracks: { some: { genre: { name: { eq: "Jazz" }
        } } } } } }) { totalCount nodes { name albums { nodes { title } } } } }""",
    "a dashboard": """{ tracksAggregate { count sum { milliseconds } groupBy(by: [{value: GENRE}]) { nodes { count } } }
        invoicesAggregate { count sum { total } } customers { totalCount } }""",
    "the first of each, at random": """{ tracks(distinctBy: [GENRE], orderBy: [{ random: { seed: 1 } }]) {
        totalCount nodes { id } } }""",
    "texts without case": """{ tracks(orderBy: [{ byText: { name: { ignoreCase: true } } }, { album: {
        byText: { title: { ignoreCase: true } } } }]) { nodes { id } } }""",
    "200 ids": "{ tracks(where: { id: { in: [" + '"VHJhY2s6MQ", ' * 200 + "] } }) { nodes { id } } }",
}


async def work_of(schema: Schema, engines: Engines, query: str, variables: Mapping[str, Any] | None = None) -> int:
    """The price of an operation, told with its answer or with why it is refused."""
    result = await run(schema, engines, query, variables, operation_extensions={"cost": True})
    if result.errors:
        told = only_error(result).extensions
        assert told is not None
        return int(told["work"])
    assert result.extensions is not None
    return int(result.extensions["cost"]["work"])


@pytest.mark.parametrize("query", DEAR.values(), ids=DEAR)
async def test_dear_filters_and_orders_are_refused_before_anything_is_sent(
    schema: Schema, nowhere: Engines, query: str
) -> None:
    refused = only_error(await run(schema, nowhere, query))
    assert codes(await run(schema, nowhere, query)) == {"TOO_COSTLY"}
    assert refused.message.endswith(
        " work; 500 are allowed. Ask for less in filters and in sorting: fewer parts of texts, relations and counts."
    )


@pytest.mark.parametrize("query", ORDINARY.values(), ids=ORDINARY)
async def test_what_front_ends_ask_is_far_from_the_limit(schema: Schema, filled: Engines, query: str) -> None:
    result = await run(schema, filled, query, operation_extensions={"cost": True})
    assert result.errors is None
    assert result.extensions is not None
    assert result.extensions["cost"]["work"] < result.extensions["cost"]["maxWork"] * 0.6


async def test_each_statement_over_a_list_is_weighed(schema: Schema, filled: Engines) -> None:
    asked = f"tracks(where: {{ {PART} }})"
    # A scan takes 20, or 10 for numbers alone; 10 more where values are compared, or read in pages; 20 for a part of a
    # text without its case; a measure 4 and groups 40.
    for selected, work in {
        "nodes { id }": 20 + 20,
        "nodes { id } edges { cursor }": 20 + 20,
        "nodes { id } totalCount": 2 * (20 + 20),
        "aggregate { count }": 20 + 10 + 20 + 4,
        "nodes { id } aggregate { count groupBy(by: [{value: COMPOSER}]) { nodes { count } } }": 40 + 54 + 94,
    }.items():
        assert await work_of(schema, filled, f"{{ {asked} {{ {selected} }} }}") == work, selected
    orders = {"{ id: DESC }": 0, "{ milliseconds: ASC }": 20 + 2, "{ album: { id: ASC } }": 20 + 10}
    for order, work in orders.items():
        assert await work_of(schema, filled, f"{{ tracks(orderBy: [{order}]) {{ nodes {{ id }} }} }}") == work, order
    for query in ("{ tracks { nodes { id } } }", '{ track(id: "VHJhY2s6MQ") { id } }', "{ __typename }"):
        assert await work_of(schema, filled, query) == 0
    assert await work_of(schema, filled, f"{{ genres {{ nodes {{ {asked} {{ nodes {{ id }} }} }} }} }}") == 40


FILTER: dict[str, Any] = {
    "or": [{"name": {"contains": "a", "startsWithIgnoreCase": "b"}}, {"genre": {"name": {"eq": "c"}}}],
    "composer": {"in": ["x"] * 90},
    "playlists": {"some": {"name": {"contains": "d"}}, "count": {"gt": 1}},
}
WRITTEN = """or: [{ name: { contains: "a", startsWithIgnoreCase: "b" } }, { genre: { name: { eq: "c" } } }]
    composer: { in: [LIST] } playlists: { some: { name: { contains: "d" } }, count: { gt: 1 } }""".replace(
    "LIST", '"x", ' * 90
)


async def test_a_filter_weighs_the_same_in_a_document_and_in_variables(schema: Schema, filled: Engines) -> None:
    lists = "{ nodes { id } totalCount }"
    written = await work_of(schema, filled, f"{{ tracks(where: {{ {WRITTEN} }}) {lists} }}")
    # Twice: a scan 20; contains 3, a folded start 20; a relation 10 and an equality 1; `in` 1 and 2 for 90 values; a
    # relation to many 25 and contains 3; a count 30 and a comparison 1.
    assert written == 2 * (20 + 3 + 20 + 10 + 1 + 1 + 2 + 25 + 3 + 30 + 1)
    whole = f"query ($where: TrackFilter) {{ tracks(where: $where) {lists} }}"
    assert await work_of(schema, filled, whole, {"where": FILTER}) == written
    assert await work_of(schema, filled, whole) == 10  # all rows are counted
    assert await work_of(schema, filled, whole, {"where": {"name": {"eq": "a"}}}) == 2 * 21
    assert await work_of(schema, filled, whole, {"where": FILTER}) == written
    parts = f"""query ($or: [TrackFilter!], $playlists: PlaylistListFilter, $in: [String!]) {{
        tracks(where: {{ or: $or, composer: {{ in: $in }}, playlists: $playlists }}) {lists} }}"""
    variables = {"or": FILTER["or"], "in": FILTER["composer"]["in"], "playlists": FILTER["playlists"]}
    assert await work_of(schema, filled, parts, variables) == written


async def test_an_order_weighs_the_same_in_variables(schema: Schema, nowhere: Engines) -> None:
    terms = [{"album": {"tracks": {"count": "DESC"}}}] * 3
    query = "query ($order: [TrackSort!]) { tracks(orderBy: $order) { nodes { id } } }"
    # A scan 20; each term reads a row for 10 and counts what belongs to that for six times 40.
    assert await work_of(schema, nowhere, query, {"order": terms}) == 20 + 3 * (10 + 6 * 40)
    assert codes(await run(schema, nowhere, query, {"order": terms})) == {"TOO_COSTLY"}


async def test_measures_of_related_rows_are_weighed_wherever_they_stand(schema: Schema, filled: Engines) -> None:
    query = """query ($where: ArtistFilter, $order: [ArtistSort!]) {
        artists(where: $where, orderBy: $order) { nodes { id } } }"""
    short = {"title": {"eq": "x"}}
    wheres: dict[str, tuple[Any, int]] = {
        "a measure and a comparison": ({"max": {"title": {"eq": "x"}}}, 30 + 1),
        "two, of some of the rows": ({"where": short, "count": {"gt": 1}, "min": {"title": {"eq": "x"}}}, 1 + 2 * 31),
    }
    for name, (asked, work) in wheres.items():
        assert await work_of(schema, filled, query, {"where": {"albums": asked}}) == 20 + work, name
    orders: dict[str, tuple[Any, int]] = {
        "a measure": ({"max": {"title": "DESC"}}, 40 + 2),
        "of some of the rows": ({"where": short, "count": "DESC"}, 1 + 40),
        "the first, by two values": ({"orderBy": [{"title": "ASC"}], "first": {"title": "ASC"}}, 60 + 2 * 2),
    }
    for name, (asked, work) in orders.items():
        assert await work_of(schema, filled, query, {"order": [{"albums": asked}]}) == 20 + work, name


async def test_the_limit_is_a_setting(nowhere: Engines, filled: Engines) -> None:
    query = f"{{ tracks(where: {{ {PART} }}) {{ nodes {{ id }} }} }}"
    allowing = Schema(Query, Settings().model_copy(update={"max_work": 40}))
    await data_of(allowing, filled, query)
    refusing = Schema(Query, Settings().model_copy(update={"max_work": 39}))
    assert codes(await run(refusing, nowhere, query)) == {"TOO_COSTLY"}


async def test_columns_that_are_compared_weigh_a_comparison_and_the_row_that_is_looked_at(
    schema: Schema, filled: Engines
) -> None:
    one = "{ column: MILLISECONDS, is: GT, to: BYTES }"
    other = "{ column: NAME, is: EQ, toGenre: NAME }"
    for asked, work in ((one, 1), (other, 1 + 10), (f"{one} {other}", 1 + 1 + 10)):
        query = f"{{ tracks(where: {{ compareColumns: [{asked}] }}) {{ nodes {{ id }} }} }}"
        assert await work_of(schema, filled, query) == 20 + work
    between = "{ tracks(where: { milliseconds: { between: [1, 2] } }) { nodes { id } } }"
    assert await work_of(schema, filled, between) == 20 + 2


def test_to_know_that_a_filter_weighs_no_type_below_it_is_looked_at() -> None:
    def unseen() -> dict[str, GraphQLInputField]:
        raise AssertionError("Nobody has asked for a value of this type.")

    weighing = GraphQLInputField(GraphQLInt, extensions=_declared(Weight(COMPARISON)))
    related = GraphQLInputField(GraphQLInputObjectType("Related", unseen))
    work = InputWorks().of_type(GraphQLInputObjectType("Filter", {"related": related, "id": weighing}))
    assert work is not None
    assert work.of({"id": 3}) == COMPARISON


def test_what_weighs_deep_below_is_found_and_what_weighs_nothing_has_no_work() -> None:
    weighing = GraphQLInputField(GraphQLInt, extensions=_declared(Weight(COMPARISON)))
    below = GraphQLInputObjectType("Below", {"id": weighing})
    above: GraphQLInputObjectType = GraphQLInputObjectType(
        "Above", lambda: {"again": GraphQLInputField(above), "below": GraphQLInputField(below)}
    )
    works = InputWorks()
    found = works.of_type(above)
    assert found is not None
    assert found.of({"again": {"below": {"id": 3}}}) == COMPARISON
    assert works.of_type(GraphQLInputObjectType("Light", {"id": GraphQLInputField(GraphQLInt)})) is None


def _declared(weight: Weight) -> dict[str, object]:
    return {GraphQLCoreConverter.DEFINITION_BACKREF: SimpleNamespace(metadata=weighed(weight))}
