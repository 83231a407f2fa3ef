"""Mutations of a database that was there before: create, update and delete for each table whose rows have a key.

Entity classes and their plan enter, a mutation type leaves. Whoever reaches the server may change everything.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from db.reflection.catalog import Kind
from db.reflection.plan import PlannedModel
from graph.writing import ANYBODY, Crud, mutation_type
from graph.writing.mutation import AnyMutation


def changes_of(planned: Iterable[PlannedModel], types: Iterable[type[Any]]) -> type[Any] | None:
    """The mutation type over these models and their types, in equal order; None where nothing can be written."""
    declared = [each for model, cls in zip(planned, types, strict=True) for each in _changes(model, cls)]
    return mutation_type(declared) if declared else None


def _changes(planned: PlannedModel, cls: type[Any]) -> Iterable[AnyMutation]:
    columns = _writable(planned)
    if planned.table.kind is not Kind.TABLE or planned.table.key is None or not columns:
        return
    crud = Crud(cls, columns, may=lambda _viewer, _row: True, create=ANYBODY, change=ANYBODY)
    if _can_be_created(planned, columns):
        yield crud.create()
    yield crud.update()
    yield crud.delete()


def _writable(planned: PlannedModel) -> Sequence[str]:
    """The attributes that clients give. What is no field of the type cannot be given either."""
    return [it.name for it in planned.attributes if it.writable and not it.hidden and it.name != "id"]


def _can_be_created(planned: PlannedModel, columns: Sequence[str]) -> bool:
    """Whether every column that needs a value is given one, by the client or by the database."""
    return all(
        it.name in columns or it.column.nullable or it.column.default is not None or it.column.generated is not None
        for it in planned.attributes
    )
