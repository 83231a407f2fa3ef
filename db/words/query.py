"""What people look for: words, "phrases", `or` between two of them, -exclusions, and `beginnings*`.

A text enters, a `Query` of words leaves; no text is wrong, only too much. What each means:
docs/decisions/0020-search.md.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple, TypeAlias, TypeVar

from db.words.characters import words
from db.words.english import forms

T = TypeVar("T")

MAX_CHARACTERS = 4_000
MAX_PARTS = 32
"""Words and phrases of one query, exclusions among them."""
MAX_WORDS = 200
"""Words of one query, those of phrases counted one by one."""

QUOTES = str.maketrans(dict.fromkeys("“”„‟＂", '"'))  # noqa: RUF001 - the one of full width is meant
PART = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
"""A word or a phrase, with a minus or without."""


class Phrase(NamedTuple):
    """Words that stand side by side in one field."""

    words: tuple[str, ...]
    is_beginning: bool = False
    """Whether the last one may go on: `gard*`."""


Alternatives: TypeAlias = tuple[Phrase, ...]
"""Phrases of which one is enough."""


class Query(NamedTuple):
    """What a text must have, and what it must not have."""

    wanted: tuple[Alternatives, ...]
    """Each of them; when there is none, nothing is found."""
    unwanted: tuple[Alternatives, ...]
    """None of them."""


class QueryTooLong(ValueError):
    """More than one search looks for; the sentence says how much is."""


class _Part(NamedTuple):
    excludes: bool
    joins: bool
    """Whether it is `or`."""
    alternatives: Alternatives


def query_of(text: str) -> Query:
    """Read a text. Raises `QueryTooLong`."""
    if len(text) > MAX_CHARACTERS:
        raise QueryTooLong(f"{len(text):,} characters are too many to look for; send at most {MAX_CHARACTERS:,}")
    parts = [part for part in _parts(text) if part.joins or part.alternatives]
    _check(set(parts))
    unwanted = [part.alternatives for part in parts if part.excludes]
    return Query(_each_once(_joined(parts)), _each_once(unwanted))


def _check(parts: Set[_Part]) -> None:
    groups = [part.alternatives for part in parts if not part.joins]
    if len(groups) > MAX_PARTS:
        raise QueryTooLong(f"{len(groups):,} words and phrases are too many to look for; send at most {MAX_PARTS}")
    count = sum(len(first.words) for first, *_ in groups)
    if count > MAX_WORDS:
        raise QueryTooLong(f"{count:,} words are too many to look for; send at most {MAX_WORDS}")


def _parts(text: str) -> Iterator[_Part]:
    for minus, phrase, word in PART.findall(text.translate(QUOTES)):
        joins = not minus and word.casefold() == "or"
        yield _Part(bool(minus), joins, () if joins else _each_once(_alternatives(phrase or word, exactly=not word)))


def _joined(parts: Iterable[_Part]) -> list[Alternatives]:
    """What is wanted. An `or` joins the wanted parts at its two sides; elsewhere it says nothing."""
    wanted: list[Alternatives] = []
    may_join = joins = False
    for part in parts:
        if part.joins:
            joins = may_join
            continue
        if joins and not part.excludes:
            wanted[-1] = _each_once([*wanted[-1], *part.alternatives])
        elif not part.excludes:
            wanted.append(part.alternatives)
        may_join, joins = not part.excludes, False
    return wanted


def _each_once(things: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(things))


def _alternatives(text: str, *, exactly: bool) -> Iterator[Phrase]:
    """The phrases that are meant by a part; none when there is no word in it."""
    is_beginning = text.endswith("*") and bool(words(text.rstrip("*")[-1:]))
    for written in map(tuple, map(words, _spellings(text))):
        if len(written) == 1 and not (exactly or is_beginning):
            yield from (Phrase((word,)) for word in forms(*written))
        elif written:
            yield Phrase(written, is_beginning)


def _spellings(text: str) -> Iterator[str]:
    """As it is written, and with the characters of Hangul and kana in one piece and in parts."""
    yield text
    yield unicodedata.normalize("NFKC", text)
    yield unicodedata.normalize("NFKD", text)
