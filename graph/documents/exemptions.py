"""Whose documents, and which, a strict server answers though they are not registered.

A request, its sender and its text enter; yes or no leaves. Nothing is exempt unless `TRELLIS_DOCUMENTS_EXEMPT` says so.
"""

from collections.abc import Sequence

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, parse
from starlette.requests import HTTPConnection

from graph.loopback import is_on_this_machine
from graph.settings import ROLE, Exempt
from graph.viewer import Viewer

INTROSPECTION_FIELDS = {"__schema", "__type", "__typename"}
MAX_INTROSPECTION = 10_000
"""Characters of a question about the schema alone; those of GraphiQL and of generators have 2,000."""


class Exemptions:
    """The exemptions of one server."""

    def __init__(self, given: Sequence[str]) -> None:
        self._roles = [it.removeprefix(ROLE) for it in given if it.startswith(ROLE)]
        self._loopback = Exempt.LOOPBACK in given
        self._introspection = Exempt.INTROSPECTION in given

    def hold_for(self, request: HTTPConnection, viewer: Viewer) -> bool:
        """Whether the sender may send any document."""
        return viewer.has(*self._roles) or (self._loopback and is_on_this_machine(request))

    def hold_of(self, text: str) -> bool:
        """Whether anybody may send this document."""
        return self._introspection and _is_introspection(text)


def _is_introspection(text: str) -> bool:
    """Whether a text asks for nothing but the schema. It is parsed only if it looks so, and is short."""
    if len(text) > MAX_INTROSPECTION or ("__schema" not in text and "__type" not in text):
        return False
    try:
        document = parse(text, no_location=True, max_lexical_tokens=MAX_INTROSPECTION, max_comments=MAX_INTROSPECTION)
    except GraphQLError:
        return False
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return all(
        isinstance(field, FieldNode) and field.name.value in INTROSPECTION_FIELDS
        for operation in operations
        for field in operation.selection_set.selections
    )
