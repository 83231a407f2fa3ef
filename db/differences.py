"""Differences between the database and the models, in sentences.

What alembic found enters, sentences leave, one for each thing: an object that is dropped and made anew is one that
differs. Nothing is compared here.

Source: https://alembic.sqlalchemy.org/en/latest/api/autogenerate.html#alembic.autogenerate.compare_metadata
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Connection,
    FetchedValue,
    ForeignKeyConstraint,
    Index,
    MetaData,
    column,
    false,
    select,
)
from sqlalchemy.exc import DBAPIError

KINDS = {"fk": "foreign key", "table_comment": "comment of the table"}
"""Words of alembic that are not ours."""
ASPECTS = {"nullable": "nullability", "default": "server default"}


UNSET = ("None", "False", "()", "[]", "{}")
"""Options of an index that say nothing."""


def sentences(differences: Iterable[Any]) -> list[str]:
    """A sentence for each difference, as alembic describes it: a tuple, or a list of changes to one column."""
    changes: list[str] = []
    objects: dict[tuple[str, str], dict[str, Any]] = {}
    for difference in differences:
        if isinstance(difference, list):
            changes += [_change(*change) for change in difference]
        elif difference[0] == "change_enumeration":
            changes.append(_words(*difference[1:]))
        elif difference[0] == "change_sequence":
            changes.append("The sequence {} counts {} in the database and {} in the models.".format(*difference[1:]))
        else:
            side, _, kind = difference[0].partition("_")
            objects.setdefault((KINDS.get(kind, kind), _name(difference)), {})[side] = _thing(difference)
    anew = {name.partition(".")[0] for (kind, name), sides in objects.items() if kind == "column" and len(sides) > 1}
    shown = (_object(kind, name, sides, anew) for (kind, name), sides in objects.items())
    return [*filter(None, shown), *changes]


def _object(kind: str, name: str, sides: Mapping[str, Any], anew: Collection[str]) -> str | None:
    """A sentence about an object. None: one that differs in nothing goes and comes with a column that is made anew."""
    if sides.keys() >= {"add", "remove"}:
        held, wanted = _shown(sides["remove"]), _shown(sides["add"])
        if held != wanted:
            return f"The {kind} {name} is {held} in the database and {wanted} in the models."
        return None if name.partition(".")[0] in anew else f"The {kind} {name} has other options in the models."
    if "remove" in sides:
        return f"The {kind} {name} is in the database and not in the models."
    return f"The {kind} {name} is in the models and not in the database."


def _change(operation: str, _schema: str | None, table: str, column: str, _: Any, old: Any, new: Any) -> str:
    aspect = operation.partition("_")[2]
    shown = f"{_shown(old)} in the database and {_shown(new)} in the models"
    return f"The {ASPECTS.get(aspect, aspect)} of {table}.{column} is {shown}."


def _words(name: str, old: Sequence[str], new: Sequence[str]) -> str:
    return (
        f"The words of the enumeration {name} are {', '.join(old)} in the database and {', '.join(new)} in the models."
    )


def _thing(difference: Sequence[Any]) -> Any:
    return next((part for part in difference[1:] if hasattr(part, "name")), difference[-1])


def _name(difference: Sequence[Any]) -> str:
    thing = _thing(difference)
    table = getattr(thing, "table", None)
    name = str(getattr(thing, "name", thing))
    return name if table is None or table is thing else f"{table.name}.{name}"


def _shown(thing: Any) -> str:
    """What differs, in short."""
    if isinstance(thing, bool):
        return "NULL" if thing else "NOT NULL"
    if isinstance(thing, CheckConstraint):
        return f"CHECK ({thing.sqltext})".replace("\\:", ":")
    if isinstance(thing, ForeignKeyConstraint):
        return f"({', '.join(thing.column_keys)}) ON DELETE {thing.ondelete or 'NO ACTION'}"
    if isinstance(thing, Column):
        return _computed(thing.server_default)
    if isinstance(thing, Index):
        return _index(thing)
    if isinstance(thing, FetchedValue):
        return _default(getattr(thing, "arg", thing))
    if thing is None:
        return "none"
    return f"({', '.join(thing.columns.keys())})" if hasattr(thing, "columns") else repr(thing)


def _default(value: Any) -> str:
    return repr(value) if isinstance(value, str) else str(value)


def _computed(default: Any) -> str:
    return f"computed as {default.sqltext}" if isinstance(default, Computed) else "not computed"


def _index(index: Index) -> str:
    columns = ", ".join(str(getattr(part, "name", part)) for part in index.expressions)
    options = ", ".join(f"{name} {value}" for name, value in index.dialect_kwargs.items() if str(value) not in UNSET)
    return f"{'unique ' if index.unique else ''}({columns}){f' with {options}' if options else ''}"


def lacking(connection: Connection, models: MetaData) -> list[str]:
    """A sentence for each table that lacks something that its model names. Nothing else is compared.

    For tables that no revision has made: how they spell their rules, types and defaults is theirs. Each table is asked
    for its columns, and for no row.
    """
    found = []
    for table in models.tables.values():
        columns: list[Any] = [column(it.name) for it in table.columns]
        asked = select(*columns).select_from(table).where(false())
        try:
            with connection.begin_nested():
                connection.execute(asked)
        except DBAPIError as error:
            said = str(error.orig).partition("\n")[0]
            found.append(
                f"The table {table.fullname} is not as its model: {said}. `trellis sync` shows what to change."
            )
    return found
