"""Regular expressions that every database reads alike, and answers in time.

A pattern of a client enters; the same leaves in the words that all engines have in common, or `ValueError` says what
cannot be and what to write instead. Letters, classes, groups, alternatives and repetitions mean the same in POSIX's
advanced expressions and in RE2; so none of the rest is taken. What makes engines slow is refused: references back,
nesting and counted repetitions without end. Nothing is matched here.
Sources: https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS,
https://github.com/google/re2/wiki/Syntax
"""

import re
import sys
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

from db.characters import fold

MAX_CHARACTERS = 500
MAX_DEPTH = 10
"""How deep groups may be inside one another."""
MAX_REPEATED = 100
"""How often at most something may be counted to stand."""
MAX_SIZE = 1_000
"""How many characters and classes a pattern may have with its repetitions written out."""
MAX_OPTIONAL = 100
"""How many of its parts may be left out, counted so. To prepare `((a?){20}){20}` takes PostgreSQL 18 six seconds, and
`((a?){10}){10}` ten milliseconds."""

CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\r\f\v"}
CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_COUNTED = re.compile(r"\{(\d{1,9})(?:(,)(\d{0,9}))?\}")
SPECIAL = frozenset(r".^$*+?{}[]()|\-/")


class Pattern(NamedTuple):
    """A pattern in the common words."""

    text: str
    fits_everything: bool
    """Whether every text is found by it, as far as its form tells."""


class _Part(NamedTuple):
    text: str
    size: int
    may_be_empty: bool
    optional: int = 0
    """How many parts of it may be left out, with repetitions written out."""


@lru_cache(100)
def pattern(text: str) -> Pattern:
    """A pattern that tells upper case from lower. Raises `ValueError`."""
    return _Reader(text, lambda letters: letters, folded=False).whole()


@lru_cache(100)
def folded_pattern(text: str) -> Pattern:
    """The same for texts without their case: docs/decisions/0019-texts-without-their-case.md. Raises `ValueError`."""
    return _Reader(text, fold, folded=True).whole()


