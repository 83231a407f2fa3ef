"""SQL functions that mean the same on every database.

Each is one expression here; its SQL is the dialect's, see `db.dialects`. Values arrive as bound parameters, never as
text in the statement. Source of the pattern: https://docs.sqlalchemy.org/en/21/core/compiler.html
"""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import JSON, Boolean, ColumnElement, Dialect, Integer, Numeric, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from db import exact_json
from db.dialects import FunctionName, function_sql, variants
from db.relations import ColumnType

__all__ = [
    "among",
    "day_start",
    "decimal_of_double",
    "first_in_order",
    "fold_case",
    "json_at",
    "json_contains",
    "json_has_key",
    "json_kind",
    "json_order",
    "json_path",
    "json_sorted",
    "json_text",
    "json_written",
    "likely",
    "local_start",
    "matches",
    "moment_start",
    "plain_text",
    "shuffled",
    "without_accents",
]

T = TypeVar("T")


class _Function(FunctionElement[T]):
    """A function whose SQL each dialect knows."""

    name: FunctionName


compiles(_Function)(function_sql)


class among(_Function[bool]):  # noqa: N801 - a function in SQL
    """`(column, subquery)`: whether the column's value is among those that the subquery finds, as with `IN`."""

    name = FunctionName.AMONG
    type = Boolean()
    inherit_cache = True


class decimal_of_double(_Function[Decimal]):  # noqa: N801 - a function in SQL
    """`(double)`: the shortest decimal that reads as the same double; a cast would round it to 15 digits."""

    name = FunctionName.DECIMAL_OF_DOUBLE
    type = Numeric()
    inherit_cache = True


class fold_case(_Function[str]):  # noqa: N801 - a function in SQL
    """`(text)`: the text without its case, in all alphabets: docs/decisions/0019-texts-without-their-case.md."""

    name = FunctionName.FOLD_CASE
    type = Text()
    inherit_cache = True


class plain_text(_Function[str]):  # noqa: N801 - a function in SQL
    """`(text)`: the text itself, to look for parts of it: whatever its column's type and collation take for equal."""

    name = FunctionName.PLAIN_TEXT
    type = Text()
    inherit_cache = True


class without_accents(_Function[str]):  # noqa: N801 - a function in SQL
    """`(text)`: the text without its accents: docs/decisions/0019-texts-without-their-case.md."""

    name = FunctionName.WITHOUT_ACCENTS
    type = Text()
    inherit_cache = True


class matches(_Function[bool]):  # noqa: N801 - a function in SQL
    """`(text, pattern)`: whether a pattern of `db.patterns` is found in the text."""

    name = FunctionName.MATCHES
    type = Boolean()
    inherit_cache = True


class first_in_order(_Function[Any]):  # noqa: N801 - a function in SQL
    """`(value, condition, term, …)`: an aggregate; of the rows of which this holds, the value of the first one.

    The terms are as for ORDER BY. Null where there is no such row. Values are no arrays.
    """

    name = FunctionName.FIRST_IN_ORDER
    inherit_cache = True

    def __init__(self, value: ColumnElement[Any], condition: ColumnElement[bool], *terms: ColumnElement[Any]) -> None:
        super().__init__(value, condition, *terms)
        self.type = value.type


class likely(_Function[bool]):  # noqa: N801 - a function in SQL
    """`(condition)`: the condition itself, and that it mostly holds: rows are not found by it where others find them.

    Only for databases that know nothing of how many rows there are of a kind: https://www.sqlite.org/lang_corefunc.html#likely
    """

    name = FunctionName.LIKELY
    type = Boolean()
    inherit_cache = True


class json_at(_Function[Any]):  # noqa: N801 - a function in SQL
    """`(document, path)`: the part at a path of keys and indexes, as JSON; NULL where there is none."""

    name = FunctionName.JSON_AT
    type = variants(JSON(), lambda dialect: dialect.json(none_as_null=False))
    inherit_cache = True


