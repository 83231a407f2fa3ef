"""What a database has beside the tables of the models: a full-text index, a view, a trigger.

The room of such objects registers them when the models are imported; its functions that create and drop them are called
by revisions. Comparisons of the database with the models leave registered objects out, and `db.migrate.check` names
those that the database lacks. No object is named here.
"""

from typing import Protocol

from sqlalchemy import Connection


class UnmappedObjects(Protocol):
    """Tables, columns, indexes and triggers that no model describes. A module can be one: `db.search_index` is."""

    def holds(self, name: str | None, kind: str, /) -> bool:
        """Whether an object of this name is among them; `kind` is alembic's word: table, column, index."""

    def missing(self, connection: Connection, /) -> list[str]:
        """A sentence for each object that the database lacks."""


_REGISTERED: list[UnmappedObjects] = []


def register(objects: UnmappedObjects) -> None:
    """Make objects known; a second time changes nothing."""
    if objects not in _REGISTERED:
        _REGISTERED.append(objects)


def holds(name: str | None, kind: str) -> bool:
    """Whether an object of the database is registered, and so belongs to no model."""
    return any(objects.holds(name, kind) for objects in _REGISTERED)


def missing(connection: Connection) -> list[str]:
    """A sentence for each registered object that the database lacks."""
    return [sentence for objects in _REGISTERED for sentence in objects.missing(connection)]
