"""SQL functions that mean the same on both databases.

Each is one expression here. PostgreSQL gets its own operators; every SQLite connection registers a Python function
of the same name. Values arrive as bound parameters, never as text in the statement.

Source of the pattern: https://docs.sqlalchemy.org/en/21/core/compiler.html.
JSON means what PostgreSQL says: https://www.postgresql.org/docs/current/functions-json.html.
"""

import json
import re
from decimal import Decimal
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import JSON, Boolean, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

Json: TypeAlias = dict[str, Any] | list[Any] | str | int | float | bool | None


class fold_case(FunctionElement[str]):  # noqa: N801 - a function in SQL
    """`(text)`: the text without its case. SQLite's own `lower` knows only ASCII."""

    name = "trellis_fold_case"
    type = Text()
    inherit_cache = True


class json_at(FunctionElement[Any]):  # noqa: N801 - a function in SQL
    """`(document, path)`: the part at a path of keys and indexes, as JSON; NULL where there is none."""

    name = "trellis_json_at"
    type = JSON().with_variant(JSONB(), "postgresql")
    inherit_cache = True


class json_kind(FunctionElement[str]):  # noqa: N801 - a function in SQL
    """`(part)`: object, array, string, number, boolean or null; NULL where there is no part."""

    name = "trellis_json_kind"
    type = Text()
    inherit_cache = True


class json_text(FunctionElement[str]):  # noqa: N801 - a function in SQL
    """`(part)`: the text of a JSON string; NULL for any other part."""

    name = "trellis_json_text"
    type = Text()
    inherit_cache = True


class json_order(FunctionElement[int]):  # noqa: N801 - a function in SQL
    """`(part, value)`: -1, 0 or 1 as two parts of one kind compare; NULL when their kinds differ."""

    name = "trellis_json_order"
    type = Integer()
    inherit_cache = True


class json_contains(FunctionElement[bool]):  # noqa: N801 - a function in SQL
    """`(document, value)`: whether the document holds everything that the value holds."""

    name = "trellis_json_contains"
    type = Boolean()
    inherit_cache = True


class json_has_key(FunctionElement[bool]):  # noqa: N801 - a function in SQL
    """`(document, key)`: whether the key is one of the object's own, or a string among an array's elements."""

    name = "trellis_json_has_key"
    type = Boolean()
    inherit_cache = True


FTS5_QUERY = "trellis_fts5_query"
"""SQLite alone: `(text)`, what people type as a query of FTS5; PostgreSQL has `websearch_to_tsquery`."""


def json_path(keys: list[str]) -> str:
    """Write a path so that `json_at` takes it as one parameter on either database."""
    return json.dumps(keys)


def fold(text: str) -> str:
    """`fold_case` in Python, for a value to compare with it: letter by letter, as PostgreSQL's `lower` does.

    `str.lower` looks at a word's end, and makes ς of a last Σ.
    """
    return text.lower() if text.isascii() else "".join(letter.lower()[0] for letter in text)


_ON_POSTGRESQL = {
    fold_case: "lower({0})",
    json_at: "({0} #> ARRAY(SELECT jsonb_array_elements_text(CAST({1} AS jsonb))))",
    json_kind: "jsonb_typeof({0})",
    json_text: "(CASE jsonb_typeof({0}) WHEN 'string' THEN {0} #>> '{{}}' END)",
    json_order: (
        "(CASE WHEN jsonb_typeof({0}) = jsonb_typeof(CAST({1} AS jsonb)) THEN"
        " CASE WHEN {0} < CAST({1} AS jsonb) THEN -1 WHEN {0} = CAST({1} AS jsonb) THEN 0 ELSE 1 END END)"
    ),
    json_contains: "({0} @> CAST({1} AS jsonb))",
    json_has_key: "({0} ? {1})",
}


