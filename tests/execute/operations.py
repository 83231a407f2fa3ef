"""Operations made up over a schema: valid, of every shape, and the same for the same seed."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_required_argument,
)

FIELDS = 35
"""How many fields an operation has, or a few more."""

Ids = Mapping[str, Sequence[str]]
"""Ids of rows that there are, by type."""


class Operation(NamedTuple):
    """A document and its variables."""

    text: str
    variables: dict[str, Any]


def made_up(schema: GraphQLSchema, ids: Ids, random: Random, depth: int = 6) -> Operation:
    """An operation of at most `depth` levels."""
    return _Maker(schema, ids, random).operation(depth)


class _Maker:
    def __init__(self, schema: GraphQLSchema, ids: Ids, random: Random) -> None:
        self._schema = schema
        self._ids = ids
        self._random = random
        self._variables: dict[str, tuple[str, Any]] = {}
        self._fragments: list[str] = []
        self._names = 0

    def operation(self, depth: int) -> Operation:
        assert self._schema.query_type is not None
        selection = self._selection(self._schema.query_type, depth)
        declared = " ".join(f"${name}: {type_}" for name, (type_, _) in self._variables.items())
        head = f"query ({declared})" if declared else "query"
        text = " ".join([f"{head} {selection}", *self._fragments])
        return Operation(text, {name: value for name, (_, value) in self._variables.items()})

    def _selection(self, type_: GraphQLNamedType, depth: int) -> str:
        parts = [self._part(type_, depth) for _ in range(self._random.randint(1, 4))]
        return "{ " + " ".join(["__typename", *filter(None, parts)]) + " }"

    def _part(self, type_: GraphQLNamedType, depth: int) -> str:
        if is_abstract_type(type_):
            type_ = self._random.choice(list(self._schema.get_possible_types(type_)))
            return f"... on {type_.name} {self._selection(type_, depth)}"
        assert isinstance(type_, GraphQLObjectType)
        shape = self._random.random()
        if shape < 0.08:
            return f"... {self._condition()} {self._selection(type_, depth)}"
        if shape < 0.16 and self._names < FIELDS:
            name = self._name("F")
            self._fragments.append(f"fragment {name} on {type_.name} {self._selection(type_, depth)}")
            return f"...{name} " * self._random.randint(1, 2)
        return self._field(type_, depth)

    def _field(self, parent: GraphQLObjectType, depth: int) -> str:
        fits = [
            (name, field)
            for name, field in parent.fields.items()
            if depth > 1 or is_leaf_type(get_named_type(field.type))
        ]
        if not fits:
            return ""
        name, field = self._random.choice(fits)
        inner = get_named_type(field.type)
        selection = "" if is_leaf_type(inner) else self._selection(inner, depth - 1)
        # Every field has a name of its own: two of one name could ask for different things.
        return f"{self._name('a')}: {name}{self._arguments(inner, field)} {self._condition()} {selection}"

    def _arguments(self, inner: GraphQLNamedType, field: GraphQLField) -> str:
        given: dict[str, str] = {}
        if "first" in field.args:
            size = self._random.choice(["first", "last"] if "last" in field.args else ["first"])
            given |= {size: self._sometimes_a_variable("Int", self._random.randint(0, 7))}
            if size == "last" and self._random.random() < 0.5:
                given["first"] = "null"
        look_up = "id" in field.args
        for name, argument in field.args.items():
            if is_required_argument(argument) or (look_up and name == "id"):
                given[name] = self._required(inner, name, argument)
        if "offset" in field.args and "last" not in given and self._random.random() < 0.2:
            given["offset"] = self._sometimes_a_variable("Int", self._random.randint(0, 4))
        if "distinctBy" in field.args and self._random.random() < 0.1:
            given["distinctBy"] = self._required(inner, "distinctBy", field.args["distinctBy"])
        order = field.args.get("orderBy")
        if order is not None and self._random.random() < 0.4:
            given["orderBy"] = f"[{self._term(order)}]"
        return f"({', '.join(f'{name}: {value}' for name, value in given.items())})" if given else ""

    def _required(self, inner: GraphQLNamedType, name: str, argument: GraphQLArgument) -> str:
        type_ = get_named_type(argument.type)
        if type_.name == "ID":
            known = [id_ for of, many in self._ids.items() for id_ in many if inner.name in ("Node", of)]
            if name == "ids":
                chosen = self._random.choices(known, k=self._random.randint(0, 6))
                return self._sometimes_a_variable("[ID!]!", chosen)
            return self._sometimes_a_variable("ID!", self._random.choice(known))
        if isinstance(type_, GraphQLEnumType):
            chosen = self._random.choice(list(type_.values))
            return f"[{chosen}]" if is_list_type(get_nullable_type(argument.type)) else str(chosen)
        if isinstance(type_, GraphQLInputObjectType) and name == "orderBy":
            terms = [of for of, field in type_.fields.items() if get_named_type(field.type).name == "SortDirection"]
            return f"[{{{self._random.choice(terms)}: DESC}}]"
        if isinstance(type_, GraphQLInputObjectType):  # what rows are grouped by
            values = get_named_type(type_.fields["value"].type)
            assert isinstance(values, GraphQLEnumType)
            return f"[{{value: {self._random.choice(list(values.values))}}}]"
        return '"garden"'

    def _term(self, argument: GraphQLArgument) -> str:
        order = get_named_type(argument.type)
        assert isinstance(order, GraphQLInputObjectType)
        terms = [
            name
            for name, field in order.fields.items()
            if get_named_type(field.type).name == "SortDirection" and name != "countDistinct"
        ]
        return f"{{{self._random.choice(terms)}: {self._random.choice(['ASC', 'DESC'])}}}"

    def _condition(self) -> str:
        if self._random.random() < 0.85:
            return ""
        wanted = self._random.random() < 0.8
        word = "include" if wanted else "skip"
        return f"@{word}(if: {self._sometimes_a_variable('Boolean!', wanted)})"

    def _sometimes_a_variable(self, type_: str, value: Any) -> str:
        if self._random.random() < 0.4:
            name = self._name("v")
            self._variables[name] = (type_, value)
            return f"${name}"
        if isinstance(value, list):
            return "[" + ", ".join(f'"{item}"' for item in value) + "]"
        return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"
