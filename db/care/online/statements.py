"""What a statement is about: its text enters, names of tables, columns and words leave.

Statements are those that Alembic writes, or that people write into revisions; they are looked at, not understood.
"""

import re
from collections.abc import Mapping

_NAME = r'((?:(?:"(?:[^"]|"")+"|\w+)\.)?(?:"(?:[^"]|"")+"|\w+))'
_TABLE = re.compile(
    r"\b(?:(?:ALTER|DROP|TRUNCATE)\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?"
    r"|CREATE\s+(?:UNIQUE\s+)?INDEX\s.*?\sON\s+(?:ONLY\s+)?)" + _NAME,
    re.IGNORECASE | re.DOTALL,
)
_CREATED = re.compile(r"\s*CREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + _NAME, re.IGNORECASE)
_COLUMN = re.compile(r"\s*(?:DROP\s+(?:COLUMN\s+)?(?:IF\s+EXISTS\s+)?|RENAME\s+(?:COLUMN\s+)?)" + _NAME, re.IGNORECASE)
_INDEX = re.compile(
    r"\b(?:CREATE\s+(?:UNIQUE\s+)?|DROP\s+)INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?" + _NAME,
    re.IGNORECASE,
)
_LOCKS = re.compile(r"^\s*(?:ALTER\s+TABLE|DROP\s+TABLE|DROP\s+INDEX(?!\s+CONCURRENTLY)|TRUNCATE)\b", re.IGNORECASE)
_LIST = r"\((\s*'(?:[^']|'')*'(?:::\w+)?(?:\s*,\s*'(?:[^']|'')*'(?:::\w+)?)*\s*)\)"
_WORDS = re.compile(
    rf"CONSTRAINT\s+{_NAME}\s+CHECK\s*\([^;]*?\bIN\s*{_LIST}|CREATE\s+TYPE\s+{_NAME}\s+AS\s+ENUM\s*{_LIST}",
    re.IGNORECASE,
)
_WORD = re.compile(r"'((?:[^']|'')*)'")


def table_of(statement: str) -> str | None:
    """The table that a statement is about; None for one that names no table."""
    found = _TABLE.search(statement)
    return None if found is None else unquoted(found[1])


def column_of(part: str) -> str | None:
    """The column that a part of ALTER TABLE takes away or names otherwise; the part begins there."""
    found = _COLUMN.match(part)
    return None if found is None else unquoted(found[1])


def index_of(statement: str) -> str | None:
    """The index that a statement makes or drops; None for another."""
    found = _INDEX.match(statement)
    return None if found is None else unquoted(found[1])


def made_by(line: str) -> str | None:
    """The table that is made where a line begins to say so; None for another line."""
    found = _CREATED.match(line)
    return None if found is None else unquoted(found[1])


def takes_a_lock(statement: str) -> bool:
    """Whether a statement keeps everybody else from a table while it waits."""
    return _LOCKS.match(statement) is not None


def words_in(sql: str) -> Mapping[str, frozenset[str]]:
    """The words that CHECKs and enumerations allow, by their names; of several by one name, the last."""
    return {
        unquoted(check or enumeration): frozenset(_WORD.findall(checked or enumerated))
        for check, checked, enumeration, enumerated in _WORDS.findall(sql)
    }


def unquoted(name: str) -> str:
    """A name as models have it."""
    return re.sub(r'"((?:[^"]|"")+)"', lambda found: found[1].replace('""', '"'), name)
