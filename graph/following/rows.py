"""From a transaction to what has become of each row of a noun.

A batch of the log enters; a `ChangedRow` for each row of the noun leaves, in the order in which rows were first
touched, which is the same for everybody. Where a class inherits from another one's table, a change in either is one of
its row. Nothing is read here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BinaryExpression, Column, ColumnElement, Table
from sqlalchemy.orm import Mapper
from sqlalchemy.sql import operators, visitors

from db.changes import Batch, Kind, RowChange
from db.changes.keys import key_value, names_values
from db.relations import python_type
from db.statements import Key
from db.views import is_view
from graph.entity.registry import Entity
from graph.errors import DeclarationError
from graph.following.errors import ChangesGone

Columns = frozenset[str] | None
"""The names of columns; None: any of them."""


@dataclass
class ChangedRow:
    """What one transaction has done to one row."""

    key: Key
    is_new: bool = False
    """Whether it was not there before."""
    is_gone: bool = False
    """Whether it was not there after it."""
    is_own: bool = False
    """Whether the noun's own table says so, and not one that the noun shares with others alone."""
    columns: dict[str, Columns] | None = None
    """By table, what updates have changed; None: it has come or gone."""

    def add(self, change: RowChange, *, is_own: bool, is_first: bool) -> None:
        """Note a change, the next one."""
        if change.kind is Kind.UPDATE:
            self.is_own = self.is_own or is_own
            if self.columns is not None:
                known = self.columns.get(change.table, frozenset())
                both = None if known is None or not change.columns else known | change.columns
                self.columns[change.table] = both
            return
        self.columns = None
        if is_own:
            self.is_new = self.is_new or (is_first and change.kind is Kind.INSERT)
            self.is_gone = change.kind is Kind.DELETE
            self.is_own = True


class NounRows:
    """How the log tells of the rows of a noun."""

    def __init__(self, entity: Entity) -> None:
        """Make it. Raises `DeclarationError` for rows of which the log cannot tell."""
        self.entity = entity
        mapper = entity.mapper
        own = mapper.local_table
        self._own = str(own.key) if isinstance(own, Table) else ""
        self._places = {
            str(table.key): _places_in(entity, table) for table in mapper.tables if isinstance(table, Table)
        }
        if is_view(own) or not self._places or len(self._places) != len(mapper.tables):
            raise DeclarationError(
                f"{entity.name} cannot be followed: its rows are those of no table, and no change of them is recorded."
                " Follow what the view is made of."
            )
        self._types = [python_type(column.type) for column in mapper.primary_key]
        self.has_own_table = not mapper.single
        """Whether no class has rows in its table that are none of the noun's."""
        for type_, column in zip(self._types, mapper.primary_key, strict=True):
            if not names_values(type_):
                raise DeclarationError(
                    f"{entity.name} cannot be followed: {column.key} is part of its key, and the log has no form for"
                    f" values of {column.type!r}."
                )

    @property
    def tables(self) -> Sequence[str]:
        """Its tables, by their names in the log."""
        return tuple(self._places)

    def changed(self, batch: Batch) -> list[ChangedRow]:
        """The rows that a transaction has touched. Raises `ChangesGone` where that is not known."""
        found: dict[tuple[str, ...], ChangedRow] = {}
        own: set[tuple[str, ...]] = set()
        for change in batch.changes:
            places = self._places.get(change.table)
            if places is None:
                continue
            if change.kind is Kind.TRUNCATE or len(change.key) != len(places):
                raise ChangesGone
            texts = tuple([change.key[place] for place in places])
            row = found.get(texts)
            if row is None:
                row = found[texts] = ChangedRow(self._key(texts), columns={})
            is_own = change.table == self._own
            row.add(change, is_own=is_own and self._is_of_noun(change), is_first=is_own and texts not in own)
            if is_own:
                own.add(texts)
        return list(found.values())

    def _is_of_noun(self, change: RowChange) -> bool:
        """Whether a change in the noun's table is certainly one of the noun's row, and not of another class there."""
        return self.has_own_table or change.kind is not Kind.UPDATE

    def _key(self, texts: tuple[str, ...]) -> Key:
        try:
            return tuple([key_value(text, type_) for text, type_ in zip(texts, self._types, strict=True)])
        except ValueError:  # a value that no model would write
            raise ChangesGone from None


def _places_in(entity: Entity, table: Table) -> tuple[int, ...]:
    """Where in a key of a table the values of the noun's key stand."""
    own = [column.key for column in table.primary_key]
    return tuple(own.index(_same_in(entity, column, table)) for column in entity.mapper.primary_key)


def _same_in(entity: Entity, column: ColumnElement[Any], table: Table) -> str:
    """The column of a table's key that has the values of a column of the noun's key."""
    same = {*entity.mapper.get_property_by_column(column).columns}
    for one, other in _equal_in_joins(entity.mapper):  # from the root, whose key it is, down to the class
        if one in same or other in same:
            same |= {one, other}
    for each in same:
        if isinstance(each, Column) and each.table is table and each.primary_key:
            return str(each.key)
    raise DeclarationError(
        f"{entity.name} cannot be followed: its key is not that of {table.name}, by which changes are told. Give the"
        " model the key of its table."
    )


def _equal_in_joins(mapper: Mapper[Any]) -> list[tuple[ColumnElement[Any], ColumnElement[Any]]]:
    """Columns that are equal where a class is joined to the one that it inherits from, those of the root first."""
    conditions = [each.inherit_condition for each in mapper.iterate_to_root() if each.inherit_condition is not None]
    return [
        (clause.left, clause.right)
        for condition in reversed(conditions)
        for clause in visitors.iterate(condition)
        if isinstance(clause, BinaryExpression) and clause.operator is operators.eq
    ]
