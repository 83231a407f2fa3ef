"""Texts on PostgreSQL: small letters whatever the locale, and CHAR(n) without its padding.

An engine enters, and knows both as soon as it has connected. Which letters are small ones is asked of the server once
for each engine; values and rows are never looked at for it.
Source: https://www.postgresql.org/docs/current/collation.html
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, event
from sqlalchemy.dialects.postgresql import CITEXT
from sqlalchemy.dialects.postgresql.asyncpg import AsyncpgString
from sqlalchemy.ext.asyncio import AsyncEngine

from db.characters import ACCENTS_PATTERN, fold
from db.relations import ColumnType, undecorated, unpadded

PLAIN = '(CAST({0} AS TEXT) COLLATE "default")'
"""A text under the collation of the database, which tells all texts apart, whatever the column's own type and collation
take for equal. Where the column has no collation of its own this adds nothing: its indexes serve."""

FOLD = 'lower(CAST({0} AS TEXT) COLLATE "default")'
"""The first choice: an index on `lower(column)` serves it."""

_APART = f"regexp_replace(normalize(CAST({{0}} AS TEXT), NFD), '{ACCENTS_PATTERN}', '', 'g')"
RECOMPOSED = r"[\u0900-\u1cff\u3040-\u30ff\uac00-\ud7a3\U00011000-\U00011fff]"
"""Letters that have parts which are no accents: syllables of Korean, kana with a voice, vowels of India."""
WITHOUT_ACCENTS = (
    "(CASE WHEN octet_length(CAST({0} AS TEXT)) = char_length(CAST({0} AS TEXT)) THEN CAST({0} AS TEXT)"
    f" WHEN CAST({{0}} AS TEXT) ~ '{RECOMPOSED}' THEN normalize({_APART}, NFC) ELSE {_APART} END)"
)
"""A text without its accents, as `db.characters.without_accents` has it. To take letters apart takes PostgreSQL 0.1 µs
each, and so does putting them together: ASCII's are left alone, and most others are not put together again."""

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

ICU = "-x-icu"
"""How the names of ICU's collations end. Source: https://www.postgresql.org/docs/current/collation.html"""

COLLATIONS = """
    SELECT collname FROM pg_catalog.pg_collation
    WHERE collname = ANY (CAST($1 AS text[])) AND collnamespace = CAST('pg_catalog' AS regnamespace)
    AND collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding()))
"""
"""Which of them there are for the encoding of the database."""

UNTRANSLATABLE = "22P05"
"""The state of the error that a database's encoding has no place for a letter."""

PADDED = 1042
"""The object identifier of `bpchar`, which CHAR(n) is. Source: `pg_type.dat` of PostgreSQL."""

_FOLDING: WeakKeyDictionary[Dialect, str] = WeakKeyDictionary()
_NORMALIZES: WeakKeyDictionary[Dialect, bool] = WeakKeyDictionary()
"""Whether the database takes letters apart, which PostgreSQL does in UTF-8 alone."""


class ServerText(AsyncpgString):
    """A text as the server sends it. The blanks that CHAR(n) is filled up with are no part of the value.

    The server says of each column whether it is padded, whatever the model declares; other columns have no converter.
    """

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None] | None:
        """What takes the padding away, of columns that have any."""
        return unpadded if coltype == PADDED else None


def learn_small_letters(engine: AsyncEngine) -> None:
    """Ask the first connection for the server's small letters, and see whether it takes letters and accents apart."""
    dialect = engine.sync_engine.dialect

    @event.listens_for(engine.sync_engine, "connect")
    def learn(connection: Any, _record: object) -> None:
        if dialect not in _FOLDING:
            _FOLDING[dialect] = _folding(connection)
            _NORMALIZES[dialect] = connection.driver_connection.get_settings().server_encoding == "UTF8"


def takes_for_equal(type_: ColumnType) -> bool:
    """Whether a column may take different texts for equal, as far as its type tells: `citext`, and some collations."""
    stored = undecorated(type_)
    collation = getattr(stored, "collation", None)
    return isinstance(stored, CITEXT) or (collation is not None and collation not in DETERMINISTIC)


def icu_collation(locale: str) -> str:
    """How the collation of a language is called where ICU has come with the server."""
    return f"{locale}{ICU}"


def fold_sql(dialect: Dialect) -> str:
    """The text without its case, with `{0}` for the text; of an engine that has not connected, the first choice."""
    return _FOLDING.get(dialect, FOLD)


def without_accents_sql(dialect: Dialect) -> str:
    """The text without its accents; in a database of another encoding than UTF-8 the text itself, on both sides."""
    return WITHOUT_ACCENTS if _NORMALIZES.get(dialect, True) else PLAIN


def _folding(connection: Any) -> str:
    """The SQL that makes small letters by the law; where none does, the database's own on both sides.

    The law is that of `fold`: docs/decisions/0019-texts-without-their-case.md.
    """
    if _keeps_the_law(connection, FOLD):
        return FOLD
    there = {name for (name,) in _ask(connection, COLLATIONS, list(ELSEWHERE))}
    lawful = (sql for name, sql in ELSEWHERE.items() if name in there and _keeps_the_law(connection, sql))
    return next(lawful, FOLD)


def _keeps_the_law(connection: Any, folding: str) -> bool:
    try:
        ((found,),) = _ask(connection, f"SELECT {folding.format('$1')}", LETTERS)
    except connection.dbapi.Error as error:
        if error.sqlstate != UNTRANSLATABLE:
            raise
        return False
    return bool(found == fold(LETTERS))


def _ask(connection: Any, question: str, value: object) -> list[Any]:
    """Ask past the engine, which is not ready yet. Errors are the driver's, as SQLAlchemy wraps them."""
    cursor = connection.cursor()
    try:
        cursor.execute(question, (value,))
        return list(cursor.fetchall())
    finally:
        connection.rollback()
