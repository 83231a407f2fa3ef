"""Texts on PostgreSQL: small letters whatever the locale, and CHAR(n) without its padding.

An engine enters, and knows both as soon as it has connected. Which letters are small ones is asked of the server once
for each engine; values and rows are never looked at for it.
Source: https://www.postgresql.org/docs/current/collation.html
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import CHAR, Dialect, String, event
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgString
from sqlalchemy.ext.asyncio import AsyncEngine

from db.characters import fold
from db.relations import unpadded

PLAIN = '(CAST({0} AS TEXT) COLLATE "default")'
"""A text under the collation of the database, which tells all texts apart, whatever the column's own type and collation
take for equal. Where the column has no collation of its own this adds nothing: its indexes serve."""

FOLD = 'lower(CAST({0} AS TEXT) COLLATE "default")'
"""The first choice: an index on `lower(column)` serves it."""

ELSEWHERE = {
    "pg_c_utf8": 'lower(CAST({0} AS TEXT) COLLATE "pg_catalog"."pg_c_utf8")',  # since version 17
    "C.utf8": 'lower(CAST({0} AS TEXT) COLLATE "pg_catalog"."C.utf8")',  # of the system
    "C.UTF-8": 'lower(CAST({0} AS TEXT) COLLATE "pg_catalog"."C.UTF-8")',
    # ICU makes two letters of one and looks at a word's end; these two letters are all it does so to.
    "und-x-icu": "lower(translate(CAST({0} AS TEXT), 'İΣ', 'iσ') COLLATE \"pg_catalog\".\"und-x-icu\")",  # noqa: RUF001 - Greek
}
"""By a collation that may be there: what a database is asked whose own rules are those of one language, or know no
letters but ASCII's. No index on `lower(column)` serves these; one on the same expression does."""

LETTERS = "AIZÀÉÞĀĨŐŸŽƏǅǈΑΩΫАЯЁІԱႠẞỲḀΆὋKÅΩⅠⒶＡ𐐀ıſςİ ΟΔΟΣ"  # noqa: RUF001 - letters that look alike, on purpose
"""Letters whose small ones tell the rules apart; the last word ends in Σ, which some rules make ς of."""

DETERMINISTIC = frozenset({"C", "POSIX", "C.utf8", "C.UTF-8", "ucs_basic", "pg_c_utf8", "pg_unicode_fast", "default"})
"""Collations that tell all texts apart on every server; what other names stand for is the server's to say."""

PADDED = 1042
"""The object identifier of `bpchar`, which CHAR(n) is. Source: `pg_type.dat` of PostgreSQL."""

_FOLDING: WeakKeyDictionary[Dialect, str] = WeakKeyDictionary()


class ServerText(AsyncpgString):
    """A text as the server sends it. The blanks that CHAR(n) is filled up with are no part of the value.

    The server says of each column whether it is padded, whatever the model declares; other columns have no converter.
    """

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None] | None:
        """What takes the padding away, of columns that have any."""
        return unpadded if coltype == PADDED else None


def set_up_texts(engine: AsyncEngine) -> None:
    """Read padded texts without their padding, and ask the first connection for the server's small letters."""
    dialect = engine.sync_engine.dialect
    dialect.colspecs = {**dialect.colspecs, String: ServerText, CHAR: ServerText}

    @event.listens_for(engine.sync_engine, "connect")
    def learn(connection: Any, _record: object) -> None:
        if dialect not in _FOLDING:
            _FOLDING[dialect] = connection.run_async(_folding)


def fold_sql(dialect: Dialect) -> str:
    """The text without its case, with `{0}` for the text; of an engine that has not connected, the first choice."""
    return _FOLDING.get(dialect, FOLD)


async def _folding(driver: asyncpg.Connection) -> str:
    """The SQL that makes small letters by the law; where none does, the database's own on both sides.

    The law is that of `fold`: docs/decisions/0019-texts-without-their-case.md.
    """
    if await _keeps_the_law(driver, FOLD):
        return FOLD
    there = await driver.fetch(
        "SELECT collname FROM pg_catalog.pg_collation WHERE collnamespace = 'pg_catalog'::regnamespace"
        " AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding())) AND collname = ANY ($1::text[])",
        list(ELSEWHERE),
    )
    names = {row["collname"] for row in there}
    for name in [name for name in ELSEWHERE if name in names]:
        if await _keeps_the_law(driver, ELSEWHERE[name]):
            return ELSEWHERE[name]
    return FOLD


async def _keeps_the_law(driver: asyncpg.Connection, folding: str) -> bool:
    try:
        found: str = await driver.fetchval(f"SELECT {folding.format('$1')}", LETTERS)
    except asyncpg.PostgresError:  # an encoding that has no place for these letters
        return False
    return found == fold(LETTERS)
