"""The words of `db.words.characters` in SQLite: a table of characters, an expression, and a query of FTS5.

The expression needs nothing but SQLite, so triggers work for every program that writes. It turns all that is beyond
ASCII into words; the rest is done by FTS5's tokenizer `ascii`, which parts at ASCII punctuation and folds ASCII case.
Sources: https://www.sqlite.org/fts5.html#ascii_tokenizer, https://www.sqlite.org/fts5.html#full_text_query_syntax.
"""

from collections.abc import Callable

from db.words.characters import FIRST_BEYOND_ASCII, KEPT, runs
from db.words.query import Alternatives, Phrase, Query

CHARACTERS = "search_characters"
"""The table of forms: each from its code point to the next."""

TOKENIZER = "ascii"

_PIECE = 200
"""How many characters are looked at together: a piece of ASCII alone, as most are, is taken as a whole."""

_BEYOND_ASCII = f"'*[^' || char(1) || '-' || char({FIRST_BEYOND_ASCII - 1}) || ']*'"


def create(execute: Callable[[str], None]) -> None:
    """Create the table of characters. What it says never changes: indexes are made of it."""
    execute(f"CREATE TABLE {CHARACTERS} (first INTEGER PRIMARY KEY, form TEXT NOT NULL)")
    rows = ", ".join(f"({run.first}, '{run.form}')" for run in runs())
    execute(f"INSERT INTO {CHARACTERS} (first, form) VALUES {rows}")


def drop(execute: Callable[[str], None]) -> None:
    """Drop the table, after the triggers that read it."""
    execute(f"DROP TABLE {CHARACTERS}")


def words_of(text: str) -> str:
    """SQL for the words of a text, as the tokenizer takes them; null for null. `text` is an SQL expression."""
    letter = "substr(part, at, 1)"
    form = f"SELECT form FROM {CHARACTERS} WHERE first <= unicode({letter}) ORDER BY first DESC LIMIT 1"
    return f"""(
        WITH RECURSIVE pieces (part, rest) AS (
            SELECT substr({text}, 1, {_PIECE}), substr({text}, {_PIECE + 1})
            UNION ALL SELECT substr(rest, 1, {_PIECE}), substr(rest, {_PIECE + 1}) FROM pieces WHERE rest <> ''
        )
        SELECT group_concat(CASE WHEN part NOT GLOB {_BEYOND_ASCII} THEN part ELSE (
            WITH RECURSIVE letters (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM letters WHERE at < length(part))
            SELECT group_concat(
                CASE WHEN unicode({letter}) < {FIRST_BEYOND_ASCII} THEN {letter}
                ELSE replace(({form}), '{KEPT}', {letter}) END, ''
            ) FROM letters
        ) END, '') FROM pieces
    )"""


def fts5_query(query: Query) -> str:
    """The query for all columns; of no word where nothing is wanted."""
    if not query.wanted:
        return '""'
    wanted = " AND ".join(map(any_of, query.wanted))
    return f"({wanted}) NOT ({' OR '.join(map(any_of, query.unwanted))})" if query.unwanted else wanted


def any_of(group: Alternatives) -> str:
    """The query for one of the phrases."""
    return f"({' OR '.join(map(_phrase, group))})"


def _phrase(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.words)}"' + (" *" if phrase.is_beginning else "")
