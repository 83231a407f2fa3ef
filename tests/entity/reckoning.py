"""What a `where` means, reckoned in Python: slow, short, and without a database.

A filter with Python values enters, a test of one row leaves. Every answer is true or false: a comparison with null
is false, and its opposite is true. Source of the semantics: docs/decisions/0006-filters.md.
"""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from tests.entity.serving import global_id
from tests.entity.things_types import Box, Label, Thing

Test = Callable[[Any], bool]

TYPES: dict[str, type[Any]] = {"Thing": Thing, "Box": Box, "Label": Label}

ATTRIBUTES: dict[str, dict[str, str]] = {
    "Thing": {
        "text": "text",
        "number": "number",
        "price": "price",
        "isNew": "is_new",
        "day": "day",
        "moment": "moment",
        "shape": "shape",
        "token": "token",
        "worth": "worth",
        "length": "length",
    },
    "Box": {"name": "name", "volume": "volume"},
    "Label": {"text": "text"},
}

TO_ONE = {"Thing": {"box": "Box", "whole": "Thing"}, "Box": {}, "Label": {}}
TO_MANY = {"Thing": {"labels": "Label", "parts": "Thing"}, "Box": {"things": "Thing"}, "Label": {"things": "Thing"}}


class Refused(Exception):
    """The filter asks nothing where that would widen the answer, or compares with null."""


def folded(text: str) -> str:
    """The text in lower case, letter by letter."""
    return "".join(letter.lower()[0] for letter in text)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, asked: value == asked,
    "ne": lambda value, asked: value != asked,
    "in": lambda value, asked: value in asked,
    "notIn": lambda value, asked: value not in asked,
    "lt": lambda value, asked: value < asked,
    "lte": lambda value, asked: value <= asked,
    "gt": lambda value, asked: value > asked,
    "gte": lambda value, asked: value >= asked,
    "contains": lambda value, asked: asked in value,
    "startsWith": lambda value, asked: value.startswith(asked),
    "endsWith": lambda value, asked: value.endswith(asked),
    "eqIgnoreCase": lambda value, asked: folded(value) == folded(asked),
    "containsIgnoreCase": lambda value, asked: folded(asked) in folded(value),
    "startsWithIgnoreCase": lambda value, asked: folded(value).startswith(folded(asked)),
    "endsWithIgnoreCase": lambda value, asked: folded(value).endswith(folded(asked)),
}

TRUE_OF_NULL = ("ne", "notIn")


def compared(value: Any, operator: str, asked: Any) -> bool:
    """Whether a comparison holds."""
    if operator == "isNull":
        return (value is None) is asked
    return operator in TRUE_OF_NULL if value is None else COMPARISONS[operator](value, asked)


def comparisons(asked: Mapping[str, Any], read: Callable[[Any], Any]) -> list[Test]:
    """The tests of one value."""
    if any(value is None or (isinstance(value, list) and None in value) for value in asked.values()):
        raise Refused
    return [lambda row, op=op, value=value: compared(read(row), op, value) for op, value in asked.items()]  # type: ignore[misc]  # defaults bind the loop's names


def meaning(kind: str, where: Mapping[str, Any]) -> Test | None:
    """What a filter on rows of this kind tests; None when it asks nothing. Raises `Refused`."""
    tests = [test for name, value in where.items() for test in member(kind, name, value)]
    return (lambda row: all(test(row) for test in tests)) if tests else None


def member(kind: str, name: str, asked: Any) -> list[Test]:
    if asked is None:
        raise Refused
    if name in ("and", "or", "not"):
        return boolean(kind, name, asked)
    if name == "id":
        return comparisons(asked, lambda row: global_id(TYPES[kind], row.id))
    if name in ATTRIBUTES[kind]:
        return comparisons(asked, lambda row: getattr(row, ATTRIBUTES[kind][name]))
    if name in TO_ONE[kind]:
        inner = meaning(TO_ONE[kind][name], asked)
        return [lambda row: getattr(row, name) is not None and (inner is None or inner(getattr(row, name)))]
    return [test for quantifier, value in asked.items() for test in quantified(kind, name, quantifier, value)]


def boolean(kind: str, name: str, asked: Any) -> list[Test]:
    found = [meaning(kind, one) for one in (asked if isinstance(asked, list) else [asked])]
    tests = [test for test in found if test is not None]
    if name == "and":
        return tests
    if not tests or len(tests) < len(found):
        raise Refused
    if name == "not":
        return [lambda row: not tests[0](row)]
    return [lambda row: any(test(row) for test in tests)]


def quantified(kind: str, name: str, quantifier: str, asked: Any) -> list[Test]:
    if asked is None:
        raise Refused
    if quantifier == "count":
        return comparisons(asked, lambda row: len(getattr(row, name)))
    inner = meaning(TO_MANY[kind][name], asked)
    if quantifier == "every":
        return [] if inner is None else [lambda row: all(map(inner, getattr(row, name)))]
    fits: Test = inner or (lambda _row: True)
    if quantifier == "some":
        return [lambda row: any(map(fits, getattr(row, name)))]
    return [lambda row: not any(map(fits, getattr(row, name)))]


def on_the_wire(asked: Any) -> Any:
    """The filter as JSON."""
    if isinstance(asked, dict):
        return {name: on_the_wire(value) for name, value in asked.items()}
    if isinstance(asked, list):
        return [on_the_wire(value) for value in asked]
    if isinstance(asked, Enum):
        return asked.name
    if isinstance(asked, date):
        return asked.isoformat()
    return str(asked) if isinstance(asked, Decimal | UUID) else asked
