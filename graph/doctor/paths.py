"""Where the fields of a plan stand in the response: `posts.nodes.author`, by the keys that the document gives them.

A plan enters, paths leave; lists have no places in them, for a field is begun once for all elements. Fragments are
resolved already: a field of a plan stands where its fragments were spread.
"""

from collections.abc import Iterable, Iterator, Mapping

from graph.loading.asking import Asking
from graph.prepare.fields import FieldPlan, Selection
from graph.prepare.plan import Plan


class Paths:
    """The paths of fields; each plan is walked once."""

    def __init__(self) -> None:
        self._known: dict[Plan, Mapping[FieldPlan, str]] = {}

    def of(self, asking: object) -> list[str]:
        """Where the fields stand that have asked. One whose selection is not kept is told by its key."""
        if not isinstance(asking, Asking) or not isinstance(asking.plan, Plan):
            return []
        if asking.plan not in self._known:
            self._known[asking.plan] = dict(_below("", asking.plan.roots.values()))
        known = self._known[asking.plan]
        return [known.get(field, field.key) for field in asking.fields if isinstance(field, FieldPlan)]


def _below(before: str, selections: Iterable[Selection]) -> Iterator[tuple[FieldPlan, str]]:
    for selection in selections:
        for field in selection.fields:
            path = f"{before}{field.key}"
            yield field, path
            yield from _below(f"{path}.", field.selections.values())
