"""An operation is planned once, whatever its variables; what they leave out is not read."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import OperationType

from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.execute.rows import RowProjection
from graph.prepare.documents import OperationRequest
from graph.prepare.fields import FieldPlan, Selection
from graph.prepare.plan import FIELDS_PER_NODE, MAX_SELECTIONS, MIN_FIELDS
from tests.databases import StatementRecorder
from tests.execute.running import data_of

SWITCHES = ("text", "number", "price", "day", "moment", "shape")
SWITCHED = (
    "query ("
    + " ".join(f"${name}: Boolean!" for name in SWITCHES)
    + ") { things(first: 2) { nodes { id "
    + " ".join(f"{name} @include(if: ${name})" for name in SWITCHES)
    + " } } }"
)


async def answered(schema: Schema, engines: Engines, query: str, variables: Mapping[str, Any] | None = None) -> Any:
    """The data that a server writes; there must be no errors."""
    context = ContextFactory(engines)
    result = await schema.operations.answer(
        OperationRequest(query, dict(variables or {})), context, [OperationType.QUERY], for_json=True
    )
    assert result.errors is None, result.errors
    return result.data


def planned(schema: Schema, query: str, variables: Mapping[str, Any] | None = None) -> list[Selection]:
    """Every selection that is kept of an operation, from the root with these variables."""
    preparer = schema.preparer
    priced = preparer.check(preparer.operation(preparer.prepare(query), None), variables or {})
    root = schema._schema.query_type  # noqa: SLF001 - Strawberry has no public way to it
    assert root is not None
    return list(below(priced.operation.plan.root(root, priced.variables, hide_suggestions=False)))


def below(selection: Selection) -> Iterator[Selection]:
    yield selection
    for field in selection.fields:
        for form in field.selections.values():
            yield from below(form)


def fields_of(selections: list[Selection]) -> list[FieldPlan]:
    return [field for selection in selections for field in selection.fields]


def combination(number: int) -> dict[str, bool]:
    """The switches by the bits of a number."""
    return {name: bool(number >> place & 1) for place, name in enumerate(SWITCHES)}


async def test_the_second_run_uses_the_selections_and_the_functions_of_the_first(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """{ albums(first: 2) {
        totalCount nodes { title artist { name } tracks { edges { cursor node { name } } } }
    } }"""
    with statements() as seen:
        first = await answered(schema, filled, query)
    # The count, the page, the artists, the tracks.
    assert len(seen) == 4
    before = planned(schema, query)
    forms = [selection.remembered(RowProjection) for selection in before]
    # Rows are albums, artists and tracks.
    assert sum(map(len, forms)) == 3
    assert await answered(schema, filled, query) == first
    assert len(seen) == 4
    after = planned(schema, query)
    assert [id(selection) for selection in after] == [id(selection) for selection in before]
    for selection, kept in zip(after, forms, strict=True):
        assert (
            selection.remembered(RowProjection) == kept
        )  # forms have no equality of their own: these are the same objects


async def test_other_variables_make_no_other_plan(schema: Schema, filled: Engines) -> None:
    query = """query ($first: Int, $where: AlbumFilter) {
        albums(first: $first, where: $where) { nodes { title artist { name } } }
    }"""
    (whole,) = (await answered(schema, filled, query, {"first": 1}))["albums"]["nodes"]
    before = planned(schema, query)
    others: list[dict[str, Any]] = [
        {"first": 3},
        {"first": 2, "where": None},
        {"where": {"title": {"eq": whole["title"]}}},
    ]
    found = [(await answered(schema, filled, query, variables))["albums"]["nodes"] for variables in others]
    assert [len(nodes) for nodes in found] == [3, 2, 1]
    assert found[2] == [whole]
    assert list(map(id, planned(schema, query))) == list(map(id, before))
    assert {len(field.selections) for field in fields_of(before)} == {0, 1}


@pytest.mark.parametrize("left_in", [frozenset(), frozenset({"text"}), frozenset({"price", "moment"})])
async def test_columns_of_fields_that_are_left_out_are_not_read(
    schema: Schema, filled: Engines, statements: StatementRecorder, left_in: frozenset[str]
) -> None:
    with statements() as seen:
        data = await answered(schema, filled, SWITCHED, {name: name in left_in for name in SWITCHES})
    (statement,) = seen
    read = statement.partition(" FROM ")[0]
    assert {name for name in SWITCHES if name in read} == left_in
    assert [set(node) for node in data["things"]["nodes"]] == [{"id", *left_in}] * 2


@pytest.mark.parametrize(("left_in", "reads"), [(True, 2), (False, 1)])
async def test_what_is_skipped_with_all_below_it_costs_no_statement(
    schema: Schema, filled: Engines, statements: StatementRecorder, left_in: bool, reads: int
) -> None:
    query = """query ($out: Boolean!, $in: Boolean!) {
        albums(first: 1) { nodes { title ...Who @skip(if: $out) ... @include(if: $in) { artist { id } } } }
    }
    fragment Who on Album { artist { name } }"""
    with statements() as seen:
        data = await answered(schema, filled, query, {"out": not left_in, "in": left_in})
    (node,) = data["albums"]["nodes"]
    assert list(node) == (["title", "artist"] if left_in else ["title"])
    assert [list(node[name]) for name in node if name == "artist"] == [["name", "id"]] * left_in
    assert len(seen) == reads
    assert ("artist_id" in seen[0].partition(" FROM ")[0]) is left_in


async def test_of_many_combinations_a_bounded_number_is_kept_and_each_is_answered_right(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    whole = (await answered(schema, filled, SWITCHED, combination(2 ** len(SWITCHES) - 1)))["things"]["nodes"]
    # The first one again at the end, when it is long forgotten.
    for number in (*range(40), 0):
        switches = combination(number)
        with statements() as seen:
            data = await answered(schema, filled, SWITCHED, switches)
        expected = [{name: node[name] for name in node if switches.get(name, True)} for node in whole]
        assert data == {"things": {"nodes": expected}}
        assert len(seen) == 1
    fields = fields_of(planned(schema, SWITCHED, combination(0)))
    assert max(len(field.selections) for field in fields) == MAX_SELECTIONS


async def test_one_key_with_several_nodes_is_selected_as_its_conditions_say(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """query ($city: Boolean!, $title: Boolean!) { customers(first: 1) { nodes {
        email supportRep @include(if: $city) { city } supportRep @include(if: $title) { title }
    } } }"""
    for city, title in ((True, False), (False, True), (True, True), (False, False), (True, False)):
        with statements() as seen:
            data = await answered(schema, filled, query, {"city": city, "title": title})
        (node,) = data["customers"]["nodes"]
        asked = ["city"] * city + ["title"] * title
        assert list(node.get("supportRep", ())) == asked
        assert ("supportRep" in node) is bool(asked)
        assert len(seen) == 1 + bool(asked)


async def test_combinations_at_the_root_are_answered_right_too(schema: Schema, filled: Engines) -> None:
    names = [f"p{number}" for number in range(6)]
    query = f"query ({' '.join(f'${name}: Boolean!' for name in names)}) {{ __typename "
    query += " ".join(f"{name}: albums(first: 1) @skip(if: ${name}) {{ totalCount }}" for name in names) + " }"
    for number in (*range(40), 0):
        skipped = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        data = await answered(schema, filled, query, skipped)
        assert list(data) == ["__typename", *(name for name in names if not skipped[name])]
        assert len({str(value) for name, value in data.items() if name in names}) <= 1


async def test_selections_under_one_key_are_merged(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """{
        customers(first: 1) { nodes { supportRep { city } } }
        customers(first: 1) { nodes { email supportRep { title } ... on Node { id } ...More } }
    }
    fragment More on Customer { supportRep { customers(first: 1) { totalCount } country city } }"""
    with statements() as seen:
        data = await data_of(schema, filled, query)
    (node,) = data["customers"]["nodes"]
    assert list(node) == ["supportRep", "email", "id"]
    assert list(node["supportRep"]) == ["city", "title", "customers", "country"]
    assert node["supportRep"]["customers"]["totalCount"] >= 1
    # The page, its employees, the count of their customers.
    assert len(seen) == 3


async def test_parts_of_one_connection_under_several_keys_share_its_statement(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    query = """{ things(first: 3) {
        a: nodes { text } b: nodes { text: number } edges { node { price } again: node { id } cursor }
        pageInfo { endCursor } info: pageInfo { hasNextPage }
    } }"""
    with statements() as seen:
        things = (await data_of(schema, filled, query))["things"]
    (statement,) = seen
    assert not {"day", "moment", "shape"} & {name for name in SWITCHES if name in statement.partition(" FROM ")[0]}
    known = await data_of(schema, filled, "{ things(first: 3) { nodes { id text number price } } }")
    again = [
        {"id": edge["again"]["id"], "text": a["text"], "number": b["text"], "price": edge["node"]["price"]}
        for a, b, edge in zip(things["a"], things["b"], things["edges"], strict=True)
    ]
    assert again == known["things"]["nodes"]
    assert things["pageInfo"] == {"endCursor": things["edges"][-1]["cursor"]}
    assert things["info"] == {"hasNextPage": True}


@pytest.mark.parametrize(
    ("one", "other", "reads"),
    [
        ("nodes { text number }", "edges { node { number text } }", 1),
        ("nodes { text }", "nodes { number }", 2),
        ("nodes { text }", "edges { cursor node { text } }", 2),
        ("totalCount", "nodes { text }", 2),
    ],
)
async def test_a_connection_under_two_keys_is_read_once_if_both_want_the_same_of_it(
    schema: Schema, filled: Engines, statements: StatementRecorder, one: str, other: str, reads: int
) -> None:
    with statements() as seen:
        together = await data_of(
            schema, filled, f"{{ a: things(first: 2) {{ {one} }} b: things(first: 2) {{ {other} }} }}"
        )
    assert len(seen) == reads
    apart = [await data_of(schema, filled, f"{{ it: things(first: 2) {{ {each} }} }}") for each in (one, other)]
    assert [together["a"], together["b"]] == [each["it"] for each in apart]


async def test_fragments_on_node_and_on_its_types_fit_together(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    found = await data_of(schema, filled, "{ albums(first: 1) { nodes { id title artist { id name } } } }")
    (album,) = found["albums"]["nodes"]
    query = """query ($album: ID!, $ids: [ID!]!) {
        node(id: $album) { ...Any ... on Employee { email } ... on Album { title artist { ...Any } } }
        nodes(ids: $ids) { __typename ...Any ... on Node { again: id } ... on Artist { name } }
    }
    fragment Any on Node { id ... on Album { title } ... on Artist { name } }"""
    with statements() as seen:
        ids = [album["artist"]["id"], album["id"]]
        data = await data_of(schema, filled, query, {"album": album["id"], "ids": ids})
    artist = {"id": album["artist"]["id"], "name": album["artist"]["name"]}
    assert data == {
        "node": {"id": album["id"], "title": album["title"], "artist": artist},
        "nodes": [
            {"__typename": "Artist", **artist, "again": artist["id"]},
            {"__typename": "Album", "id": album["id"], "title": album["title"], "again": album["id"]},
        ],
    }
    # The album with its artist's key, the album without, the artist of `nodes`; the album's artist is that one.
    assert len(seen) == 3


async def test_the_names_of_types_are_everywhere_and_cost_nothing(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    names = "__typename t: __typename"
    query = f"""{{ {names} albums(first: 1) {{
        {names} nodes {{ {names} artist {{ {names} }} }} edges {{ {names} node {{ {names} }} }} pageInfo {{ {names} }}
    }} }}"""
    with statements() as seen:
        data = await data_of(schema, filled, query)

    def named(name: str) -> dict[str, Any]:
        return {"__typename": name, "t": name}

    assert data == {
        **named("Query"),
        "albums": {
            **named("AlbumConnection"),
            "nodes": [{**named("Album"), "artist": named("Artist")}],
            "edges": [{**named("AlbumEdge"), "node": named("Album")}],
            "pageInfo": named("PageInfo"),
        },
    }
    # The page, and whether there is an artist.
    assert len(seen) == 2


async def test_combinations_of_several_levels_are_kept_up_to_a_number_in_all(schema: Schema, filled: Engines) -> None:
    """Four levels with eight combinations each are 4,096 plans, of 16 at most for each field."""
    switches = [f"s{number}" for number in range(12)]

    def switched(level: int, name: str) -> str:
        mine = switches[3 * level : 3 * level + 3]
        return " ".join(f"{switch}: {name} @include(if: ${switch})" for switch in mine)

    query = f"""query ({" ".join(f"${switch}: Boolean!" for switch in switches)}) {{
        albums(first: 1) {{ nodes {{ {switched(0, "title")} artist {{ {switched(1, "name")}
            albums(first: 1) {{ nodes {{ {switched(2, "title")} artist {{ {switched(3, "name")} }} }} }}
        }} }} }}
    }}"""
    most = max(MIN_FIELDS, FIELDS_PER_NODE * query.count("@include"))
    of_one_run = 12 + 6
    for number in range(0, 4_096, 61):
        values = {switch: bool(number >> place & 1) for place, switch in enumerate(switches)}
        data = await answered(schema, filled, query, values)
        (album,) = data["albums"]["nodes"]
        assert set(album) == {switch for switch in switches[:3] if values[switch]} | {"artist"}
        assert len(fields_of(kept_of(schema, query, values))) <= most + of_one_run


def kept_of(schema: Schema, query: str, variables: Mapping[str, Any]) -> list[Selection]:
    """Every selection that is kept of an operation, whatever its variables."""
    preparer = schema.preparer
    priced = preparer.check(preparer.operation(preparer.prepare(query), None), variables)
    return [selection for root in priced.operation.plan.roots.values() for selection in below(root)]
