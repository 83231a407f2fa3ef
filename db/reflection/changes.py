"""What of a table can be written, and which values a new row needs.

A planned model enters, its `PlannedChanges` leave. Whoever serves a database at once and whoever writes a project take
the same, so that both show the same mutations. No database is asked.
"""

from collections.abc import Sequence
from typing import NamedTuple

from db.reflection.catalog import Kind
from db.reflection.naming import ID
from db.reflection.plan import PlannedAttribute, PlannedModel, PlannedRule


class PlannedChanges(NamedTuple):
    """The changes of one table."""

    columns: Sequence[str]
    """The attributes that clients give."""
    key: Sequence[str]
    """Those that a new row alone is given: its `id`, where the database makes none."""
    creates: bool
    """Whether every column that needs a value is given one, by the client or by the database."""
    rules: Sequence[PlannedRule]


def changes_of(model: PlannedModel) -> PlannedChanges | None:
    """What can be changed; None for views, for rows without a key, and where clients give nothing."""
    columns = [it for it in model.attributes if it.writable and not it.hidden and it.name != ID]
    if model.table.kind is not Kind.TABLE or model.table.key is None or not columns:
        return None
    key = [it for it in model.attributes if it.name == ID and it.writable and not it.hidden and _needs_value(it)]
    given = [*key, *columns]
    creates = all(it in given or not _needs_value(it) for it in model.attributes)
    names = {it.name for it in given}
    return PlannedChanges(
        columns=[it.name for it in columns],
        key=[it.name for it in key],
        creates=creates,
        rules=[rule for rule in model.rules if names.issuperset(rule.names)],
    )


def _needs_value(attribute: PlannedAttribute) -> bool:
    """Whether a row cannot be made without a value, which the database does not give."""
    column = attribute.column
    return not column.nullable and column.default is None and (column.generated is None or attribute.writable)
