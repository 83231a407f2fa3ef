"""References to rows, for resolvers that know a key: `return row(Post, 42)` instead of reading the post themselves."""

from typing import TypeVar, cast

from graph.entity.registry import keyed_entity_of
from graph.execute.reference import RowReference

T = TypeVar("T")


def row(cls: type[T], *key: object) -> T:
    """What a resolver returns for the object of an entity's type that has this primary key.

    It is not read yet: the level reads it, with what is selected of it, together with all other rows of the level.
    Where there is no such row, or not for this viewer, the field is null. Raises `UnknownEntity` for a class that was
    not declared with `@entity`, and `NoKeyOfRows` for a `Row`.
    """
    return cast(T, RowReference(keyed_entity_of(cls), key))
