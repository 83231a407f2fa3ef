"""A short document cannot ask for a long day's work: it is refused before anything is run, in linear time."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from graphql import get_introspection_query

from db.session.engines import Engines
from graph.entity import Schema
from graph.prepare.documents import TOO_MUCH_WORK, InvalidDocument
from graph.schema import make_schema
from graph.settings import Settings
from tests.databases import StatementRecorder
from tests.execute.running import codes, only_error, run

COSTLY = {
    "101 aliases of a page of 100": "{"
    + " ".join(f"a{n}: posts(first: 100) {{ nodes {{ id }} }}" for n in range(101))
    + "}",
    "the same through a fragment": "{ ...F } fragment F on Query {"
    + " ".join(f"a{n}: posts(first: 100) {{ nodes {{ id }} }}" for n in range(101))
    + "}",
    "a fragment inside of 101 aliases": "{"
    + " ".join(f"a{n}: post(id: 1) {{ ...F }}" for n in range(51))
    + "} fragment F on Post { author { id } }",
    "pages of 100 in pages of 100 in pages of 100": """
        { posts(first: 100) { nodes { tags(first: 100) { nodes { posts(last: 100) { nodes { id } } } } } } }""",
    "the same through edges": """
        { posts(first: 100) { edges { node { tags(first: 100) { edges { node { posts(first: 100) { edges { cursor }
        } } } } } } } }""",
    "the same in variables": """query ($n: Int = 100) {
        posts(first: $n) { nodes { tags(first: $n) { nodes { posts(first: $n) { nodes { id } } } } } } }""",
    "the same behind null": """
        { posts(first: null, last: 100) { nodes { tags(first: null, last: 100) { nodes {
        posts(first: null, last: 100) { nodes { id } } } } } } }""",
    "121 levels": "{ post(id: 1) {" + "author { posts(first: 1) { nodes {" * 60 + "id" + "} } }" * 60 + "} }",
    "fragments that double": "{ posts { nodes { ...F0 } } }"
    + "".join(
        f"fragment F{n} on Post {{ a: author {{ posts {{ nodes {{ ...F{n + 1} }} }} }}"
        f" b: author {{ posts {{ nodes {{ ...F{n + 1} }} }} }} }}"
        for n in range(30)
    )
    + "fragment F30 on Post { id }",
    "3,000 names for one column": "{ posts(first: 100) { nodes { author { posts(first: 100) { nodes {"
    + " ".join(f"a{n}: content" for n in range(3_000))
    + "} } } } } }",
    "100 groups of 1,000": "{"
    + " ".join(f"a{n}: postsAggregate {{ groupBy(fields: [STATUS], first: 1000) {{ count }} }}" for n in range(51))
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
    "a fragment that spreads itself below": "{ posts { nodes { ...A } } } fragment A on Post { author { posts { nodes"
    " { ...A } } } }",
    "1,000 directives on one field": "{ __typename " + "@include(if: true) " * 1_000 + "}",
    "3,000 directives that nobody knows": "{ __typename " + "@x " * 3_000 + "}",
    "2,000 fields of one name": "{" + "__typename " * 2_000 + "}",
    "2,000 lists of one name": "{" + "posts { totalCount } " * 2_000 + "}",
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


def with_post_ids(document: str) -> str:
    return document.replace("id: 1", 'id: "UG9zdDox"')


@pytest.mark.parametrize("document", COSTLY.values(), ids=COSTLY)
async def test_what_would_cost_too_much_is_not_begun(
    schema: Schema, nowhere: Engines, statements: StatementRecorder, document: str
) -> None:
    with statements() as seen:
        result = await run(schema, nowhere, with_post_ids(document))
    assert (codes(result), result.data, seen) == ({"TOO_COSTLY"}, None, [])


@pytest.mark.parametrize("document", INVALID.values(), ids=INVALID)
async def test_what_would_take_long_to_read_is_not_begun(
    schema: Schema, nowhere: Engines, statements: StatementRecorder, document: str
) -> None:
    with statements() as seen:
        result = await run(schema, nowhere, document)
    assert codes(result) <= {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert result.errors
    assert len(result.errors) <= 101
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
    query = "{ posts(first: 2) { nodes { id title } } }"
    # Two rows, and one more that tells whether others follow; a list, and in it twice an object with two columns.
    needed = {"max_statements": 1, "max_rows": 2 + 1, "max_values": 1 + 2 * (1 + 2)}
    for limit, number in needed.items():
        for allowed, refused in ((number, False), (number - 1, True)):
            schema = make_schema(Settings().model_copy(update={limit: allowed}))
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
    "lists": lambda n: "{" + " ".join(f"a{m}: posts(first: 1) {{ nodes {{ id }} }}" for m in range(n // 4)) + "}",
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
    "a list of values": lambda n: "{ posts(where: {version: {in: [" + "1 " * n + "]}}) { totalCount } }",
    "operations": lambda n: " ".join(f"query Q{m} {{ __typename }}" for m in range(n)),
    "unknown fields": lambda n: "{" + " ".join(f"x{m}" for m in range(n)) + "}",
    "fields of one name": lambda n: "{" + "__typename " * (2 * n) + "}",
    "fragments side by side": lambda n: (
        "{"
        + " ".join(f"...F{m}" for m in range(n // 2))
        + "}"
        + " ".join(f"fragment F{m} on Query {{ __typename }}" for m in range(n // 2))
    ),
}


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, which no other process can slow down."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


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
