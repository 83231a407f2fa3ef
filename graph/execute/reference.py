"""References to rows: what a resolver may return instead of an object of a mapped type.

The row is read with the columns that are selected below the field, together with every other row that the level asks
for. Root look-ups, payloads of mutations and events of subscriptions use references alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.orm import Mapper

from db.fast import Values
from db.statements import Key
from graph.prepare.fields import Rows

if TYPE_CHECKING:
    from graph.loading.level_loader import LevelLoader
    from graph.loading.loaders import Loaders


class MappedType(Protocol):
    """What must be known of an object type that maps a model, to read its rows."""

    @property
    def name(self) -> str:
        """The type's name in the schema."""

    @property
    def mapper(self) -> Mapper[Any]:
        """The model."""

    @property
    def key(self) -> tuple[str, ...]:
        """The attributes that make the primary key, in order."""

    def instance(self, columns: tuple[str, ...], row: Values) -> Any:
        """A row as an object of the type."""


class RowReference:
    """The row of a mapped type that has this primary key, not read yet; null where there is none."""

    def __init__(self, mapped: MappedType, key: Key) -> None:
        self.type_name = mapped.name
        """The object type that it will be."""
        self.key = key
        self._mapped = mapped

    def loader(self, loaders: Loaders, columns: tuple[str, ...]) -> LevelLoader[Values | None]:
        """The loader that reads such rows with these columns."""
        return loaders.by_key(self._mapped.mapper, self._mapped.key, columns)

    def rows(self, found: Sequence[Values], columns: tuple[str, ...]) -> Rows:
        """The rows that the loader has found."""
        return Rows(found, columns, self._mapped.instance)

    def __repr__(self) -> str:
        """As a resolver wrote it."""
        return f"row({', '.join([self.type_name, *map(repr, self.key)])})"

    __inspect__ = __repr__  # what graphql-core shows in its errors
