"""The words of `db.words.characters` in PostgreSQL: two functions, and a query in its terms.

Nothing here depends on the locale of a database or on its version's Unicode: case is folded and words are parted by
our own table, and a `tsvector` is made of the words as they are. It has no positions, for PostgreSQL keeps 256 of a
word and none above 16,383; whether words stand side by side is seen in the text of words.
Sources: https://www.postgresql.org/docs/current/textsearch-limitations.html,
https://www.postgresql.org/docs/current/functions-textsearch.html.
"""

import json
from collections.abc import Callable

from db.words.characters import FIRST_BEYOND_ASCII, KEPT, runs
from db.words.query import Alternatives, Phrase, Query

WORDS = "trellis_words"
"""`(text)`: its words, each with a space before and behind it."""
VECTOR = "trellis_word_vector"
"""`(text)`: the `tsvector` of such words."""

KEPT_LETTERS = 100
"""How much of a word is in a vector: no lexeme may be longer than 2,046 bytes."""

OR = "|"
NOWHERE = "' '"
"""A query for a word that no text has."""

_BETWEEN = r"[\u0001-\u002f\u003a-\u0060\u007b-\u007f]+"
"""ASCII characters but digits and small letters. By their numbers: the letters of a range depend on no locale."""


def create(execute: Callable[[str], None]) -> None:
    """Create the functions. What they say never changes: indexes are made of it."""
    starts = ",".join(str(run.first) for run in runs())
    forms = json.dumps([run.form for run in runs()], ensure_ascii=False)
    execute(
        f"""
        CREATE FUNCTION {WORDS}(given text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
        BEGIN
            IF octet_length(given) > char_length(given) THEN
                given := array_to_string(ARRAY(
                    SELECT CASE WHEN ascii(letter) < {FIRST_BEYOND_ASCII} THEN letter ELSE replace(
                        CAST('{forms}' AS jsonb) ->> (width_bucket(ascii(letter), CAST('{{{starts}}}' AS int[])) - 1),
                        '{KEPT}', letter) END
                    FROM unnest(string_to_array(given, NULL)) AS letter
                ), '');
            END IF;
            RETURN regexp_replace(lower((' ' || given || ' ') COLLATE "C"), '{_BETWEEN}', ' ', 'g');
        END $$
        """
    )
    execute(
        f"""
        CREATE FUNCTION {VECTOR}(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
            SELECT array_to_tsvector(ARRAY(
                SELECT left(word, {KEPT_LETTERS}) FROM unnest(string_to_array(words, ' ')) AS word WHERE word <> ''
            ))
        $$
        """
    )


def drop(execute: Callable[[str], None]) -> None:
    """Drop the functions, after all that is made of them."""
    execute(f"DROP FUNCTION {VECTOR}(text)")
    execute(f"DROP FUNCTION {WORDS}(text)")


def tsquery(query: Query) -> str:
    """What the vectors fulfil that may be meant; none of them where nothing is wanted. See `patterns`."""
    if not query.wanted:
        return NOWHERE
    wanted = map(any_of, query.wanted)
    unwanted = (f"!{any_of(group)}" for group in query.unwanted if not patterns(group))
    return " & ".join([*wanted, *unwanted])


def patterns(group: Alternatives) -> str:
    """For LIKE, with `OR` between them: of texts of words with one of the phrases; none where vectors tell as much."""
    if all(len(phrase.words) == 1 and len(phrase.words[0]) < KEPT_LETTERS for phrase in group):
        return ""
    return OR.join(map(_pattern, group))


def any_of(group: Alternatives) -> str:
    """What a vector fulfils that has all words of one of the phrases, though perhaps not side by side."""
    return f"({' | '.join(f'({_all_of(phrase)})' for phrase in group)})"


def _all_of(phrase: Phrase) -> str:
    *first, last = (f"'{word[:KEPT_LETTERS]}'" for word in phrase.words)
    return " & ".join(dict.fromkeys([*first, f"{last}:*" if phrase.is_beginning else last]))


def _pattern(phrase: Phrase) -> str:
    return f"% {' '.join(phrase.words)}{'' if phrase.is_beginning else ' '}%"
