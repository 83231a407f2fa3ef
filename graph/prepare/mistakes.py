"""A client's mistakes, found and told in bounded time.

Errors of graphql-core enter, few and short ones leave. Suggestions are made for the first few only: graphql-core
compares the unknown name with each name of the schema, which takes ten milliseconds. Errors of ours never come here.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from graphql import DocumentNode, GraphQLError, GraphQLSchema, TokenKind

MAX_ERRORS = 20
"""That are told of one request; where there were more, the last one says so."""

MAX_SUGGESTED = 3
"""Errors that say which names are meant."""

MAX_COMPARED = 1_500
"""Names of types that all suggestions of one document are looked for among; each takes 40 µs."""

MAX_QUOTED = 200
"""Characters of a client's value, or name, in a message."""

MAX_MESSAGE = 500
"""Characters of a message whose quotes are not marked."""

MAX_LOCATIONS = 20
"""Of one error: of 3,000 equal names, each would be one."""

MAX_PRINTED_TOKENS = 30_000
"""graphql-core writes out the object around a wrong value for each error, 100,000 to 300,000 tokens in a second."""

_BEFORE_VALUES = (" found: ", " Found: ", " value: ")
_LONG_QUOTES = re.compile(r"('[^']{200})[^']+(')|(\"[^\"]{200})[^\"]+(\")")

Check = Callable[[int, bool], Sequence[GraphQLError]]
"""From the most errors, and whether to hide suggestions, to the errors. A last one more says that it was too many."""


def found_by(
    check: Check, *, hide_suggestions: bool, most: int = MAX_ERRORS - 1, suggested: int = MAX_SUGGESTED
) -> list[GraphQLError]:
    """What is wrong. A second check, without suggestions, finds those that come after the first few."""
    few = min(suggested, most)
    first = list(check(few, hide_suggestions))
    if len(first) <= few or few == most:
        return first
    return [*first[:few], *check(most, True)[few:]]


def most_suggested(schema: GraphQLSchema) -> int:
    """How many errors of a document say which names are meant: the fewer, the more types a schema has."""
    return max(1, min(MAX_SUGGESTED, MAX_COMPARED // len(schema.type_map)))


def most_errors(document: DocumentNode) -> int:
    """How many errors may be looked for, so that the values around them are not written out too often."""
    return max(1, min(MAX_ERRORS - 1, MAX_PRINTED_TOKENS // max(1, _longest_value(document))))


def _longest_value(document: DocumentNode) -> int:
    """No value in the document has more tokens: the longest run inside of parentheses without one of them."""
    longest = run = depth = 0
    token = document.loc.start_token if document.loc else None
    while token is not None:
        if token.kind in (TokenKind.PAREN_L, TokenKind.PAREN_R):
            depth += 1 if token.kind is TokenKind.PAREN_L else -1
            run = 0
        elif depth:
            run += 1
            longest = max(longest, run)
        token = token.next
    return longest


def told(error: GraphQLError, message: str, code: str) -> GraphQLError:
    """The error for the client. It holds no node and no exception, so that it can be kept."""
    positions = list(error.positions)[:MAX_LOCATIONS] if error.positions else None
    return GraphQLError(shortened(message), source=error.source, positions=positions, extensions={"code": code})


def shortened(message: str) -> str:
    """A message that quotes no more than the beginning of a long value."""
    if len(message) <= MAX_QUOTED:
        return message
    for mark in _BEFORE_VALUES:
        words, found, value = message.partition(mark)
        if len(value) > MAX_QUOTED:
            message = f"{words}{found}{value[:MAX_QUOTED]}…"
    message = _LONG_QUOTES.sub(_cut, message)
    half = MAX_QUOTED // 2
    return message if len(message) <= MAX_MESSAGE else f"{message[:half]}…{message[-half:]}"


def _cut(quote: re.Match[str]) -> str:
    single, end, double, double_end = quote.groups()
    return f"{single or double}…{end or double_end}"


def bytes_of(errors: Iterable[GraphQLError]) -> int:
    """About how many bytes errors take."""
    return sum(1_000 + 4 * len(error.message) + 100 * len(error.locations or ()) for error in errors)
