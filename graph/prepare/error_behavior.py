"""What an error in a field does to the rest of the response: `onError` of a request.

Text of a client enters, an `ErrorBehavior` leaves. Nothing is executed here.
Source: https://github.com/graphql/graphql-spec/pull/1163; docs/decisions/0028-error-behaviors.md.
"""

from enum import Enum

from graph.errors import IllFormed


class ErrorBehavior(Enum):
    """How an error in a field is handled; without a word of the client, as `PROPAGATE`."""

    PROPAGATE = "PROPAGATE"
    """Its null rises to the nearest position that may be null."""
    NULL = "NULL"
    """Its null stays where the error was, whatever the schema says of the position."""
    HALT = "HALT"
    """The operation ends with this one error, and without data."""


def error_behavior(given: object) -> ErrorBehavior | None:
    """The behavior that a client has asked for, None for none. Raises `IllFormed` for another word."""
    if given is None:
        return None
    try:
        return ErrorBehavior(given)
    except ValueError:
        known = ", ".join(f'"{behavior.value}"' for behavior in ErrorBehavior)
        raise IllFormed(f"`onError` must be one of {known}; leave it out for the first.") from None
