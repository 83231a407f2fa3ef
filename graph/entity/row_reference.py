"""Requests for rows, for resolvers that know a key: `return row(Post, 42)` instead of reading the post themselves.

The row is read with the columns that are selected below the field, together with all others of its level.
"""

from typing import Any, TypeVar, cast

from graphql import GraphQLObjectType

from db.statements import Key
from graph.entity.fields import memoised
from graph.entity.registry import Entity, entity_of
from graph.execute.reference import Request
from graph.execute.response import ResponsePosition
from graph.execute.rows import Rows
from graph.execute.scheduler import Run
from graph.prepare.plan import Selection
from graph.prepare.selection import Info, columns, document_of

T = TypeVar("T")


class RowReference(Request):
    """The row of an entity that has this primary key; null where there is none."""

    def __init__(self, entity: Entity, key: Key) -> None:
        self.type_name = entity.name
        self._entity = entity
        self._key = key

    def __repr__(self) -> str:
        """As a resolver wrote it."""
        return f"row({', '.join([self.type_name, *map(repr, self._key)])})"

    __inspect__ = __repr__  # what graphql-core shows in its errors

    def begin(self, run: Run, selection: Selection, slot: ResponsePosition) -> None:
        """Ask for the row, and put its answer into the place."""
        entity = self._entity

        def then(found: list[Any]) -> None:
            if found[0] is None:
                run.put(slot, None, None)
            else:
                rows = Rows(found, selection.needs, entity.instance)
                (slot.container[slot.key],) = run.take_rows(selection, rows)

        loader = run.context.loaders.by_key(entity.mapper, entity.key, selection.needs)
        run.load(loader, [self._key], then, lambda error: run.fail(slot, error))

    async def load(self, info: Info) -> Any:
        """The row as an object of its type, for whoever goes object by object."""
        entity = self._entity
        type_ = cast(GraphQLObjectType, info.schema.get_type(entity.name))
        chosen = memoised(
            info, f"columns of {entity.name}", lambda: columns(document_of(info), type_, info.field_nodes)
        )
        row = await info.context.loaders.by_key(entity.mapper, entity.key, chosen).load(self._key)
        return None if row is None else entity.instance(chosen, row)


def row(cls: type[T], *key: object) -> T:
    """What a resolver returns for the object of an entity's type that has this primary key.

    It is not read yet: the plan reads it, with what is selected of it. Where there is no such row, or not for this
    viewer, the field is null. Raises `UnknownEntity` for a class that was not declared with `@entity`.
    """
    return cast(T, RowReference(entity_of(cls), key))
