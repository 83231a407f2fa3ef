"""Whether a document may be registered: it is parsed, validated, planned and priced, as any request's is.

A text enters; a `Prepared` leaves, or what is wrong with it, by line.
"""

from collections.abc import Iterator
from typing import NamedTuple

from graphql import GraphQLError, OperationDefinitionNode, parse

from graph.prepare.documents import InvalidDocument, Preparer

ANONYMOUS = "anonymous"


class Problem(NamedTuple):
    """Something that is wrong with a document."""

    line: int
    """In the document's text."""
    message: str


def problems_in(preparer: Preparer, text: str) -> list[Problem]:
    """What is wrong with a document; nothing for one that may be registered."""
    try:
        preparer.prepare_for_good(text)
    except InvalidDocument as invalid:
        return [Problem(_line(error), error.message) for error in invalid.errors]
    return []


def operation_names(text: str) -> str:
    """The names of a document's operations, for people; empty for a text that is no document."""
    try:
        return ", ".join(_names(text))
    except GraphQLError:
        return ""


def _names(text: str) -> Iterator[str]:
    for node in parse(text, no_location=True).definitions:
        if isinstance(node, OperationDefinitionNode):
            yield node.name.value if node.name else ANONYMOUS


def _line(error: GraphQLError) -> int:
    return error.locations[0].line if error.locations else 1
