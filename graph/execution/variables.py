"""Variables, checked and coerced.

graphql-core coerces any variable; most are a number or a text, which need no more than a look at their type.
Source: https://spec.graphql.org/September2025/#sec-Coercing-Variable-Values
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    get_nullable_type,
    get_variable_values,
)
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

MAX_ERRORS = 50

_PASSES: Mapping[Any, Callable[[Any], bool]] = {
    GraphQLInt: lambda value: type(value) is int and -(2**31) <= value < 2**31,
    GraphQLString: lambda value: type(value) is str,
    GraphQLID: lambda value: type(value) is str,
    GraphQLBoolean: lambda value: type(value) is bool,
}
"""Whether a JSON value is what the type makes of it."""


class _Simple(NamedTuple):
    """A variable without a default, of a type whose values pass as they are."""

    name: str
    signature: Any
    required: bool
    passes: Callable[[Any], bool]


class Variables:
    """The variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode, *, hide_suggestions: bool) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._hide_suggestions = hide_suggestions
        self._simple = self._all_simple()

    def values(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values to run with, or what is wrong with those that were given."""
        return self._at_once(given) or get_variable_values(
            self._schema, self._definitions, dict(given), MAX_ERRORS, hide_suggestions=self._hide_suggestions
        )

    def _all_simple(self) -> list[_Simple] | None:
        found: list[_Simple] = []
        for definition in self._definitions:
            signature = get_variable_signature(self._schema, definition)
            if isinstance(signature, GraphQLError) or definition.default_value is not None:
                return None
            required = isinstance(signature.type, GraphQLNonNull)
            passes = _PASSES.get(get_nullable_type(signature.type))
            if passes is None:
                return None
            found.append(_Simple(signature.name, signature, required, passes))
        return found

    def _at_once(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The values, when all of them pass as they are."""
        if self._simple is None:
            return None
        values = VariableValues({}, {})
        for name, signature, required, passes in self._simple:
            value = given.get(name, Undefined)
            empty = value is Undefined or value is None
            if required if empty else not passes(value):
                return None
            values.sources[name] = VariableValueSource(signature, value)
            if value is not Undefined:
                values.coerced[name] = value
        return values