def _on_postgresql(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    arguments = [_as_jsonb(clause, compiler, **kw) for clause in element.clauses]
    return _ON_POSTGRESQL[type(element)].format(*arguments)


def _as_jsonb(clause: Any, compiler: SQLCompiler, **kw: Any) -> str:
    """An argument; plain JSON knows none of the operators."""
    kind = clause.type.dialect_impl(compiler.dialect)
    text: str = compiler.process(clause, **kw)
    return f"CAST({text} AS JSONB)" if isinstance(kind, JSON) and not isinstance(kind, JSONB) else text


def _elsewhere(element: FunctionElement[Any], compiler: SQLCompiler, **kw: Any) -> str:
    return f"{element.name}({compiler.process(element.clauses, **kw)})"


for _function in _ON_POSTGRESQL:
    compiles(_function)(_elsewhere)
    compiles(_function, "postgresql")(_on_postgresql)


_INDEX = re.compile(r"\s*[+-]?\d+", re.ASCII)
"""What C's `strtol` reads as a whole number: PostgreSQL asks it."""
_MISSING = object()
_KINDS: dict[type, str] = {
    dict: "object",
    list: "array",
    str: "string",
    int: "number",
    float: "number",
    Decimal: "number",
    bool: "boolean",
    type(None): "null",
}


def register_sqlite_functions(connection: Any) -> None:
    """Give one SQLite connection the functions above.

    Source: https://docs.python.org/3/library/sqlite3.html#sqlite3.Connection.create_function
    """
    for name, arguments, function in (
        (fold_case.name, 1, _fold_case),
        (json_at.name, 2, _at),
        (json_kind.name, 1, _kind),
        (json_text.name, 1, _text),
        (json_order.name, 2, _order),
        (json_contains.name, 2, _contains),
        (json_has_key.name, 2, _has_key),
        (FTS5_QUERY, 1, _fts5_query),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def _fold_case(text: str | None) -> str | None:
    return None if text is None else fold(text)


def _at(document: str | None, path: str) -> str | None:
    part: Any = _MISSING if document is None else json.loads(document)
    for key in json.loads(path):
        part = _step(part, key)
    return None if part is _MISSING else json.dumps(part)


def _step(part: Any, key: str) -> Any:
    if isinstance(part, dict):
        return part.get(key, _MISSING)
    if isinstance(part, list) and _INDEX.fullmatch(key) and -len(part) <= int(key) < len(part):
        return part[int(key)]
    return _MISSING


def _exactly(text: str) -> Any:
    """Parse JSON, keeping fractions as they are written, as PostgreSQL does: 1e23 is not the nearest double."""
    return json.loads(text, parse_float=Decimal)


def _kind(part: str | None) -> str | None:
    return None if part is None else _KINDS[type(json.loads(part))]


def _text(part: str | None) -> str | None:
    value = None if part is None else json.loads(part)
    return value if isinstance(value, str) else None


def _order(part: str | None, value: str) -> int | None:
    if part is None:
        return None
    left, right = _exactly(part), _exactly(value)
    if _KINDS[type(left)] != _KINDS[type(right)]:
        return None
    left_key, right_key = _sort_key(left), _sort_key(right)
    return (left_key > right_key) - (left_key < right_key)


def _sort_key(value: Json) -> tuple[Any, ...]:
    """Null < string < number < boolean < array < object; longer arrays and objects after shorter ones."""
    if isinstance(value, dict):
        # PostgreSQL keeps keys by length, then by bytes, and compares pair after pair, each key by its bytes alone.
        pairs = sorted(((len(key.encode()), key.encode(), item) for key, item in value.items()), key=itemgetter(0, 1))
        return (5, len(pairs), *((key, _sort_key(item)) for _, key, item in pairs))
    if isinstance(value, list):
        return (4, len(value), *map(_sort_key, value))
    if isinstance(value, bool):
        return (3, value)
    if isinstance(value, int | float | Decimal):
        return (2, value)
    if isinstance(value, str):
        return (1, value)
    return (0,)


def _contains(document: str | None, value: str) -> bool | None:
    return None if document is None else _holds(_exactly(document), _exactly(value), top=True)


def _holds(whole: Any, part: Any, *, top: bool = False) -> bool:
    if isinstance(whole, dict) and isinstance(part, dict):
        return all(key in whole and _holds(whole[key], item) for key, item in part.items())
    if isinstance(whole, list) and isinstance(part, list):
        return all(any(_holds(element, item) for element in whole) for item in part)
    if top and isinstance(whole, list) and not isinstance(part, dict):
        return any(_holds(element, part) for element in whole)
    return _KINDS[type(whole)] == _KINDS[type(part)] and bool(whole == part)


def _has_key(document: str | None, key: str) -> bool | None:
    if document is None:
        return None
    value = json.loads(document)
    return key in value if isinstance(value, dict | list) else value == key


_SEARCHED = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')


def _fts5_query(text: str) -> str:
    """Words and "phrases" that must occur, and -words that must not; everything quoted, so nothing is an operator."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in _SEARCHED.findall(text):
        found = (phrase or word).replace('"', " ").strip()
        if any(character.isalnum() for character in found):
            (unwanted if minus else wanted).append(f'"{found}"')
    if not wanted:
        return '""'
    return " NOT ".join([f"({' AND '.join(wanted)})", *unwanted])
