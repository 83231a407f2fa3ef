"""Schemas made up: interfaces, unions, inputs in inputs, enumerations, directives, and deprecations here and there."""

from collections.abc import Sequence
from functools import cache
from random import Random

from graphql import GraphQLSchema, build_schema
from hypothesis import strategies as st

KINDS = 12
"""How many schemas there are: to make one takes longer than to walk through ten operations."""

OUTPUTS = ("Node", "Either", "One", "Two", "Three", "Mood", "Int", "String")
INPUTS = ("Mood", "Shade", "Small", "Large", "Choice", "Int", "String", "Boolean")
WRAPPED = ("{}", "{}", "{}!", "[{}]", "[[{}!]]")

HEAD = """
directive @note(mood: Mood, small: Small) on FIELD | QUERY | FRAGMENT_SPREAD | INLINE_FRAGMENT
enum Mood { GLAD SAD @deprecated(reason: "Cheer up.") }
enum Shade { GLAD DIM }
union Either = One | Two
"""


def schemas() -> st.SearchStrategy[GraphQLSchema]:
    """Valid schemas."""
    return st.integers(0, KINDS - 1).map(_schema)


@cache
def _schema(seed: int) -> GraphQLSchema:
    chance = Random(seed)
    shared = _fields(chance, "shared")
    parts = [
        HEAD,
        f"interface Node {{ {shared} }}",
        *(f"type {name} implements Node {{ {shared} {_fields(chance, 'own')} }}" for name in ("One", "Two", "Three")),
        f"type Query {{ {_fields(chance, 'root')} }}",
        f"input Small {{ {_inputs(chance)} }}",
        f"input Large {{ {_inputs(chance)} }}",
        "input Choice @oneOf { small: Small large: Large mood: Mood many: [Mood!] }",
    ]
    return build_schema("\n".join(parts))


def _fields(chance: Random, prefix: str) -> str:
    return " ".join(
        f"{prefix}{number}{_arguments(chance)}: {_wrapped(chance, kind)} {_deprecated(chance)}"
        for number, kind in enumerate(chance.choices(OUTPUTS, k=4))
    )


def _arguments(chance: Random) -> str:
    written = _members(chance, chance.choices(INPUTS, k=chance.randint(0, 2)))
    return f"({written})" if written else ""


def _inputs(chance: Random) -> str:
    return _members(chance, chance.choices(INPUTS, k=3)) + " leaf: Int"


def _members(chance: Random, kinds: Sequence[str]) -> str:
    """Members that may all be left out, so that inputs may lead back to themselves."""
    wrapped = (_wrapped(chance, kind).removesuffix("!") for kind in kinds)
    return " ".join(f"{'abc'[number]}: {type_} {_deprecated(chance)}" for number, type_ in enumerate(wrapped))


def _wrapped(chance: Random, kind: str) -> str:
    return chance.choice(WRAPPED).format(kind)


def _deprecated(chance: Random) -> str:
    return chance.choice(["", "", "", '@deprecated(reason: "Goes on 2027-06-01.")'])
