"""The key of an answer: the document, the operation, its variables, and who may see the same.

What a request asks for enters, with its viewer; two keys leave, one that all share who may see the same, and one of the
viewer alone. A key tells nothing of what it was made of.
"""

import hashlib
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import orjson

from db import exact_json
from db.relations import Visibility
from graph.context import ContextFactory
from graph.prepare.cache_control import CachePolicy
from graph.prepare.documents import OperationRequest
from graph.prepare.operation import CheckedOperation
from graph.viewer import Viewer


class Keys(NamedTuple):
    """The keys of one query."""

    shared: str | None
    """Of all who may see the same; None where that has no name that others would know."""
    own: str
    """Of the viewer alone."""


class KeyMaker:
    """Makes the keys of one process, or of all that share answers."""

    def __init__(self, *, is_shared: bool) -> None:
        """`is_shared`: other processes find the answers, too."""
        self._is_shared = is_shared
        self._kinds: WeakKeyDictionary[Visibility, int] = WeakKeyDictionary()
        """Numbers of kinds of viewers that have no name of their own. None is given twice."""
        self._numbered = 0

    def keys(
        self, asked: OperationRequest, checked: CheckedOperation, policy: CachePolicy, contexts: ContextFactory
    ) -> Keys | None:
        """The keys of a query; None for variables that have no form as text, such as files."""
        variables = variables_of(asked, checked)
        if variables is None:
            return None
        viewer = contexts.viewer
        parts = [
            document_hash(asked.query),
            asked.operation_name,
            variables,
            None if asked.on_error is None else asked.on_error.name,
            contexts.budget,
            [is_seen(viewer) for is_seen in policy.seen_by],
        ]
        kind = self._kind(contexts.visible)
        shared = None if kind is None else _digest([*parts, "kind", kind])
        return Keys(shared, _digest([*parts, "viewer", kind, _viewer(viewer)]))

    def _kind(self, visible: Visibility) -> str | int | None:
        """What tells a kind of viewer from all others; None where other processes would not know it."""
        if visible.shared_as:
            return visible.shared_as
        if self._is_shared:
            return None
        number = self._kinds.get(visible)
        if number is None:
            self._numbered += 1
            number = self._kinds[visible] = self._numbered
        return number


def document_hash(text: str) -> str:
    """The hash by which a document is known."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def variables_of(asked: OperationRequest, checked: CheckedOperation) -> str | None:
    """The variables that the operation declares, as JSON that is the same for the same values; None for no JSON."""
    given = asked.variables or {}
    declared = [it.variable.name.value for it in checked.operation.node.variable_definitions or ()]
    found = {name: given[name] for name in declared if name in given}
    try:
        return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()
    except TypeError:  # a number that no double holds, or half of a surrogate pair; or no value of JSON
        pass
    try:
        return exact_json.dumps(exact_json.exactly(found))
    except (TypeError, ValueError, RecursionError):
        return None


def _viewer(viewer: Viewer) -> list[Any]:
    """All that is known of a viewer, as JSON has it."""
    return [
        type(viewer.id).__name__,
        str(viewer.id),
        sorted(viewer.roles),
        viewer.key_id,
        str(viewer.sign_in),
        viewer.read_only,
        sorted([name, repr(value)] for name, value in viewer.claims.items()),
    ]


def _digest(parts: list[Any]) -> str:
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()
