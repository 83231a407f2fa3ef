"""The rows of a sample as plain objects that lead to one another, for whoever reckons without a database.

A sample enters; objects of its models leave, which no session knows. Relationships are filled by comparing keys, so
that nothing of what is tried helps to find them. Numbers that a database would count up are counted here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, inspect
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.attributes import set_committed_value

from tests.entity.serving import Sample

Rows = Mapping[type[Any], Sequence[Any]]
"""Objects by their model."""


def plain_rows(sample: Sample) -> Rows:
    """All rows of a sample, with all relationships filled. Conditions beside the keys of a relationship are ignored."""
    given = sample.rows(1)
    rows = {model: _made(model, values) for model, values in given.items() if not isinstance(model, Table)}
    pairs = {table: values for table, values in given.items() if isinstance(table, Table)}
    for model, made in rows.items():
        for relationship in inspect(model).relationships:
            _fill(relationship, made, rows[relationship.mapper.class_], rows, pairs)
    return rows


def _made(model: type[Any], values: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Objects of a model, each with a value for every column."""
    mapper = inspect(model)
    nothing = {name: None for name in mapper.column_attrs.keys() if name in mapper.c}  # noqa: SIM118 - no mapping
    key = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    numbered = len(key) == 1
    return [
        model(**nothing | ({key[0]: number} if numbered else {}) | dict(row)) for number, row in enumerate(values, 1)
    ]


def _fill(
    relationship: RelationshipProperty[Any],
    sources: Sequence[Any],
    targets: Sequence[Any],
    rows: Rows,
    pairs: Mapping[Table, Sequence[Mapping[str, Any]]],
) -> None:
    """Give each source the targets whose columns equal its own."""
    for source in sources:
        if isinstance(relationship.secondary, Table):
            found = _through(relationship, source, targets, _pairs_of(relationship.secondary, rows, pairs))
        else:
            found = [target for target in targets if _match(relationship, source, target)]
        value = found if relationship.uselist else (found[0] if found else None)
        set_committed_value(source, relationship.key, value)


def _match(relationship: RelationshipProperty[Any], source: Any, target: Any) -> bool:
    for local, remote in relationship.local_remote_pairs or ():
        value = _value(source, relationship.parent, local)
        if value is None or value != _value(target, relationship.mapper, remote):
            return False
    return True


def _through(
    relationship: RelationshipProperty[Any], source: Any, targets: Sequence[Any], pairs: Sequence[Mapping[str, Any]]
) -> list[Any]:
    near, far = relationship.synchronize_pairs, relationship.secondary_synchronize_pairs or ()
    wanted = [
        pair
        for pair in pairs
        if all(pair[str(column.key)] == _value(source, relationship.parent, of) for of, column in near)
    ]
    return [
        target
        for target in targets
        if any(
            all(pair[str(column.key)] == _value(target, relationship.mapper, of) for of, column in far)
            for pair in wanted
        )
    ]


def _pairs_of(
    table: Table, rows: Rows, pairs: Mapping[Table, Sequence[Mapping[str, Any]]]
) -> Sequence[Mapping[str, Any]]:
    """The rows of a table of pairs, which may have a model of its own."""
    if table in pairs:
        return pairs[table]
    (model,) = (model for model in rows if inspect(model).local_table is table)
    mapper = inspect(model)
    return [{column.key: _value(row, mapper, column) for column in table.columns} for row in rows[model]]


def _value(row: Any, mapper: Any, column: Any) -> Any:
    return getattr(row, mapper.get_property_by_column(column).key)
