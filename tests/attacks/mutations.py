"""Random questions of any schema, as dear as its price allows: what no catalogue names.

A schema and dice enter, bodies of requests leave: lists with filters, orders, counts, aggregates and groups, nested and
repeated, and texts that are looked for. Nothing is known here of what a schema is about.
"""

import json
import random
import string
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

COMMON = ("e", "the", "in", "an", "a", "water", "garden", "-", "_", "%", "ö")
"""Texts that many rows hold, and such that are no words."""
LEAVES: dict[str, Callable[[random.Random], Any]] = {
    "Int": lambda dice: dice.choice((0, 1, 2, 50, -1)),
    "Float": lambda dice: dice.choice((0.0, 1.5, -1e9)),
    "Boolean": lambda dice: dice.random() < 0.5,
    "DateTime": lambda dice: f"20{dice.randint(10, 40)}-01-01T00:00:00Z",
    "Date": lambda dice: f"20{dice.randint(10, 40)}-01-01",
    "Decimal": lambda dice: str(dice.randint(-10, 10_000)),
    "JSON": lambda dice: {"a": dice.randint(0, 9)},
}
MAX_STEPS = 7
"""How often a question is made twice as large."""


class Size(NamedTuple):
    """How large a question is."""

    depth: int
    breadth: int


