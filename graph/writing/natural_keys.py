"""Natural keys of an entity: by which of them an upsert finds the rows that are there.

A declaration's `by` enters: a column, several that are unique together, or nothing for all that there are. A field of
the input leaves where a client has to name one of several.
"""

from collections.abc import Sequence
from enum import Enum
from functools import cache
from typing import Any

from pydantic import Field

from graph.entity.fields import described_enum
from graph.entity.registry import Entity
from graph.errors import DeclarationError
from graph.writing.inputs import Annotation
from graph.writing.saving import Names, natural_keys
from graph.writing.writer import EntityWriter

BY = "by"
"""The field of an upsert's input."""


class NaturalKeys:
    """The natural keys by which one entity's upserts may go."""

    def __init__(self, writer: EntityWriter, by: str | Sequence[str] | None) -> None:
        """Make it. Raises `DeclarationError` where nothing that clients write is unique."""
        given = (by,) if isinstance(by, str) else tuple(by or ())
        self._entity = writer.entity
        self.all: tuple[Names, ...] = (given,) if given else tuple(natural_keys(writer))
        if not self.all:
            raise DeclarationError(f"{self._entity.name} has nothing unique that is written; it cannot be upserted.")
        if len(self.all) > 1 and BY in writer.names:
            raise DeclarationError(f"{self._entity.name} has a column {BY}, as the field of its upserts is called.")
        self.words = " or ".join(map(_joined, self.all))
        """In a sentence: `slug`, or `floor and label`."""

    def input_fields(self) -> dict[str, Annotation]:
        """The field that names a key; none where there is one key."""
        if len(self.all) == 1:
            return {}
        enum = _enumeration(self._entity, self.all)
        description = f"Which natural key tells whether {self._entity.a_one} is there."
        return {BY: (enum, Field(next(iter(enum)), description=description))}

    def of(self, values: Any) -> Names:
        """The key that an input names."""
        if len(self.all) == 1:
            return self.all[0]
        return next(names for names in self.all if _name(names) == getattr(values, BY).value)


@cache
def _enumeration(entity: Entity, keys: tuple[Names, ...]) -> Any:
    """The names of keys; one for all upserts of an entity."""
    name = f"{entity.name}NaturalKey"
    enum = Enum(name, [(_name(names), _name(names)) for names in keys])  # type: ignore[misc]  # made at run time
    texts = {_name(names): f"By the {_joined(names)}." for names in keys}
    return described_enum(enum, f"By what {entity.a_one} is known without its id.", texts)


def _name(names: Names) -> str:
    return "_".join(names).upper()


def _joined(names: Names) -> str:
    return " and ".join(name.replace("_", " ") for name in names)
