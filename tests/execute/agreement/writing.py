"""Values into a document: as literals, and as variables in every way that variables can be given."""

import json
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
)
from hypothesis import strategies as st

from tests.execute.agreement.arguments import Given, rarely


class Writing:
    """Writes values of one document and remembers its variables."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.variables: Given = {}
        self._draw = draw
        self._declared: dict[str, str] = {}
        self._written: dict[tuple[str, str], str] = {}

    def declarations(self) -> str:
        """What stands in front of the operation's selection."""
        return f"({', '.join(self._declared.values())})" if self._declared else ""

    def value(self, type_: GraphQLInputType, value: Any, *, one_of: bool = False) -> str:
        """A value where a value of this type is asked for; in an object `one_of`, a variable is never null."""
        if self._draw(st.integers(1, 5)) == 5:
            return self._variable(type_, value, one_of=one_of)
        return self._around(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, value)

    def flag(self, value: bool) -> str:
        """What a directive asks."""
        if self._draw(st.booleans()):
            return self._given("Boolean!", "true" if value else "false", value, default=rarely(self._draw, 3))
        return "true" if value else "false"

    def _around(self, type_: GraphQLInputType, value: Any) -> str:
        """A literal, which may have variables inside."""
        if value is None:
            return "null"
        if isinstance(type_, GraphQLList):
            if len(value) == 1 and isinstance(value[0], dict | str) and rarely(self._draw, 5):
                inner = type_.of_type  # a value is as good as a list of one
                return self._around(inner.of_type if isinstance(inner, GraphQLNonNull) else inner, value[0])
            return f"[{', '.join(self.value(type_.of_type, item) for item in value)}]"
        if isinstance(type_, GraphQLInputObjectType):
            members = (
                f"{name}: {self.value(type_.fields[name].type, member, one_of=type_.is_one_of)}"
                for name, member in value.items()
            )
            return f"{{{', '.join(members)}}}"
        return literal(type_, value)

    def _variable(self, type_: GraphQLInputType, value: Any, *, one_of: bool) -> str:
        plain = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        required = isinstance(type_, GraphQLNonNull) or one_of
        way = self._draw(st.sampled_from(["given", "default", "both", "null", "absent"]))
        if value is None and required:
            way = "null"
        if value is None or way in ("given", "absent", "null"):
            return self._without_default(str(plain), value, way, required=required)
        if one_of or rarely(self._draw, 3):
            return self._given(f"{plain}!", literal(plain, value), value, default=way == "default")
        # With a default, a variable that may be null fits where null does not; given as null, it fails there.
        if way == "both" and rarely(self._draw, 4):
            return self._new(f"{plain} = {literal(plain, value)}", None, given=True)
        return self._new(f"{plain} = {literal(plain, value)}", value, given=way == "both")

    def _without_default(self, plain: str, value: Any, way: str, *, required: bool) -> str:
        if required or way == "given":
            return self._given(f"{plain}!" if required else plain, json.dumps(value), value)
        return self._new(plain, None, given=way == "null")

    def _given(self, type_: str, written: str, value: Any, *, default: bool = False) -> str:
        """A variable with this value; the same for the same value, if it is there."""
        if (type_, written) not in self._written:
            made = self._new(f"{type_} = {written}", None, given=False) if default else self._new(type_, value)
            self._written[type_, written] = made
        return self._written[type_, written]

    def _new(self, declared: str, value: Any, *, given: bool = True) -> str:
        name = f"v{len(self._declared) + 1}"
        self._declared[name] = f"${name}: {declared}"
        if given:
            self.variables[name] = value
        return f"${name}"


def literal(type_: GraphQLInputType, value: Any) -> str:
    """A value without variables."""
    if value is None:
        return "null"
    if isinstance(type_, GraphQLNonNull):
        return literal(type_.of_type, value)
    if isinstance(type_, GraphQLList):
        return f"[{', '.join(literal(type_.of_type, item) for item in value)}]"
    if isinstance(type_, GraphQLInputObjectType):
        return f"{{{', '.join(f'{name}: {literal(type_.fields[name].type, part)}' for name, part in value.items())}}}"
    return str(value) if isinstance(type_, GraphQLEnumType) else _free(value)


def _free(value: Any) -> str:
    """A value of a scalar, which may be of any shape."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_free(part)}' for name, part in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_free, value))}]"
    return json.dumps(value)
