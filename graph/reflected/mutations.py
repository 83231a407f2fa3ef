"""Mutations of a database that was there before: create, update and delete for each table whose rows have a key.

Entity classes and their plan enter, a mutation type leaves. Whoever reaches the server may change everything.
"""

from collections.abc import Iterable
from typing import Any

from db.reflection.changes import changes_of as planned_changes
from db.reflection.plan import PlannedModel
from graph.reflected.rules import check_of
from graph.writing import ANYBODY, Crud, mutation_type
from graph.writing.mutation import AnyMutation


def changes_of(planned: Iterable[PlannedModel], types: Iterable[type[Any]]) -> type[Any] | None:
    """The mutation type over these models and their types, in equal order; None where nothing can be written."""
    declared = [each for model, cls in zip(planned, types, strict=True) for each in _changes(model, cls)]
    return mutation_type(declared) if declared else None


def _changes(planned: PlannedModel, cls: type[Any]) -> Iterable[AnyMutation]:
    found = planned_changes(planned)
    if found is None:
        return
    checks = [check_of(rule) for rule in found.rules]
    crud = Crud(
        cls,
        found.columns,
        may=lambda _viewer, _row: True,
        create=ANYBODY,
        change=ANYBODY,
        checks=checks,
        first=found.key,
    )
    if found.creates:
        yield crud.create()
    yield crud.update()
    yield crud.delete()
