"""Texts on MariaDB and MySQL: small letters, texts without accents, and patterns, by the laws of `db.characters`.

A dialect enters, templates of SQL leave, with `{0}` for the text. Every text is compared under the collation that tells
all texts apart; what letters' small ones are is asked of one that knows all letters.
Sources: https://mariadb.com/kb/en/supported-character-sets-and-collations/, https://mariadb.com/kb/en/regexp_replace/,
https://mariadb.com/kb/en/pcre/, https://www.unicode.org/reports/tr15/
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain

from sqlalchemy import Dialect

from db.characters import ACCENTS, ACCENTS_PATTERN, without_accents
from db.dialects.mariadb_types import CHARACTERS, EXACT_ON_MARIADB, EXACT_ON_MYSQL, error_sql, exact_collation
from db.relations import ColumnType, undecorated

SMALL_ON_MARIADB = "utf8mb4_uca1400_nopad_as_cs"
SMALL_ON_MYSQL = "utf8mb4_0900_as_cs"
"""Collations that know the small letters of all alphabets; those that are exact know some of Unicode 3.0 alone."""

EXACT = frozenset({EXACT_ON_MARIADB, EXACT_ON_MYSQL, "binary"})

LATIN = ("\u00c0", "\u024f"), ("\u1e00", "\u1eff")
"""Blocks of Latin letters, of which most texts are made that are not of ASCII alone."""
PUNCTUATION = "\u0080-\u00bf\u2010-\u206f\u20a0-\u20bf"

_IN_BLOCKS = "".join(f"{first}-{last}" for first, last in LATIN)

SYLLABLES = range(0xAC00, 0xD7A4)
"""Of Korean: made of their parts by arithmetic, which SQL is not asked for."""
INDIC, NOTES = range(0x11000, 0x12000), range(0x1D100, 0x1D200)
"""Blocks beyond the first 65,536 characters of which some are made of others."""
IDEOGRAPHS = (range(0xF900, 0xFB00), range(0x2F800, 0x2FA20))
"""Chinese characters that other standards had twice."""


def exact(text: str, dialect: Dialect) -> str:
    """A text of any character set and collation as one that tells all texts apart."""
    return f"(CONVERT({text} USING {CHARACTERS}) COLLATE {exact_collation(dialect)})"


def takes_for_equal(type_: ColumnType) -> bool:
    """Whether a column may take different texts for equal: all collations do but a few, some by blanks alone."""
    collation = getattr(undecorated(type_), "collation", None)
    return collation is not None and collation not in EXACT


def plain_text(type_: ColumnType, dialect: Dialect) -> str:
    """The text itself; where its column has a collation of its own, under the exact one."""
    return exact("{0}", dialect) if takes_for_equal(type_) else "{0}"


def fold_case(dialect: Dialect) -> str:
    """The text without its case."""
    collation = exact_collation(dialect)
    small = SMALL_ON_MARIADB if collation == EXACT_ON_MARIADB else SMALL_ON_MYSQL
    return f"(LOWER(CONVERT({{0}} USING {CHARACTERS}) COLLATE {small}) COLLATE {collation})"


@cache
def _without_accents() -> str:
    letters = _letters()
    latin = {bare: found for bare, accented in letters.items() if (found := _among(accented, _IN_BLOCKS))}
    marks = ACCENTS_PATTERN.encode().decode("unicode_escape")
    short = _replaced(_stripped("{text}", "[\u0300-\u036f]+"), latin)
    # NFC puts together what stands apart; what is put together without accents need not be taken apart before.
    long = _composed(_replaced(_stripped("{text}", marks), letters))
    return (
        f"(CASE WHEN LENGTH({{text}}) = CHAR_LENGTH({{text}}) THEN {{text}}"
        f" WHEN {{text}} REGEXP '[^[:ascii:]{_IN_BLOCKS}{PUNCTUATION}\u0300-\u036f]' THEN {long} ELSE {short} END)"
    )


def without_accents_sql(dialect: Dialect) -> str:
    """The text without its accents. Regular expressions know classes of letters, not what they are made of."""
    return _without_accents().replace("{text}", exact("{0}", dialect))


def _letters() -> Mapping[str, str]:
    """Letters with accents, by what they are without."""
    found: defaultdict[str, str] = defaultdict(str)
    for letter in map(chr, range(0xC0, 0x10000)):
        if ACCENTS.search(unicodedata.normalize("NFD", letter)):
            found[without_accents(letter)] += letter
    return found


def _among(letters: str, blocks: str) -> str:
    return "".join(re.findall(f"[{blocks}]", letters))


def _stripped(sql: str, marks: str) -> str:
    return f"REGEXP_REPLACE({sql}, '{marks}', '')"


def _replaced(sql: str, letters: Mapping[str, str]) -> str:
    for bare, accented in letters.items():
        if bare in accented or ACCENTS.fullmatch(accented):
            continue
        sql = f"REPLACE({sql}, '{accented}', '{bare}')" if len(accented) == 1 else _class(sql, accented, bare)
    return sql


def _class(sql: str, letters: str, bare: str) -> str:
    return f"REGEXP_REPLACE({sql}, '[{letters}]', '{bare}')"


def _composed(sql: str) -> str:
    for apart, together in _pairs():
        sql = f"REPLACE({sql}, '{apart}', '{together}')"
    return sql


def _pairs() -> Iterable[tuple[str, str]]:
    """Characters that are one in NFC, and what they are in NFD, without accents; also those that are others in NFC."""
    for code in chain(range(0xC0, 0x10000), INDIC, NOTES):
        letter = chr(code)
        if code in SYLLABLES or any(code in ideographs for ideographs in IDEOGRAPHS) or 0xD800 <= code < 0xE000:
            continue
        apart, one = unicodedata.normalize("NFD", letter), unicodedata.normalize("NFC", letter)
        if ACCENTS.search(apart) or apart == letter:
            continue
        yield (apart, letter) if one == letter else (letter, one)


def pattern(words: str) -> str:
    """A pattern of `db.patterns` in the words of PCRE, for which `$` is also before the last end of a line."""
    found = re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]|\$", lambda part: r"\z" if part[0] == "$" else part[0], words, flags=re.S)
    return f"(?s-i){found}"


MATCHES = (
    "(CASE WHEN {0} IS NULL THEN NULL WHEN {0} REGEXP {1} THEN 1"
    f" WHEN {{0}} REGEXP CONCAT('(?s)^(?!.*?(?:', {{1}}, '))') THEN 0 ELSE {error_sql('{0}')} END)"
)
"""Whether a pattern is found. One that takes PCRE too many steps is not found, and only a warning tells: so a text
without the pattern is asked for the opposite. Where neither is found, that is an error."""