class _Reader:
    """One pattern, read from left to right."""

    def __init__(self, text: str, letters: Callable[[str], str], *, folded: bool) -> None:
        self._text = text
        self._letters = letters
        self._is_folded = folded
        self._at = 0
        self._anchors: set[str] = set()

    def whole(self) -> Pattern:
        if len(self._text) > MAX_CHARACTERS:
            raise ValueError(f"{len(self._text)} characters are too many for a pattern; send at most {MAX_CHARACTERS}")
        found = self._alternatives(0)
        if self._next():
            raise self._refusal("this closes no group; write \\) for the character")
        if found.size > MAX_SIZE:
            raise ValueError(
                f"with its repetitions written out, the pattern has more than {MAX_SIZE} parts; shorten it"
            )
        if found.optional > MAX_OPTIONAL:
            raise ValueError(
                f"with its repetitions written out, more than {MAX_OPTIONAL} parts of the pattern may be left out;"
                " repeat fewer of them"
            )
        return Pattern(found.text, found.may_be_empty and len(self._anchors) < 2)

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        found = self._next()
        self._at += 1
        return found

    def _refusal(self, reason: str) -> ValueError:
        return ValueError(f"at character {self._at + 1} of the pattern: {reason}")

    def _alternatives(self, depth: int) -> _Part:
        if depth > MAX_DEPTH:
            raise self._refusal(f"groups may nest {MAX_DEPTH} deep; flatten them")
        found = [self._sequence(depth)]
        while self._next() == "|":
            self._take()
            found.append(self._sequence(depth))
        return _put_together("|", found, any(it.may_be_empty for it in found))

    def _sequence(self, depth: int) -> _Part:
        found: list[_Part] = []
        while (character := self._next()) and character not in "|)":
            found.append(self._anchor() if character in "^$" else self._repeated(self._one(depth)))
        return _put_together("", found, all(it.may_be_empty for it in found))

    def _anchor(self) -> _Part:
        character = self._take()
        self._anchors.add(character)
        if self._next() and self._next() in "*+?{":
            raise self._refusal("the end of a text cannot be repeated; leave this out")
        return _Part(character, 1, True)

    def _one(self, depth: int) -> _Part:
        """A character, a class, or a group."""
        character = self._next()
        if character == "(":
            return self._group(depth)
        if character == "[":
            return _Part(self._class(), 1, False)
        if character == "\\":
            return _Part(self._escape(), 1, False)
        if character in "*+?{":
            raise self._refusal(f"there is nothing to repeat; write \\{character} for the character")
        self._take()
        return _Part("." if character == "." else "".join(map(_literal, self._letters(character))), 1, False)

    def _group(self, depth: int) -> _Part:
        self._take()
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._next() == "?":
            raise self._refusal("groups with names, options and looks ahead or behind are not taken; write ( or (?:")
        inner = self._alternatives(depth + 1)
        if self._take() != ")":
            raise self._refusal("a group is not closed; write ) at its end, or \\( for the character")
        return inner._replace(text=f"(?:{inner.text})")

    def _repeated(self, part: _Part) -> _Part:
        """A part, and how often it stands. Whether few or many are preferred makes no text fit or not."""
        character = self._next()
        if not character or character not in "*+?{":
            return part
        least, most, words = self._count()
        if self._next() == "?":
            self._take()
        if self._next() and self._next() in "*+?{":
            raise self._refusal("this is repeated already; write a group around what is repeated")
        times, inside = max(most, 1), max(part.optional, part.may_be_empty)
        may_be_empty = least == 0 or part.may_be_empty
        return _Part(f"{part.text}{words}", part.size * times, may_be_empty, inside * times + (least == 0))

    def _count(self) -> tuple[int, int, str]:
        """The least and the greatest number, and how both are written."""
        character = self._next()
        if character != "{":
            self._take()
            return {"*": (0, 1, "*"), "+": (1, 1, "+"), "?": (0, 1, "?")}[character]
        found = _COUNTED.match(self._text, self._at)
        if found is None:
            raise self._refusal("this is no number of repetitions; write {2}, {2,} or {2,5}, or \\{ for the character")
        least = int(found[1])
        most = int(found[3]) if found[3] else least
        if most > MAX_REPEATED or most < least:
            raise self._refusal(f"repetitions go from a number to one that is not less, {MAX_REPEATED} at most")
        self._at = found.end()
        return least, most, f"{{{least}{found[2] or ''}{most if found[3] else ''}}}"

    def _escape(self) -> str:
        """What a backslash begins, outside of classes."""
        self._take()
        character = self._next()
        if character.lower() in CLASSES:
            self._take()
            return f"[{'^' if character.isupper() else ''}{_members(CLASSES[character.lower()])}]"
        return "".join(map(_literal, self._letters(self._escaped())))

    def _escaped(self) -> str:
        """The character behind a backslash."""
        character = self._next()
        if character in CONTROLS and character:
            self._take()
            return CONTROLS[character]
        if not character or character.isalnum() or not character.isascii():
            raise self._refusal(
                "a backslash stands before d, D, w, W, s, S, t, n, r, f, v and before signs; write \\\\ for itself"
            )
        return self._take()

    def _class(self) -> str:
        """One of some characters, or none of them."""
        self._take()
        negated = self._next() == "^"
        if negated:
            self._take()
        members: list[str] = []
        while self._next() != "]":
            if not self._next():
                raise self._refusal("a class is not closed; write ] at its end, or \\[ for the character")
            members.append(self._member())
        if not members:
            raise self._refusal("a class is not empty; write \\] for the character")
        self._take()
        return f"[{'^' if negated else ''}{''.join(members)}]"

    def _member(self) -> str:
        first = self._class_character()
        if len(first) > 1:  # a class of its own
            return first
        if self._next() != "-" or self._text[self._at + 1 : self._at + 2] in ("]", ""):
            return "".join(map(_in_class, {first: None, **dict.fromkeys(self._letters(first))}))
        self._take()
        last = self._class_character()
        if len(last) > 1 or last < first:
            raise self._refusal("a range goes from one character to a later one; exchange them")
        return f"{_in_class(first)}-{_in_class(last)}{''.join(map(_in_class, self._small_letters(first, last)))}"

    def _class_character(self) -> str:
        character = self._next()
        if character == "[":
            raise self._refusal("in a class this is written \\[")
        if character != "\\":
            return self._take()
        self._take()
        if self._next() and self._next() in CLASSES:
            return _members(CLASSES[self._take()])
        return self._escaped()

    def _small_letters(self, first: str, last: str) -> list[str]:
        """Those of the letters in a range, where texts have no others."""
        if not self._is_folded:
            return []
        small = {low for capital, low in _capitals() if first <= capital <= last}
        return sorted(low for low in small if not first <= low <= last)


def _put_together(between: str, parts: list[_Part], may_be_empty: bool) -> _Part:
    text = between.join(it.text for it in parts)
    return _Part(text, sum(it.size for it in parts), may_be_empty, sum(it.optional for it in parts))


@cache
def _capitals() -> list[tuple[str, str]]:
    """All letters that have a small one, and that."""
    letters = map(chr, range(sys.maxunicode + 1))
    return [(letter, small) for letter in letters if (small := fold(letter)) != letter]


def _members(words: str) -> str:
    for name, control in CONTROLS.items():
        words = words.replace(f"\\{name}", control)
    return words


def _literal(character: str) -> str:
    return f"\\{character}" if character in SPECIAL else character


def _in_class(character: str) -> str:
    return f"\\{character}" if character in "[]\\^-" else character
