"""What columns of SQLite hold where their declared types do not say.

Those are the columns of views' expressions, those without a type, and those of a type that SQLite does not know
(`STRING`, `UUID`). A table and its columns enter, types leave: what the first rows hold, all alike. Nothing is written.

Source: https://www.sqlite.org/datatype3.html#determination_of_column_affinity
"""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Double, Integer, Text, column, func, select, table
from sqlalchemy.types import NullType

from db.relations import ColumnType

LOOKED_AT = 1_000
"""Rows: enough to meet what is common, and read in a millisecond."""

_SAYS = re.compile(r"INT|CHAR|CLOB|TEXT|BLOB|REAL|FLOA|DOUB|NUM|DEC|MONEY|BOOL|DATE|TIME|JSON", re.IGNORECASE)
_BY_STORAGE: Mapping[frozenset[str], ColumnType] = {
    frozenset({"integer"}): Integer(),
    frozenset({"real"}): Double(),
    frozenset({"integer", "real"}): Double(),
    frozenset({"text"}): Text(),
}


def says_nothing(written: str) -> bool:
    """Whether a declared type does not tell what the column holds."""
    return _SAYS.search(written) is None


def types_by_values(connection: Connection, name: str, columns: Sequence[str]) -> Mapping[str, ColumnType]:
    """The types of columns, as the first rows have them; `NullType` where rows differ, or there are none."""
    if not columns:
        return {}
    rows = select(*(column(each) for each in columns)).select_from(table(name)).limit(LOOKED_AT).subquery()
    # Nulls are of no type.
    kinds = [func.group_concat(func.nullif(func.typeof(each), "null").distinct()) for each in rows.c]
    found = connection.execute(select(*kinds)).one()
    return {name: _type_of(kinds) for name, kinds in zip(columns, found, strict=True)}


def _type_of(kinds: str | None) -> ColumnType:
    return _BY_STORAGE.get(frozenset((kinds or "").split(",")), NullType())