class json_kind(_Function[str]):  # noqa: N801 - a function in SQL
    """`(part)`: object, array, string, number, boolean or null; NULL where there is no part."""

    name = FunctionName.JSON_KIND
    type = Text()
    inherit_cache = True


class json_text(_Function[str]):  # noqa: N801 - a function in SQL
    """`(part)`: the text of a JSON string; NULL for any other part."""

    name = FunctionName.JSON_TEXT
    type = Text()
    inherit_cache = True


class json_order(_Function[int]):  # noqa: N801 - a function in SQL
    """`(part, value)`: -1, 0 or 1 as two parts of one kind compare; NULL when their kinds differ."""

    name = FunctionName.JSON_ORDER
    type = Integer()
    inherit_cache = True


class JSONPart(TypeDecorator[str]):
    """A part of a JSON value, written as JSON, as rows are ordered by it; a text that is none stands for itself.

    A cursor holds it: whatever a client makes of a cursor, there is a place for it in the order.
    """

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> ColumnType:
        """The database's own JSON."""
        return json_at.type.dialect_impl(dialect)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        """From the text to JSON."""
        try:
            return None if value is None else exact_json.loads(value)
        except (ValueError, RecursionError):
            return value

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        """From JSON to the text."""
        return None if value is None else exact_json.dumps(value)

    @property
    def python_type(self) -> type[str]:
        """A text."""
        return str


class json_sorted(_Function[str]):  # noqa: N801 - a function in SQL
    """`(part)`: the part as rows are ordered by it, NULL for JSON's null.

    Texts, then numbers, then false and true, then lists and objects, the shorter ones first; an empty list before all.
    """

    name = FunctionName.JSON_SORTED
    type = JSONPart()
    inherit_cache = True


class shuffled(_Function[str]):  # noqa: N801 - a function in SQL
    """`(seed, *key)`: a text that nobody can tell from chance, and that is the same for the same seed and key."""

    name = FunctionName.SHUFFLED
    type = Text()
    inherit_cache = True


class json_written(_Function[str]):  # noqa: N801 - a function in SQL
    """`(part)`: the part as a text that equal parts share, in the order of their characters; NULL for null, too."""

    name = FunctionName.JSON_WRITTEN
    type = Text()
    inherit_cache = True


class _Start(_Function[T]):
    """Where a unit of time begins that a value lies in; of the value's own type."""

    inherit_cache = True

    def __init__(self, value: ColumnElement[T], *others: object) -> None:
        super().__init__(value, *others)
        self.type = value.type


class moment_start(_Start[datetime]):  # noqa: N801 - a function in SQL
    """`(moment, unit, zone)`: the start of the hour, day, week, month, quarter or year there that a moment lies in.

    A start that the clocks pass over is the moment to which they are set; of one that they show twice, the later.
    """

    name = FunctionName.MOMENT_START
    inherit_cache = True


class local_start(_Start[datetime]):  # noqa: N801 - a function in SQL
    """`(moment, unit)`: the same of a day and time of day that are in no zone."""

    name = FunctionName.LOCAL_START
    inherit_cache = True


class day_start(_Start[date]):  # noqa: N801 - a function in SQL
    """`(day, unit)`: the first day of the week, month, quarter or year that a day lies in."""

    name = FunctionName.DAY_START
    inherit_cache = True


class json_contains(_Function[bool]):  # noqa: N801 - a function in SQL
    """`(document, value)`: whether the document holds everything that the value holds."""

    name = FunctionName.JSON_CONTAINS
    type = Boolean()
    inherit_cache = True


class json_has_key(_Function[bool]):  # noqa: N801 - a function in SQL
    """`(document, key)`: whether the key is one of the object's own, or a string among an array's elements."""

    name = FunctionName.JSON_HAS_KEY
    type = Boolean()
    inherit_cache = True


def json_path(keys: list[str]) -> str:
    """Write a path so that `json_at` takes it as one parameter on every database."""
    return json.dumps(keys)
