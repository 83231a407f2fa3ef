"""A short document cannot ask for a long day's work: it is refused before anything is run, in linear time."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import get_introspection_query

from db.session.engines import Engines
from graph.entity import Schema
from graph.prepare.documents import TOO_MUCH_WORK, InvalidDocument
from graph.prepare.mistakes import MAX_ERRORS
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.entity.chinook_types import Track
from tests.entity.market import Query
from tests.entity.serving import global_id
from tests.execute.running import codes, only_error, run
from tests.prepare.calls import calls

COSTLY = {
    "101 aliases of a page of 100": "{"
    + " ".join(f"a{n}: tracks(first: 100) {{ nodes {{ id }} }}" for n in range(101))
    + "}",
    "the same through a fragment": "{ ...F } fragment F on Query {"
    + " ".join(f"a{n}: tracks(first: 100) {{ nodes {{ id }} }}" for n in range(101))
    + "}",
    "a fragment inside of 101 aliases": "{"
    + " ".join(f"a{n}: track(id: 1) {{ ...F }}" for n in range(51))
    + "} fragment F on Track { mediaType { id } }",
    "pages of 100 in pages of 100 in pages of 100": """
        { tracks(first: 100) { nodes { playlists(first: 100) { nodes { tracks(last: 100) { nodes { id } } } } } } }""",
    "the same through edges": """
        { tracks(first: 100) { edges { node { playlists(first: 100) { edges { node { tracks(first: 100) { edges {
        cursor } } } } } } } } }""",
    "the same in variables": """query ($n: Int = 100) {
        tracks(first: $n) { nodes { playlists(first: $n) { nodes { tracks(first: $n) { nodes { id } } } } } } }""",
    "the same behind null": """
        { tracks(first: null, last: 100) { nodes { playlists(first: null, last: 100) { nodes {
        tracks(first: null, last: 100) { nodes { id } } } } } } }""",
    "121 levels": "{ track(id: 1) {" + "mediaType { tracks(first: 1) { nodes {" * 60 + "id" + "} } }" * 60 + "} }",
    "fragments that double": "{ tracks { nodes { ...F0 } } }"
    + "".join(
        f"fragment F{n} on Track {{ a: mediaType {{ tracks {{ nodes {{ ...F{n + 1} }} }} }}"
        f" b: mediaType {{ tracks {{ nodes {{ ...F{n + 1} }} }} }} }}"
        for n in range(30)
    )
    + "fragment F30 on Track { id }",
    "3,000 names for one column": "{ tracks(first: 100) { nodes { mediaType { tracks(first: 100) { nodes {"
    + " ".join(f"a{n}: composer" for n in range(3_000))
    + "} } } } } }",
    "a fragment of 2,500 names under 90 relations": "{ tracks(first: 1) { nodes {"
    + " ".join(f"b{n}: mediaType {{ ...F }}" for n in range(90))
    + "} } } fragment F on MediaType {"
    + " ".join(f"a{n}: name" for n in range(2_500))
    + "}",
    "100 groups of 1,000": "{"
    + " ".join(
        f"a{n}: tracksAggregate {{ groupBy(by: [{{value: COMPOSER}}], first: 1000) {{ nodes {{ count }} }} }}"
        for n in range(51)
    )
    + "}",
    "introspection under 100 names": "{"
    + " ".join(f"a{n}: __schema {{ types {{ ...F }} }}" for n in range(100))
    + "} fragment F on __Type { name fields { name args { name type { name } } type { name ofType { name } } } }",
    "3,000 names for one field of introspection": "{ __schema { types { fields { "
    + " ".join(f"a{n}: name" for n in range(3_000))
    + "} } } }",
}

INVALID = {
    "fragments that spread each other": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "a fragment that spreads itself below": "{ tracks { nodes { ...A } } } fragment A on Track { mediaType { tracks {"
    " nodes { ...A } } } }",
    "1,000 directives on one field": "{ __typename " + "@include(if: true) " * 1_000 + "}",
    "3,000 directives that nobody knows": "{ __typename " + "@x " * 3_000 + "}",
    "2,000 fields of one name": "{" + "__typename " * 2_000 + "}",
    "2,000 lists of one name": "{" + "tracks { totalCount } " * 2_000 + "}",
    "1,000 fragments side by side": "{"
    + " ".join(f"...F{n}" for n in range(1_000))
    + "}"
    + " ".join(f"fragment F{n} on Query {{ __typename }}" for n in range(1_000)),
    "300 fragments in a chain": "{ ...F0 }"
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(300))
    + "fragment F300 on Query { __typename }",
    "10,000 fragments in a chain": "{ ...F0 }"
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(10_000)),
    "90 fragments that spread all later ones": "{ ...F0 }"
    + " ".join(
        f"fragment F{n} on Query {{ __typename {' '.join(f'...F{m}' for m in range(n + 1, 90))} }}" for n in range(90)
    ),
    "introspection in circles": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "the same through a fragment": """{ __schema { types { ...F } } }
        fragment F on __Type { fields { type { fields { type { fields { name } } } } } }""",
}


def with_ids(document: str) -> str:
    return document.replace("id: 1", f'id: "{global_id(Track, 1)}"')


@pytest.mark.parametrize("document", COSTLY.values(), ids=COSTLY)
async def test_what_would_cost_too_much_is_not_begun(
    schema: Schema, nowhere: Engines, statements: StatementRecorder, document: str
) -> None:
    with statements() as seen:
        result = await run(schema, nowhere, with_ids(document))
    assert (codes(result), result.data, seen) == ({"TOO_COSTLY"}, None, [])


@pytest.mark.parametrize("document", INVALID.values(), ids=INVALID)
async def test_what_would_take_long_to_read_is_not_begun(
    schema: Schema, nowhere: Engines, statements: StatementRecorder, document: str
) -> None:
    with statements() as seen:
        result = await run(schema, nowhere, document)
    assert codes(result) <= {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert result.errors
    assert len(result.errors) <= MAX_ERRORS
    assert (result.data, seen) == (None, [])


async def test_the_sentence_says_what_was_too_much(schema: Schema, nowhere: Engines) -> None:
    costly = only_error(await run(schema, nowhere, COSTLY["pages of 100 in pages of 100 in pages of 100"]))
    # 1 page of 100, 100 pages of 100, 10,000 pages of 100; and one row more for each page.
    assert costly.message == (
        "This operation may need 1020201 rows; 100000 are allowed. Ask for smaller pages, fewer levels or fewer fields."
    )
    endless = only_error(await run(schema, nowhere, COSTLY["fragments that double"]))
    assert endless.message.startswith("This operation may need 1000000000 statements; 100 are allowed.")
    repeated = only_error(await run(schema, nowhere, INVALID["2,000 fields of one name"]))
    assert repeated.message == TOO_MUCH_WORK


async def test_limits_are_settings(nowhere: Engines) -> None:
    query = "{ tracks(first: 2) { nodes { id name } } }"
    # Two rows, and one more that tells whether others follow; a list, and in it twice an object with two columns.
    needed = {"max_statements": 1, "max_rows": 2 + 1, "max_values": 1 + 2 * (1 + 2)}
    for limit, number in needed.items():
        for allowed, refused in ((number, False), (number - 1, True)):
            schema = Schema(Query, Settings().model_copy(update={limit: allowed}))
            assert (codes(await run(schema, nowhere, query)) == {"TOO_COSTLY"}) is refused, limit


async def test_the_standard_introspection_query_is_well_within_the_limits(schema: Schema, nowhere: Engines) -> None:
    query = get_introspection_query(input_value_deprecation=True, specified_by_url=True, schema_description=True)
    result = await run(schema, nowhere, query, operation_extensions={"cost": True})
    assert result.errors is None
    assert result.extensions is not None
    assert result.extensions["cost"]["statements"] == result.extensions["cost"]["rows"] == 0
    assert result.extensions["cost"]["values"] < result.extensions["cost"]["maxValues"] / 2
    assert values_in(result.data) <= result.extensions["cost"]["values"]


def values_in(data: Any) -> int:
    """How many fields an answer holds."""
    if isinstance(data, dict):
        return len(data) + sum(map(values_in, data.values()))
    return sum(map(values_in, data)) if isinstance(data, list) else 0


Shape = Callable[[int], str]

GROWING: dict[str, Shape] = {
    "names": lambda n: "{" + " ".join(f"a{m}: __typename" for m in range(n)) + "}",
    "lists": lambda n: "{" + " ".join(f"a{m}: tracks(first: 1) {{ nodes {{ id }} }}" for m in range(n // 4)) + "}",
    "inline fragments": lambda n: "{" + "... { __typename } " * (n // 20) + "}",
    "spreads of one fragment": lambda n: "{" + "...F " * n + "} fragment F on Query { __typename }",
    "fragments in a chain": lambda n: (
        "{ ...F0 }"
        + " ".join(f"fragment F{m} on Query {{ ...F{m + 1} }}" for m in range(n // 8))
        + f"fragment F{n // 8} on Query {{ __typename }}"
    ),
    "fragments that double": lambda n: (
        "{ ...F0 }"
        + " ".join(f"fragment F{m} on Query {{ ...F{m + 1} ...F{m + 1} }}" for m in range(n // 8))
        + f"fragment F{n // 8} on Query {{ __typename }}"
    ),
    "directives": lambda n: "{ __typename " + "@include(if: true) " * n + "}",
    "variables": lambda n: "query (" + " ".join(f"$v{m}: Int" for m in range(n)) + ") { __typename }",
    "a list of values": lambda n: "{ tracks(where: {milliseconds: {in: [" + "1 " * n + "]}}) { totalCount } }",
    "operations": lambda n: " ".join(f"query Q{m} {{ __typename }}" for m in range(n)),
    "unknown types": lambda n: "{" + " ".join(f"... on Abcdefghij{m:010d} {{ a{m}: id }}" for m in range(n // 8)) + "}",
    "unknown input fields": lambda n: (
        "{ tracks(where: {" + " ".join(f"name{m}: 1" for m in range(n)) + "}) { totalCount } }"
    ),
    "unknown arguments": lambda n: "{ tracks(" + " ".join(f"first{m}: 1" for m in range(n)) + ") { totalCount } }",
    "equal arguments": lambda n: "{ tracks(" + "first: 1 " * n + ") { totalCount } }",
    "objects in objects": lambda n: (
        "{ tracks(where: " + "{x: 1 and: [" * (n // 20) + "{}" + "]}" * (n // 20) + ") { totalCount } }"
    ),
    "wrong values": lambda n: "{ tracks(where: {milliseconds: {in: [" + '"x" ' * n + "]}}) { totalCount } }",
    "undefined variables": lambda n: "{ tracks(where: {id: {in: [" + "$v " * n + "]}}) { totalCount } }",
    "variables that nobody uses": lambda n: "query (" + " ".join(f"$v{m}: Int" for m in range(n)) + ") { __typename }",
    "fragments that nobody spreads": lambda n: (
        "{ __typename }" + " ".join(f"fragment F{m} on Query {{ __typename }}" for m in range(n // 2))
    ),
    "operations that share fragments": lambda n: (
        " ".join(f"query Q{m} ($v: Int) {{ ...F }}" for m in range(n // 12))
        + "fragment F on Query {"
        + " ".join(f"a{m}: tracks(first: $v) {{ totalCount }}" for m in range(n // 12))
        + "}"
    ),
    "unknown fields": lambda n: "{" + " ".join(f"x{m}" for m in range(n)) + "}",
    "fields of one name": lambda n: "{" + "__typename " * (2 * n) + "}",
    "fragments side by side": lambda n: (
        "{"
        + " ".join(f"...F{m}" for m in range(n // 2))
        + "}"
        + " ".join(f"fragment F{m} on Query {{ __typename }}" for m in range(n // 2))
    ),
}


@pytest.mark.parametrize("shape", GROWING.values(), ids=GROWING)
def test_twice_the_document_is_twice_the_work(schema: Schema, shape: Shape) -> None:
    def prepared(document: str) -> Callable[[], None]:
        def work() -> None:
            try:
                kept = schema.preparer._prepare(document)  # noqa: SLF001 - past the cache
                schema.preparer.check(schema.preparer.operation(kept, "Q0" if "Q0" in document else None), {})
            except InvalidDocument:
                pass

        return work

    once, twice = (calls(prepared(shape(size))) for size in (600, 1_200))
    assert twice < 2.5 * once
