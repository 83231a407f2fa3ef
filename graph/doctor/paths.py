"""Where the fields of a plan stand in the response: `posts.nodes.author`, by the keys that the document gives them.

A plan enters, paths leave; lists have no places in them, for a field is begun once for all elements. Fragments are
resolved already: a field of a plan stands where its fragments were spread.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from graph.prepare.fields import FieldPlan, Selection
from graph.prepare.plan import Plan

Paths: TypeAlias = Mapping[FieldPlan, str]


def paths_of(plan: Plan) -> Paths:
    """The path of every field that a run of the plan has met."""
    return dict(_below("", plan.roots.values()))


def _below(before: str, selections: Iterable[Selection]) -> Iterator[tuple[FieldPlan, str]]:
    for selection in selections:
        for field in selection.fields:
            path = f"{before}{field.key}"
            yield field, path
            yield from _below(f"{path}.", field.selections.values())
