"""What a database holds that operations can name: ids, cursors and values, read through the API itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    get_named_type,
    is_leaf_type,
)

from db.session.engines import Engines
from graph.entity import Schema
from tests.execute.running import data_of

ROWS = 6
"""How many rows of each type are known. Some are enough, and few make that filters match."""

ORDERS: Mapping[str, Sequence[Any] | None] = {
    "natural": None,
    "forward": [{"id": "ASC"}],
    "backward": [{"id": "DESC"}],
}
"""The orders of which cursors are known."""


class Listed(NamedTuple):
    """A list at the root."""

    field: str
    type_name: str
    leaves: tuple[str, ...]
    """Fields that have a value of their own, and can be filtered by."""


@dataclass(frozen=True)
class Known:
    """What there is, by the name of a type, and what can be asked."""

    schema: GraphQLSchema
    ids: Mapping[str, Sequence[str]]
    cursors: Mapping[tuple[str, str], Sequence[str]]
    """By type and the name of the order."""
    values: Mapping[tuple[str, str], Sequence[Any]]
    """By type and field."""


async def known_to(schema: Schema, engines: Engines) -> Known:
    """Ask for the first rows of every list at the root."""
    made = build_schema(schema.as_str())
    ids: dict[str, Sequence[str]] = {}
    cursors: dict[tuple[str, str], Sequence[str]] = {}
    values: dict[tuple[str, str], Sequence[Any]] = {}
    for listed in _lists(made):
        shown = f"id {' '.join(listed.leaves)}"
        for order, terms in ORDERS.items():
            written = "" if terms is None else f", orderBy: [{{id: {terms[0]['id']}}}]"
            query = f"{{ {listed.field}(first: {ROWS}{written}) {{ edges {{ cursor node {{ {shown} }} }} }} }}"
            edges = (await data_of(schema, engines, query))[listed.field]["edges"]
            cursors[listed.type_name, order] = [edge["cursor"] for edge in edges]
            rows = [edge["node"] for edge in edges]
        ids[listed.type_name] = [row["id"] for row in rows]
        for name in listed.leaves:
            values[listed.type_name, name] = _different([row[name] for row in rows])
    return Known(made, ids, cursors, values)


def _different(values: Sequence[Any]) -> Sequence[Any]:
    return [value for index, value in enumerate(values) if value not in values[:index]]


def _lists(schema: GraphQLSchema) -> list[Listed]:
    assert schema.query_type is not None
    found = []
    for name, field in schema.query_type.fields.items():
        connection = get_named_type(field.type)
        if {"first", "orderBy"} <= field.args.keys() and isinstance(connection, GraphQLObjectType):
            row = get_named_type(connection.fields["nodes"].type)
            where = get_named_type(field.args["where"].type)
            assert isinstance(row, GraphQLObjectType)
            assert isinstance(where, GraphQLInputObjectType)
            leaves = [
                leaf
                for leaf in row.fields
                if leaf != "id" and leaf in where.fields and is_leaf_type(get_named_type(row.fields[leaf].type))
            ]
            found.append(Listed(name, row.name, tuple(leaves)))
    return found
