"""Values that a client leaves to the run, such as the moment at which an operation begins.

Coerced arguments enter; they leave with values in the places of what was left open. Documents and variables keep what
was written, so that nothing that is kept between runs holds the moment of another. Nothing is known here of what it is
that is left open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.context import RequestContext


class Late(str):
    """What was written for a value that is known when the operation runs. To all who do not ask it is that text."""

    __slots__ = ()

    def value(self, context: RequestContext) -> Any:
        """The value in this operation. Raises `ClientError` for one that cannot be."""
        raise NotImplementedError


def holds_late(value: Any) -> bool:
    """Whether anything in a value is known at the run alone."""
    left = [value]
    while left:
        one = left.pop()
        kind = type(one)
        if kind is dict:  # as graphql-core coerces objects; to ask whether it is a mapping takes three times as long
            left += one.values()
        elif kind is list:
            left += one
        elif kind is not str and isinstance(one, Late):
            return True
    return False


def in_time(value: Any, context: RequestContext) -> Any:
    """A value of arguments as it is in this operation. Raises as `Late.value`."""
    if isinstance(value, Late):
        return value.value(context)
    if isinstance(value, Mapping):
        return {name: in_time(one, context) for name, one in value.items()}
    return [in_time(one, context) for one in value] if isinstance(value, list) else value
