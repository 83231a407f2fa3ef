"""Rows that were written past the session: what is known of them is their key."""

from typing import Any

from db.statements import Key
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.execute.reference import RowReference
from graph.writing.change import global_id


class Written(RowReference):
    """The row of an entity that has this key, for a payload and for the record of a change."""

    def __init__(self, cls: type[Any], *key: object) -> None:
        self._of = entity_of(cls)
        self._parts: Key = key
        super().__init__(self._of, key)

    @property
    def global_id(self) -> str:
        """The id that the API has for it."""
        return encode_id(self._of, self._parts)


def id_of_row(row: Any) -> str:
    """The id that the API has for a row, mapped or written."""
    return row.global_id if isinstance(row, Written) else global_id(row)
