"""A statement again, read value by value: what Python cannot hold costs one value, and no longer the whole answer.

A SELECT enters whose rows could not be read, a SELECT leaves for the same rows. Its columns come in a form that the
driver never refuses, and become values one by one; where that fails, an `Unreadable` stands in the row. Nothing is
executed here, and nothing here is in the way of rows that can be read.
Why: docs/decisions/0016-values-that-cannot-be-read.md.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Label, LargeBinary, Select, type_coerce
from sqlalchemy.types import TypeDecorator, TypeEngine

from db.dialects import dialect_of
from db.unreadable import Unreadable

Read = Callable[[Any], Any]


def value_by_value(statement: Select[Any], dialect: Dialect) -> Select[Any]:
    """The statement with the same columns, read so that none of them can fail."""
    columns = (_guarded(column, dialect) for column in statement.selected_columns)
    return statement.with_only_columns(*columns, maintain_column_froms=True)


def _guarded(column: Any, dialect: Dialect) -> ColumnElement[Any]:
    bare = column.element if isinstance(column, Label) else column
    expression, read = dialect_of(dialect.name).readable(bare, dialect)
    guarded = type_coerce(expression, _Guarded(bare.type, read))
    return guarded.label(column.key) if isinstance(column, Label) else guarded


class _Guarded(TypeDecorator[Any]):
    """The type of a column whose values are read one by one."""

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = LargeBinary
    cache_ok = False

    def __init__(self, column: TypeEngine[Any], read: Read | None) -> None:
        super().__init__()
        self.impl = column
        self._column = column
        self._read = read

    def result_processor(self, dialect: Dialect, coltype: object) -> Read:
        """From what the driver hands over to the column's value, or to what stands in its place."""
        processor = self._column.dialect_impl(dialect).result_processor(dialect, coltype)
        read = self._read

        def process(value: Any) -> Any:
            if value is None:
                return None
            try:
                found = value if read is None else read(value)
                return found if processor is None or type(found) is Unreadable else processor(found)
            except Exception:  # whatever a type raises
                return Unreadable()

        return process