def questions(schema: GraphQLSchema, dice: random.Random, allowed: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Random questions without end, each the largest of its kind that is `allowed`."""
    roots = [*_lists(schema)]
    while True:
        name, field = dice.choice(roots)
        seed, found = dice.random(), b""
        for step in range(MAX_STEPS):
            asked = _question(random.Random(seed), schema, name, field, Size(1 + step % 4, 2**step))
            if not allowed(asked):
                break
            found = asked
        if found:
            yield found


def read(body: bytes) -> tuple[str, dict[str, Any]]:
    """The document and the variables of a question."""
    asked = json.loads(body)
    return asked["query"], asked["variables"]


def _lists(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField]]:
    """The root fields that lead to many rows: by an argument that is a filter or a text."""
    query = schema.query_type
    assert query is not None
    for name, field in query.fields.items():
        if {"where", "text", "orderBy"} & field.args.keys():
            yield name, field


def _question(dice: random.Random, schema: GraphQLSchema, name: str, field: GraphQLField, size: Size) -> bytes:
    """One root field under a few names, each with arguments of its own."""
    variables: dict[str, Any] = {}
    declared, fields = list[str](), list[str]()
    for number in range(dice.choice((1, 1, 1, 2, 8))):
        given = []
        for argument, described in field.args.items():
            value = _argument(dice, argument, described, size)
            if value is not None:
                variable = f"{argument}{number}"
                variables[variable] = value
                declared.append(f"${variable}: {described.type}")
                given.append(f"{argument}: ${variable}")
        arguments = f"({', '.join(given)})" if given else ""
        fields.append(f"f{number}: {name}{arguments} {_selected(dice, schema, field)}")
    head = f"query ({', '.join(declared)})" if declared else "query"
    return json.dumps({"query": f"{head} {{ {' '.join(fields)} }}", "variables": variables}).encode()


def _argument(dice: random.Random, name: str, argument: GraphQLArgument, size: Size) -> Any:
    type_ = get_named_type(argument.type)
    if name == "first":
        return dice.choice((1, 20, 100))
    if name == "where":
        return _input(dice, type_, size)
    if name == "orderBy" and dice.random() < 0.5:
        return [_input(dice, type_, Size(size.depth, 1)) for _ in range(min(10, size.breadth))]
    if name == "text":
        return _searched(dice, size.breadth)
    required = isinstance(argument.type, GraphQLNonNull)
    return _value(dice, argument.type, size) if required else None


def _searched(dice: random.Random, words: int) -> str:
    kinds = ("{}", "{}", "-{}", "{}*", '"{} {}"', "{} or", '-"{} {}"')
    return " ".join(dice.choice(kinds).format(_text(dice), _text(dice)) for _ in range(words))


def _input(dice: random.Random, type_: Any, size: Size) -> Any:
    """A value of an input object: one field of it, or as many as the size has where it is a filter."""
    if not isinstance(type_, GraphQLInputObjectType):
        return _leaf(dice, type_, size)
    usable = [name for name, field in type_.fields.items() if get_named_type(field.type).name != "ID"]  # ids are opaque
    deep = [name for name in usable if _is_object(type_.fields[name].type)]
    plain = [name for name in usable if name not in deep]
    lists = [name for name in ("and", "or") if name in type_.fields]
    if lists and size.breadth > 1:
        parts = max(1, size.breadth // 2) if dice.random() < 0.5 else size.breadth
        return {dice.choice(lists): [_input(dice, type_, Size(size.depth, 1)) for _ in range(parts)]}
    goes_on = deep and (size.depth > 0 or not plain)
    name = dice.choice(deep if goes_on else plain or deep)
    below = Size(size.depth - 1, 1 if type_.is_one_of else max(1, size.breadth // 2))
    found = {name: _value(dice, type_.fields[name].type, below)}
    required = (name for name, field in type_.fields.items() if isinstance(field.type, GraphQLNonNull))
    return found | {name: _value(dice, type_.fields[name].type, below) for name in required if name not in found}


def _value(dice: random.Random, type_: GraphQLInputType, size: Size) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return _value(dice, type_.of_type, size)
    if isinstance(type_, GraphQLList):
        return [_value(dice, type_.of_type, size) for _ in range(dice.choice((1, 2, 2 * size.breadth)))]
    return _input(dice, type_, size)


def _leaf(dice: random.Random, type_: Any, size: Size) -> Any:
    if isinstance(type_, GraphQLEnumType):
        return dice.choice(list(type_.values))
    make = LEAVES.get(type_.name)
    return _text(dice, size.breadth) if make is None else make(dice)


def _text(dice: random.Random, length: int = 1) -> str:
    if dice.random() < 0.5:
        return dice.choice(COMMON)
    return "".join(dice.choices(string.ascii_lowercase, k=dice.choice((1, 2, 5, 5, min(9_000, 5 * length)))))


def _is_object(type_: Any) -> bool:
    return isinstance(get_named_type(type_), GraphQLInputObjectType)


def _selected(dice: random.Random, schema: GraphQLSchema, field: GraphQLField) -> str:
    """What is asked of a list: rows, their number, aggregates, groups."""
    type_ = get_named_type(field.type)
    assert isinstance(type_, GraphQLObjectType)
    chosen = [f"nodes {{ {_key(type_.fields['nodes'])} }}"] if "nodes" in type_.fields else []
    if "totalCount" in type_.fields and dice.random() < 0.5:
        chosen.append("totalCount")
    return "{ " + " ".join(chosen or _measured(dice, type_)) + " }"


def _key(field: GraphQLField) -> str:
    type_ = get_named_type(field.type)
    names: Sequence[str] = [*type_.fields] if isinstance(type_, GraphQLObjectType) else []
    return "id" if "id" in names else "__typename"


def _measured(dice: random.Random, type_: GraphQLObjectType) -> list[str]:
    """Aggregates of some columns, and groups by some."""
    chosen = []
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if "fields" in field.args:
            columns = get_named_type(field.args["fields"].type)
            assert isinstance(columns, GraphQLEnumType)
            by = ", ".join(dice.sample(list(columns.values), min(len(columns.values), dice.randint(1, 3))))
            chosen.append(f"{name}(fields: [{by}]) {{ count }}")
        elif isinstance(inner, GraphQLObjectType):
            leaves = [
                key
                for key, leaf in inner.fields.items()
                if not isinstance(get_named_type(leaf.type), GraphQLObjectType)
            ]
            if leaves:
                chosen.append(f"{name} {{ {' '.join(dice.sample(leaves, min(len(leaves), 3)))} }}")
        else:
            chosen.append(name)
    return dice.sample(chosen, dice.randint(1, len(chosen)))
