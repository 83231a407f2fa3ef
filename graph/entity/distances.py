"""Distances: what lists are ordered by, and filtered by, of values that are near to another or far from it.

The measures that a type has enter; the input of `orderBy`, an operator `near` and terms leave. No type is known here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from sqlalchemy import bindparam

from graph.entity.comparisons import Condition, Expression, Operand, Operator, input_type
from graph.entity.fields import described_enum
from graph.entity.registry import optional

Distance = Callable[[Expression, Operand], Expression]
"""From a column and a value to the distance of both."""

TO, BY, WITHIN, DIRECTION = "to", "by", "within", "direction"


@dataclass(frozen=True, eq=False)
class Measures:
    """How far two values of a type may be said to be from each other."""

    name: str
    """Of the type, for those that are made here."""
    taken: Any
    """What takes values of the type."""
    measures: Mapping[str, tuple[str, Distance]]
    """By name: the description, and the SQL. The first is the one that is meant where none is said."""
    near: Callable[[Expression, Operand, Operand], Condition] | None = None
    """Whether a value is as near as that, where an index serves that and no comparison of the distance; else None."""

    @cached_property
    def enum(self) -> Any:
        """The measures, as the schema has them; None where there is one."""
        if len(self.measures) == 1:
            return None
        make: Any = Enum  # called with names it makes a class, which has no type
        made = make(f"{self.name}Distance", {name: name for name in self.measures})
        described = {name: description for name, (description, _) in self.measures.items()}
        return described_enum(made, f"How far two values of type {self.name} are from each other.", described)

    def _fields(self) -> Mapping[str, tuple[Any, str, str]]:
        if self.enum is None:
            return {}
        first = next(iter(self.measures))
        return {"by_": (optional(self.enum), BY, f"What is meant by that; {first} if left out.")}

    def sort_type(self, direction: Any) -> type[Any]:
        """The input of one term of an order. `direction` is the enumeration of directions."""
        return input_type(
            f"{self.name}Sort",
            f"Ordering by the distance of values of type {self.name} to another.",
            {**self._fields(), "direction_": (optional(direction), DIRECTION, "Near ones first if left out.")},
            required={"to_": (self.taken, TO, "To what.")},
        )

    def operator(self) -> Operator:
        """`near: {to: …, within: 10}`."""
        given = input_type(
            f"{self.name}Near",
            f"What values of type {self.name} are near to.",
            self._fields(),
            required={
                "to_": (self.taken, TO, "To what."),
                "within_": (float, WITHIN, "The largest distance that counts as near."),
            },
        )
        return Operator("near", "As near to this as that.", self._is_near, given)

    def _is_near(self, column: Expression, asked: Operand) -> Condition:
        if self.near is not None:
            return self.near(column, _bound(column, asked[TO]), asked[WITHIN])
        found: Condition = self.distance(column, asked) <= asked[WITHIN]
        return found

    def distance(self, column: Expression, asked: Mapping[str, Any]) -> Expression:
        """The distance that was asked for."""
        _, measure = self.measures[self._measure(asked)]
        return measure(column, _bound(column, asked[TO]))

    def _measure(self, asked: Mapping[str, Any]) -> str:
        by = asked.get(BY)
        return next(iter(self.measures)) if by is None else str(by.value)

    def spelled(self, asked: Mapping[str, Any]) -> str:
        """What was asked for, in a text that is equal for equal orders."""
        return f"{self._measure(asked)} {asked[TO]!r}"


def _bound(column: Expression, value: Any) -> Expression:
    """A value of the column's own type: the driver would take it for a list or a text."""
    return bindparam(None, value, type_=column.type, unique=True)
