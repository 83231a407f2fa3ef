"""Arguments of made-up operations: mostly such as find something, seldom such as are refused.

A field of the schema and what is known of the database enter; values leave as JSON would carry them. How they are
written into a document is the affair of `writing`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from math import inf
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st

from tests.execute.agreement.known import ORDERS, Known

Given = dict[str, Any]
"""Arguments by name."""

USUAL: Mapping[str, Sequence[Any]] = {
    "Int": [1, 0, 2, 3, 5],
    "Float": [1.0, 0.5, 3],
    "BigInt": ["1", "3", "100"],
    "Decimal": ["1", "0.50", "100"],
    "Boolean": [True, False],
    "String": ["a", "compost", "", "ö%"],
    "DateTime": ["2025-06-01T00:00:00Z", "2024-01-01T12:00:00+02:00"],
    "JSON": ["a", 1, {"year": 2026}, [1, None], None],
}
"""Values by scalar, where nothing better is known."""

SIZES = (3, 2, 5, 3, 2, 1, 0)
"""How large pages are, the usual ones twice."""

WRONG_IDS = ["nonsense", "", "VXNlcjp4"]
WRONG_CURSORS = ["nonsense", "", "W10"]
WRONG_SIZES = [-1, 101, 2**31 - 1]

SUFFIX = re.compile(r"(ListFilter|Filter|ListSort|Having(Sum|Avg))$")
"""What the name of an input type has behind the name of the type whose rows it speaks of."""


BESIDE: Mapping[str, str | None] = {"where": None, "of": "countDistinct", "orderBy": "first", "key": ""}
"""What stands beside the things that a list is asked of, and beside which; None: any. A key belongs to groups."""


def rarely(draw: st.DrawFn, times: int = 20) -> bool:
    """Once in so many times."""
    return draw(st.integers(1, times)) == times


def _sorts_by_id(field: GraphQLField) -> bool:
    """Whether the rows of a list may be put in the order of their ids: groups have none."""
    order = field.args.get("orderBy")
    type_ = None if order is None else get_named_type(order.type)
    return isinstance(type_, GraphQLInputObjectType) and "id" in type_.fields


PLACES = ("after", "before", "around", "offset")
"""The arguments that say where a page stands."""


class Arguments:
    """Makes arguments up, one field at a time."""

    def __init__(self, draw: st.DrawFn, known: Known) -> None:
        self._draw = draw
        self._known = known
        self._heights = _heights(known.schema)

    def of(self, field: GraphQLField, most: int) -> Given:
        """Arguments of a field; a page has about `most` rows at most."""
        row = _row_type(field)
        if "before" in field.args:
            return self._page(field, row, most)
        if "id" in field.args and not is_required_argument(field.args["id"]):
            return self._look_up(field, row)
        given: Given = {}
        for name, argument in field.args.items():
            if name == "ids":
                given[name] = [self._id(row) for _ in range(self._draw(st.integers(1, 4)))]
            elif name == "id":
                given[name] = self._id(row)
            elif is_required_argument(argument) or self._draw(st.integers(1, 3)) == 3:
                given[name] = self._argument(argument, row)
        return given

    def _page(self, field: GraphQLField, row: str, most: int) -> Given:
        size = self._draw(st.sampled_from([size for size in SIZES if size <= most]))
        backward = self._draw(st.booleans())
        given: Given = {"last" if backward else "first": size}
        if most >= 20 and self._draw(st.integers(1, 4)) == 4:
            given = {}
        for name in field.args:
            if name not in (*PLACES, "first", "last", "distinctBy", "orderBy", "where") or (
                name in ("distinctBy", "where") and self._draw(st.integers(1, 4)) == 4
            ):
                given[name] = self._argument(field.args[name], row)
        order = self._draw(st.sampled_from([*ORDERS, "other"])) if _sorts_by_id(field) else "other"
        if order == "other" and "orderBy" in field.args:
            given["orderBy"] = self._argument(field.args["orderBy"], row)
        elif ORDERS.get(order):
            given["orderBy"] = ORDERS[order]
        cursors = self._known.cursors.get((row, order))
        if cursors and self._draw(st.integers(1, 3)) == 3:
            place = "before" if backward else self._draw(st.sampled_from(["after", "after", "around"]))
            given[place] = self._draw(st.sampled_from(cursors))
        elif "offset" in field.args and not backward and rarely(self._draw, 4):
            given["offset"] = self._draw(st.integers(0, 3))
        return self._spoilt(given) if rarely(self._draw) else given

    def _spoilt(self, given: Given) -> Given:
        """A page that is refused, or a strange one."""
        spoils: list[Given] = [
            {"first": self._draw(st.sampled_from(WRONG_SIZES))},
            {"first": 1, "last": 1},
            {"after": self._draw(st.sampled_from(WRONG_CURSORS))},
            {"first": None, "last": None, "after": None},
        ]
        return given | self._draw(st.sampled_from(spoils))

    def _look_up(self, field: GraphQLField, row: str) -> Given:
        name = self._draw(st.sampled_from(list(field.args)))
        given = {name: self._key(row, name)}
        if rarely(self._draw):
            other = self._draw(st.sampled_from(list(field.args)))
            return self._draw(st.sampled_from([{}, {name: None}, given | {other: self._key(row, other)}]))
        return given

    def _key(self, row: str, name: str) -> Any:
        if name == "id":
            return self._id(row)
        known = self._known.values.get((row, name), ())
        return self._draw(st.sampled_from([*known, "nothing"]))

    def _id(self, row: str) -> str:
        ids = self._known.ids
        if rarely(self._draw):
            return self._draw(st.sampled_from([*WRONG_IDS, *(some[0] for some in ids.values() if some)]))
        fitting = ids.get(row) or [id_ for some in ids.values() for id_ in some[:2]]
        return self._draw(st.sampled_from(fitting))

    def _argument(self, argument: GraphQLArgument, row: str) -> Any:
        return self._value(argument.type, [], row, depth=2)

    def _value(self, type_: GraphQLInputType, known: Sequence[Any], row: str, depth: int) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._value(type_.of_type, known, row, depth)
        if isinstance(type_, GraphQLList):
            least = 0 if rarely(self._draw) else 1
            size = self._draw(st.integers(least, 2))
            return [self._value(type_.of_type, known, row, depth) for _ in range(size)]
        if isinstance(type_, GraphQLInputObjectType):
            return self._object(type_, known, row, depth)
        return self._leaf(type_, known, row)

    def _object(self, type_: GraphQLInputObjectType, known: Sequence[Any], row: str, depth: int) -> Given:
        about = SUFFIX.sub("", type_.name)
        row = about if about in self._known.ids else row
        heights = {name: self._heights.get(get_named_type(of.type).name, 0) for name, of in type_.fields.items()}
        lowest = min(heights.values())
        fits = [name for name, height in heights.items() if depth > 0 or height == lowest]
        if type_.name.endswith(("ListSort", "ListFilter")) and "count" in type_.fields and not rarely(self._draw, 40):
            return self._of_list(type_, row, depth)
        most = 1 if type_.is_one_of else 2
        least = 0 if not type_.is_one_of and rarely(self._draw) else 1
        chosen = self._draw(st.lists(st.sampled_from(fits), min_size=least, max_size=most, unique=True))
        required = [name for name, field in type_.fields.items() if is_required_input_field(field)]
        return {
            name: self._value(type_.fields[name].type, self._known.values.get((row, name), known), row, depth - 1)
            for name in dict.fromkeys([*required, *chosen])
        }

    def _of_list(self, type_: GraphQLInputObjectType, row: str, depth: int) -> Given:
        """What is asked of a list: one thing, with what belongs beside it; of values, those that are computed."""
        own = [name for name in type_.fields if name not in BESIDE and (depth > 0 or name == "count")]
        name = self._draw(st.sampled_from(own))
        inner, computed = get_named_type(type_.fields[name].type), self._computed(row, name)
        if isinstance(inner, GraphQLInputObjectType) and computed:
            of = self._draw(st.sampled_from([each for each in computed if each in inner.fields]))
            known = self._known.values.get((row, of), ())
            value: Any = {of: self._value(inner.fields[of].type, known, row, depth - 2)}
        else:
            value = self._value(type_.fields[name].type, (), row, depth - 1)
        beside = [other for other, needs in BESIDE.items() if needs in (name, None) and other in type_.fields]
        given = {
            other: self._value(type_.fields[other].type, (), row, depth - 1)
            for other in beside
            if other == "of" or (depth > 0 and rarely(self._draw, 3))
        }
        return given | {name: value}

    def _computed(self, row: str, function: str) -> Sequence[str]:
        """The values that a function is computed over, of the rows of a type."""
        aggregate = self._known.schema.type_map.get(f"{row}Aggregate")
        if not isinstance(aggregate, GraphQLObjectType) or function not in aggregate.fields:
            return ()
        results = get_named_type(aggregate.fields[function].type)
        return list(results.fields) if isinstance(results, GraphQLObjectType) else ()

    def _leaf(self, type_: GraphQLNamedType, known: Sequence[Any], row: str) -> Any:
        if isinstance(type_, GraphQLEnumType):
            return self._draw(st.sampled_from(list(type_.values)))
        if type_.name == "ID":
            return self._id(row)
        usual = USUAL[type_.name]
        fits = [value for value in known if isinstance(value, type(usual[0])) and type_.name != "JSON"]
        value = self._draw(st.sampled_from([*fits, *usual]))
        if isinstance(value, str) and type_.name == "String" and rarely(self._draw, 3):
            return value[:4]
        return value


@cache
def _heights(schema: GraphQLSchema) -> Mapping[str, float]:
    """How many objects lie in one another in the smallest value of each input type; leaves have none."""
    inputs = [type_ for type_ in schema.type_map.values() if isinstance(type_, GraphQLInputObjectType)]
    heights = {type_.name: inf for type_ in inputs}
    while inf in heights.values():
        for type_ in inputs:
            members = (get_named_type(field.type).name for field in type_.fields.values())
            heights[type_.name] = 1 + min(heights.get(name, 0) for name in members)
    return heights


def _row_type(field: GraphQLField) -> str:
    """The type of the rows that a field leads to, also through a connection."""
    return get_named_type(field.type).name.removesuffix("Connection").removesuffix("Aggregate")
