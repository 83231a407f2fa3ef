"""Values that no client of ours sends, wherever a value is taken: an answer or a clear error, on both databases.

Each filter, order and argument is found in the schema, so what is added later is tried as well.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

from graph.schema import make_schema
from tests.http.client import Answer, Client

SCHEMA = make_schema()._schema  # noqa: SLF001 - Strawberry has no public way to graphql-core's schema
T = TypeVar("T")

SQL = (
    "' OR '1'='1",
    "'; DROP TABLE users; --",
    "x') UNION SELECT hashed_password FROM users --",
    "\\' OR 1=1 --",
    "%_\\",
    "$1 :keys %(x)s ?",
    "\u2028\u200d🌱\u0301",
    "x" * 2_000,
    "",
)

ALLOWED: Mapping[str, tuple[Any, ...]] = {
    "String": SQL,
    "ID": (),
    "Int": (0, -(2**31), 2**31 - 1),
    "BigInt": (0, str(-(2**63)), str(2**63 - 1)),
    "Float": (0, -0.0, 1e308, 5e-324),
    "Boolean": (True, False),
    "Decimal": ("0", "-0", "1e999", "-1e-999", "0.1", "9" * 1_000, 10**18, 1e308),
    "DateTime": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2024-02-29T12:00:00.5+14:00"),
    "Date": ("0001-01-01", "9999-12-31"),
    "Time": ("00:00:00", "23:59:59.999999"),
    "UUID": ("0" * 32, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "JSON": ({}, [], "", 0, 10**18, 1e308, {"'; --": "\\'"}, json.loads("[" * 90 + "]" * 90), *SQL),
}
"""Values at the edge of what each type allows."""

REFUSED: Mapping[str, tuple[Any, ...]] = {
    "String": (1, True, [], {}, "a\x00b"),
    "ID": (True, [], {}, "", "x", "VXNlcjox\x00", "VXNlcjo", "VXNlcjoxLDI", "VXNlcjpudWxs", "VXNlcjpbXQ", "x" * 2_000),
    "Int": (2**31, -(2**31) - 1, 1.5, "1", True, [], {}, 1e300),
    "BigInt": (2**63, str(2**63), str(-(2**63) - 1), "9" * 5_000, "1.5", "x", "", True, [], {}, 1.5),
    "Float": ("1", "NaN", True, [], {}),
    "Boolean": ("true", 1, [], {}),
    "Decimal": ("1e999999", "1e-999999999999999999", "NaN", "sNaN", "Infinity", "9" * 1_001, "x", "", True, [], {}),
    "DateTime": (
        "2024-01-01T00:00:00",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "2024-02-30T00:00:00Z",
        "2024-01-01",
        "2024-01-01T00:00:00+25:00",
        "now",
        "",
        0,
        True,
        [],
        {},
    ),
    "Date": ("0000-01-01", "2024-02-30", "", 0, [], {}),
    "Time": ("24:00:00", "", 0, [], {}),
    "UUID": ("x", "", 0, "g" * 32, [], {}),
    "JSON": ("a\x00b", {"\x00": 1}, json.loads("[" * 500 + "]" * 500)),
}
"""Values beyond it."""


class Place(NamedTuple):
    """A comparison of the schema: `where: {attribute: {comparison: …}}` of a list at the root."""

    listing: str
    filter: str
    attribute: str
    comparison: str
    scalar: str
    many: bool

    def where(self, value: Any) -> dict[str, Any]:
        return {self.attribute: {self.comparison: [value] if self.many else value}}


def listings() -> Iterator[tuple[str, GraphQLField]]:
    """The lists at the root, by name."""
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        if "orderBy" in field.args:
            yield name, field


def places() -> Iterator[Place]:
    """Every comparison of every column."""
    for listing, field in listings():
        where = get_named_type(field.args["where"].type)
        assert isinstance(where, GraphQLInputObjectType)
        for attribute, input_field in where.fields.items():
            comparisons = get_nullable_type(input_field.type)
            if is_input_object_type(comparisons) and "eq" in comparisons.fields | {"eq": None}:
                for name, comparison in comparisons.fields.items():
                    type_ = get_nullable_type(comparison.type)
                    leaf = get_named_type(type_)
                    if not is_input_object_type(leaf):
                        yield Place(listing, where.name, attribute, name, leaf.name, is_list_type(type_))


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch


async def counts(api: Client, asked: list[tuple[Place, Any]]) -> Answer:
    """How many rows each filter finds, all in one request."""
    variables = {f"w{index}": place.where(value) for index, (place, value) in enumerate(asked)}
    declared = " ".join(f"$w{index}: {place.filter}" for index, (place, _) in enumerate(asked))
    fields = " ".join(
        f"a{index}: {place.listing}(where: $w{index}) {{ totalCount }}" for index, (place, _) in enumerate(asked)
    )
    return await api.ask(f"query ({declared}) {{ {fields} }}", variables)


PLACES = list(places())


def values_of(scalar: str) -> tuple[Any, ...]:
    """What a type allows at its edges."""
    type_ = SCHEMA.get_type(scalar)
    return tuple(type_.values) if isinstance(type_, GraphQLEnumType) else ALLOWED[scalar]


def tries() -> Iterator[tuple[Place, Any]]:
    """Every value for each comparison of each type, somewhere; and in every place one value, in turn."""
    kinds: dict[tuple[str, str], int] = {}
    for place in PLACES:
        values = values_of(place.scalar)
        kind = (place.scalar, place.comparison)
        for value in values if kind not in kinds else [values[kinds[kind] % len(values)]] if values else ():
            yield place, value
        kinds[kind] = kinds.get(kind, -1) + 1


async def test_every_comparison_takes_every_value_that_its_type_allows(api: Client) -> None:
    assert len(PLACES) > 300
    before = await api.ask("{ users { totalCount } posts { totalCount } documents { totalCount } }")
    for batch in batches(tries(), 80):
        assert (await counts(api, batch)).data.keys() == {f"a{index}" for index in range(len(batch))}
    assert (await api.ask("{ users { totalCount } posts { totalCount } documents { totalCount } }")).data == before.data


async def test_no_text_is_taken_for_sql(api: Client) -> None:
    texts = [place for place in PLACES if place.scalar == "String" and place.comparison == "eq"]
    for batch in batches(((place, value) for place in texts for value in SQL[:3]), 80):
        assert {found["totalCount"] for found in (await counts(api, batch)).data.values()} == {0}


async def test_every_comparison_refuses_every_value_beyond_its_type(bare: Client) -> None:
    one_each = {(place.scalar, place.many): place for place in PLACES}
    for place in one_each.values():
        type_ = SCHEMA.get_type(place.scalar)
        refused = (1, "NOPE", True, [], {}) if isinstance(type_, GraphQLEnumType) else REFUSED[place.scalar]
        for value in refused:
            answer = await counts(bare, [(place, value)])
            assert answer.errors, f"{place} took {value!r}"
            assert answer.code in ("BAD_USER_INPUT", "INVALID_FILTER", "INVALID_ID"), f"{place} {value!r}"


async def test_every_comparison_refuses_null_and_says_so(bare: Client) -> None:
    for place in {(place.scalar, place.comparison): place for place in PLACES}.values():
        answer = await bare.ask(
            f"query ($where: {place.filter}) {{ {place.listing}(where: $where) {{ totalCount }} }}",
            {"where": {place.attribute: {place.comparison: None}}},
        )
        assert answer.code == "INVALID_FILTER", place
        assert "null" in answer.messages[0]


async def test_every_argument_may_be_null_or_says_why_not(api: Client) -> None:
    assert SCHEMA.query_type is not None
    for name, field in SCHEMA.query_type.fields.items():
        shown = {"Aggregate": "count", "Connection": "totalCount"}
        kind = next((kind for kind in shown if get_named_type(field.type).name.endswith(kind)), "")
        for argument in field.args:
            other = ', text: "x"' if name == "search" and argument != "text" else ""
            answer = await api.ask(f"{{ {name}({argument}: null{other}) {{ {shown.get(kind, '__typename')} }} }}")
            assert "INTERNAL_SERVER_ERROR" not in answer.codes, f"{name}({argument}: null)"


@pytest.mark.parametrize(
    "order",
    [[{}], [{"title": None}], [{"title": "ASC", "id": "ASC"}], [{"title": "UP"}], [None], "x", [{"author": {}}]],
)
async def test_an_order_that_says_nothing_is_refused(bare: Client, order: Any) -> None:
    answer = await bare.ask("query ($o: [PostOrder!]) { posts(orderBy: $o) { nodes { id } } }", {"o": order})
    assert answer.code == "BAD_USER_INPUT"


async def test_lists_have_an_end(api: Client) -> None:
    query = "query ($where: PostFilter) { posts(where: $where) { totalCount } }"
    ids = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    first = (await api.ask("{ posts(first: 1) { nodes { id } } }")).data["posts"]["nodes"][0]["id"]
    assert (await api.ask(query, {"where": {"version": {"in": [1] * 1_000}}})).data
    assert (await api.ask(query, {"where": {"id": {"in": [first] * 1_000}}})).data == {"posts": {"totalCount": 1}}
    assert (await api.ask(ids, {"ids": [first] * 100})).data["nodes"] == [{"id": first}] * 100
    terms = [{"title": "ASC"}] * 11
    assert (await api.ask(query, {"where": {"version": {"in": [1] * 1_001}}})).code == "INVALID_FILTER"
    assert (await api.ask(query, {"where": {"id": {"in": [first] * 1_001}}})).code == "INVALID_FILTER"
    assert (await api.ask(ids, {"ids": [first] * 101})).code == "INVALID_PAGE"
    ordered = "query ($o: [PostOrder!]) { posts(orderBy: $o) { nodes { id } } }"
    assert (await api.ask(ordered, {"o": terms})).code == "INVALID_PAGE"


@pytest.mark.parametrize("word", ["and", "or", "not"])
async def test_filters_nest_so_deep_and_no_deeper(api: Client, word: str) -> None:
    async def nested(depth: int) -> Answer:
        where: dict[str, Any] = {"version": {"eq": 1}}
        for _ in range(depth):
            where = {word: where if word == "not" else [where]}
        return await api.ask("query ($w: PostFilter) { posts(where: $w) { totalCount } }", {"w": where})

    assert (await nested(12)).data
    assert (await nested(13)).code == "INVALID_FILTER"
    assert (await nested(90)).code == "INVALID_FILTER"
    assert (await nested(450)).code == "BAD_USER_INPUT"


async def test_wide_filters_are_answered_or_refused(api: Client) -> None:
    query = "query ($w: PostFilter) { posts(where: $w) { totalCount } }"
    for width in (400, 3_000, 9_000):
        for word in ("and", "or"):
            asked = [{"version": {"eq": number}} for number in range(width)]
            assert set((await api.ask(query, {"w": {word: asked}})).codes) <= {"INVALID_FILTER"}
    for lists in (4, 50):
        asked_lists = [{"version": {"in": list(range(n, n + 900))}} for n in range(lists)]
        assert set((await api.ask(query, {"w": {"or": asked_lists}})).codes) <= {"INVALID_FILTER"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: -1", "INVALID_PAGE"),
        ("last: -1", "INVALID_PAGE"),
        ("first: 101", "INVALID_PAGE"),
        ("last: 2147483647", "INVALID_PAGE"),
        ("first: 1, last: 1", "INVALID_PAGE"),
        ("first: 2147483648", "GRAPHQL_VALIDATION_FAILED"),
        ("first: 1.0", "GRAPHQL_VALIDATION_FAILED"),
        ('first: "1"', "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_page_has_a_size_between_0_and_100(bare: Client, arguments: str, code: str) -> None:
    assert (await bare.ask(f"{{ posts({arguments}) {{ nodes {{ id }} }} }}")).code == code


async def test_a_page_of_none_and_a_page_of_no_stated_size_are_answered(api: Client) -> None:
    for arguments, length in (("first: 0", 0), ("first: null, last: null", 20), ("first: null, last: 3", 3)):
        assert len((await api.ask(f"{{ posts({arguments}) {{ nodes {{ id }} }} }}")).data["posts"]["nodes"]) == length


SEARCHED = (
    '"',
    "''",
    "*",
    "-",
    "-x",
    "AND OR NOT",
    "NEAR(a b)",
    "a* ^b",
    "title:x",
    "(((",
    "a & | ! b",
    "\\",
    "<->",
    *SQL,
)


async def test_whatever_is_searched_for_finds_posts_or_none(api: Client) -> None:
    for text in SEARCHED:
        answer = await api.ask("query ($t: String!) { search(text: $t) { totalCount nodes { id } } }", {"t": text})
        assert answer.data["search"]["totalCount"] >= len(answer.data["search"]["nodes"]), text
    assert (await api.ask('{ search(text: "a\\u0000b") { totalCount } }')).code == "INVALID_FILTER"


async def test_groups_take_what_their_types_allow(api: Client) -> None:
    query = (
        "query ($h: PostHaving, $n: Int) {postsAggregate {groupBy(fields: [STATUS], having: $h, first: $n) {count}}}"
    )
    assert (await api.ask(query, {"h": {"count": {"gte": 1}}, "n": 1_000})).data
    refused: list[dict[str, Any]] = [
        {"n": -1},
        {"n": 1_001},
        {"h": {"count": {"eq": 2**31}}},
        {"h": {"count": {"in": [1] * 1_001}}},
        {"h": {"count": None}},
        {"h": {"max": {"createdAt": {"eq": "0000-01-01T00:00:00Z"}}}},
        {"h": {"sum": {"version": {"gt": str(2**63)}}}},
        {"h": {"min": {"title": {"eq": "a\x00"}}}},
    ]
    for variables in refused:
        assert (await api.ask(query, variables)).code in ("INVALID_PAGE", "INVALID_FILTER", "BAD_USER_INPUT")
    assert (await api.ask("{ postsAggregate { groupBy(fields: []) { count } } }")).code == "INVALID_PAGE"
