"""Variables, checked and coerced.

graphql-core coerces any variable; most are a number, a text or a plain object of such, which need no more than a look
at their types.
Source: https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    get_variable_values,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

from graph.prepare.mistakes import found_by

Take = Callable[[Any], Any]
"""From a JSON value to the coerced one. Raises anything for a value that graphql-core should look at."""


class _Unusual(Exception):
    """A value that is wrong, or that needs more than a look."""


def _exactly(kind: type[Any]) -> Take:
    def take(value: Any) -> Any:
        if type(value) is not kind:
            raise _Unusual
        return value

    return take


def _refuse(_value: Any) -> Any:
    raise _Unusual


def _small_number(value: Any) -> int:
    if type(value) is not int or not -(2**31) <= value < 2**31:
        raise _Unusual
    return value


_TAKES: Mapping[Any, Take] = {
    GraphQLInt: _small_number,
    GraphQLString: _exactly(str),
    GraphQLID: _exactly(str),
    GraphQLBoolean: _exactly(bool),
}

MAX_NESTED = 3
"""How deep objects may be inside one another here."""


def _take(type_: Any, depth: int = 0) -> Take | None:
    """How values of a type are taken; None for types that graphql-core looks after."""
    if isinstance(type_, GraphQLNonNull):
        return _take(type_.of_type, depth)
    if isinstance(type_, GraphQLInputObjectType):
        return _take_object(type_, depth) if depth < MAX_NESTED else None
    if type_ in _TAKES:
        return _TAKES[type_]
    return type_.coerce_input_value if isinstance(type_, GraphQLScalarType) else None


def _take_object(type_: GraphQLInputObjectType, depth: int) -> Take | None:
    """How objects without defaults are taken, their fields in the order of the schema."""
    takes: dict[str, tuple[Take, bool]] = {}
    for name, field in type_.fields.items():
        if field.default_value is not Undefined or field.out_name not in (None, name):
            return None
        takes[name] = _take(field.type, depth + 1) or _refuse, isinstance(field.type, GraphQLNonNull)
    if type_.is_one_of or type_.out_type is not GraphQLInputObjectType.out_type:
        return None

    def take_object(value: Any) -> dict[str, Any]:
        if type(value) is not dict or not value.keys() <= takes.keys():
            raise _Unusual
        taken: dict[str, Any] = {}
        for name, (take, required) in takes.items():
            inner = value.get(name)
            if inner is not None:
                taken[name] = take(inner)
            elif required:
                raise _Unusual
            elif name in value:
                taken[name] = None
        return taken

    return take_object


class _Simple(NamedTuple):
    """A variable without a default, of a type whose values need no more than a look."""

    name: str
    signature: Any
    required: bool
    take: Take


class Variables:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, *, hide_suggestions: bool) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._hide_suggestions = hide_suggestions
        self._simple = self._all_simple()

    def values(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values to run with, or what is wrong with those that were given."""
        return self._at_once(given) or self._one_by_one(dict(given))

    def _one_by_one(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The same by graphql-core, for values that need more than a look."""
        values: list[VariableValues] = []

        def check(most: int, hide_suggestions: bool) -> list[GraphQLError]:
            found = get_variable_values(self._schema, self._definitions, given, most, hide_suggestions)
            if isinstance(found, list):
                return found
            values.append(found)
            return []

        errors = found_by(check, hide_suggestions=self._hide_suggestions)
        return errors or values[0]

    def _all_simple(self) -> list[_Simple] | None:
        found: list[_Simple] = []
        for definition in self._definitions:
            signature = get_variable_signature(self._schema, definition)
            if isinstance(signature, GraphQLError) or definition.default_value is not None:
                return None
            required = isinstance(signature.type, GraphQLNonNull)
            take = _take(signature.type)
            if take is None:
                return None
            found.append(_Simple(signature.name, signature, required, take))
        return found

    def _at_once(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The values, when none of them needs more than a look."""
        if self._simple is None:
            return None
        values = VariableValues({}, {})
        try:
            for name, signature, required, take in self._simple:
                value = given.get(name, Undefined)
                values.sources[name] = VariableValueSource(signature, value)
                if value is Undefined or value is None:
                    if required:
                        return None
                    if value is None:
                        values.coerced[name] = None
                else:
                    values.coerced[name] = take(value)
        except Exception:  # whatever it is, graphql-core finds it again, and the words for it
            return None
        return values
