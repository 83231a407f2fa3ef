"""Values that no client of ours sends, for every filter and argument that a schema has.

A schema enters; places leave, where a value is taken, and claims about all of them. A schema that grows has more.
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
)

from db.patterns import MAX_CHARACTERS
from graph.entity.distinct_counts import OF
from tests.http.client import Answer, Client

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
"""Texts that a full-text search could take for more than words."""

ALLOWED: Mapping[str, tuple[Any, ...]] = {
    "String": SQL,
    "ID": (),
    "Int": (0, -(2**31), 2**31 - 1),
    "BigInt": (0, str(-(2**63)), str(2**63 - 1)),
    "Float": (0, -0.0, 1e308, 5e-324),
    "Boolean": (True, False),
    "Decimal": ("0", "-0", "1e999", "-1e-999", "0.1", "9" * 1_000, 10**18, 1e308),
    "DateTime": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2024-02-29T12:00:00.5+14:00"),
    "LocalDateTime": ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"),
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
    "LocalDateTime": ("0000-01-01T00:00:00", "2024-02-30T00:00:00", "2024-01-01T00:00:00Z", "now", "", 0, True, [], {}),
    "Date": ("0000-01-01", "2024-02-30", "", 0, [], {}),
    "Time": ("24:00:00", "", 0, [], {}),
    "UUID": ("x", "", 0, "g" * 32, [], {}),
    "JSON": ("a\x00b", {"\x00": 1}, json.loads("[" * 500 + "]" * 500)),
}
"""Values beyond it."""

OF_ENUMS: tuple[Any, ...] = (1, "NOPE", True, [], {})
"""Values that no enumeration allows."""


class Place(NamedTuple):
    """A comparison of the schema: `where: {attribute: {comparison: …}}` of a list at the root."""

    listing: str
    filter: str
    attribute: str
    comparison: str
    scalar: str
    many: bool

    def where(self, value: Any) -> dict[str, Any]:
        if self.comparison.startswith("matches") and isinstance(value, str):
            value = re.escape(value)[:MAX_CHARACTERS]
        many = [value, value] if self.comparison == "between" else [value]
        return {self.attribute: {self.comparison: many if self.many else value}}


def root_fields(schema: GraphQLSchema) -> Mapping[str, GraphQLField]:
    """The fields of the query type, by name."""
    assert schema.query_type is not None
    fields: Mapping[str, GraphQLField] = schema.query_type.fields
    return fields


def places(schema: GraphQLSchema) -> Iterator[Place]:
    """Every comparison of every column."""
    for listing, field in root_fields(schema).items():
        if "orderBy" not in field.args:
            continue
        where = get_named_type(field.args["where"].type)
        assert isinstance(where, GraphQLInputObjectType)
        for attribute, input_field in where.fields.items():
            comparisons = get_nullable_type(input_field.type)
            if is_input_object_type(comparisons) and "eq" in comparisons.fields | {"eq": None}:
                for name, comparison in comparisons.fields.items():
                    if name == OF:  # names what another comparison is about
                        continue
                    type_ = get_nullable_type(comparison.type)
                    leaf = get_named_type(type_)
                    if not is_input_object_type(leaf):
                        yield Place(listing, where.name, attribute, name, leaf.name, is_list_type(type_))


def batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while batch := list(islice(items, size)):
        yield batch


async def counts(client: Client, asked: list[tuple[Place, Any]]) -> Answer:
    """How many rows each filter finds, all in one request."""
    variables = {f"w{index}": place.where(value) for index, (place, value) in enumerate(asked)}
    declared = " ".join(f"$w{index}: {place.filter}" for index, (place, _) in enumerate(asked))
    fields = " ".join(
        f"a{index}: {place.listing}(where: $w{index}) {{ totalCount }}" for index, (place, _) in enumerate(asked)
    )
    return await client.ask(f"query ({declared}) {{ {fields} }}", variables)


def allowed_values(schema: GraphQLSchema, scalar: str) -> tuple[Any, ...]:
    """What a type allows at its edges."""
    type_ = schema.get_type(scalar)
    return tuple(type_.values) if isinstance(type_, GraphQLEnumType) else ALLOWED[scalar]


def refused_values(schema: GraphQLSchema, scalar: str) -> tuple[Any, ...]:
    """Values beyond what a type allows."""
    return OF_ENUMS if isinstance(schema.get_type(scalar), GraphQLEnumType) else REFUSED[scalar]


def tries(schema: GraphQLSchema) -> Iterator[tuple[Place, Any]]:
    """Every value for each comparison of each type, somewhere; and in every place one value, in turn."""
    kinds: dict[tuple[str, str], int] = {}
    for place in places(schema):
        values = allowed_values(schema, place.scalar)
        kind = (place.scalar, place.comparison)
        for value in values if kind not in kinds else [values[kinds[kind] % len(values)]] if values else ():
            yield place, value
        kinds[kind] = kinds.get(kind, -1) + 1


async def takes_what_types_allow(schema: GraphQLSchema, client: Client) -> None:
    """Claim that every comparison takes every value that its type allows."""
    for batch in batches(tries(schema), 80):
        assert (await counts(client, batch)).data.keys() == {f"a{index}" for index in range(len(batch))}


async def takes_no_text_for_sql(schema: GraphQLSchema, client: Client) -> None:
    """Claim that text is text, whatever it says."""
    texts = [place for place in places(schema) if place.scalar == "String" and place.comparison == "eq"]
    for batch in batches(((place, value) for place in texts for value in SQL[:3]), 80):
        assert {found["totalCount"] for found in (await counts(client, batch)).data.values()} == {0}


async def refuses_what_types_do_not_allow(schema: GraphQLSchema, client: Client) -> None:
    """Claim that each type refuses every value beyond it, wherever it stands."""
    one_each = {(place.scalar, place.many): place for place in places(schema)}
    for place in one_each.values():
        for value in refused_values(schema, place.scalar):
            answer = await counts(client, [(place, value)])
            assert answer.errors, f"{place} took {value!r}"
            assert answer.code in ("BAD_USER_INPUT", "INVALID_FILTER", "INVALID_ID"), f"{place} {value!r}"


async def refuses_null(schema: GraphQLSchema, client: Client) -> None:
    """Claim that every comparison refuses null and says so."""
    for place in {(place.scalar, place.comparison): place for place in places(schema)}.values():
        answer = await client.ask(
            f"query ($where: {place.filter}) {{ {place.listing}(where: $where) {{ totalCount }} }}",
            {"where": {place.attribute: {place.comparison: None}}},
        )
        assert answer.code == "INVALID_FILTER", place
        assert "null" in answer.messages[0]


async def takes_null_or_says_why_not(schema: GraphQLSchema, client: Client) -> None:
    """Claim that every argument at the root may be null, or is refused in words."""
    for name, field in root_fields(schema).items():
        shown = {"Aggregate": "count", "Connection": "totalCount"}
        kind = next((kind for kind in shown if get_named_type(field.type).name.endswith(kind)), "")
        for argument in field.args:
            other = ', text: "x"' if name == "search" and argument != "text" else ""
            answer = await client.ask(f"{{ {name}({argument}: null{other}) {{ {shown.get(kind, '__typename')} }} }}")
            assert "INTERNAL_SERVER_ERROR" not in answer.codes, f"{name}({argument}: null)"
