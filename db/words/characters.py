"""How a text becomes words: each character has a form, whatever stands beside it.

A text enters, words leave. The form of a character is a text in which `*` stands for the character itself: letters
without case and accents, a space for what stands between words, nothing for what is ignored. A character of a script
without spaces is a word of its own, and so is a sign such as an emoji. So a name in Chinese is a phrase of its
characters, and a part of it is found.

The forms never change, because indexes are made of them: they come from Unicode 3.2, which Python keeps beside the
newest, and from case folding, which Unicode promises to keep. A character that is younger is a word of its own.
Sources: https://docs.python.org/3/library/unicodedata.html#unicodedata.ucd_3_2_0,
https://www.unicode.org/policies/stability_policy.html#Case_Folding.
"""

from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple
from unicodedata import ucd_3_2_0 as unicode

KEPT = "*"
ALONE = " * "
BETWEEN = " "
DROPPED = ""

FIRST_BEYOND_ASCII = 0x80
FORMS_AT_HAND = 2**14

WITHOUT_SPACES = (
    range(0x0E00, 0x1000),  # Thai, Lao, Tibetan
    range(0x1000, 0x10A0),  # Myanmar
    range(0x1100, 0x1200),  # the letters of Hangul, for texts that keep syllables in parts
    range(0x1780, 0x1800),  # Khmer
    range(0x2E80, 0x3000),  # radicals
    range(0x3005, 0x3008),
    range(0x3021, 0xA4D0),  # kana, Bopomofo, Han, Yi
    range(0xAC00, 0xD7A4),  # Hangul: it has spaces, but endings are written to the word
    range(0xF900, 0xFB00),
    range(0x20000, 0x40000),
)
"""Scripts of which each letter, mark and digit is a word."""

IGNORED = (
    range(0x00AD, 0x00AE),  # where a word may be broken
    range(0x034F, 0x0350),  # a joiner
    range(0x0640, 0x0641),  # what makes an Arabic word longer
    range(0xFE00, 0xFE10),  # variants of the character before
    range(0xE0100, 0xE01F0),
)

OTHERWISE = {
    "ı": "i",  # noqa: RUF001 - Turkish
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ħ": "h",
    "ŧ": "t",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ẞ": "ss",  # younger than 3.2
    "ʼ": " ",  # an apostrophe, though Unicode has it for a letter  # noqa: RUF001 - and looks like one
}
"""Letters, folded, that Unicode does not take apart, as people without these keys write them."""

VIRAMA = 9
"""The combining class of signs that join consonants; other classes above 0 are of accents and points."""

VARIED = (
    range(FIRST_BEYOND_ASCII, 0x3400),
    range(0xA000, 0xAC00),
    range(0xD7A4, 0x20000),
    range(0x2F800, 0x2FA21),
    range(0xE0000, 0xE0200),
)
"""Where forms vary. Between these ranges and after the last, each character is alone, as each range's last one is."""
SURROGATES = range(0xD800, 0xE000)


class Run(NamedTuple):
    """Code points of one form: from `first` to where the next run begins."""

    first: int
    form: str


def words(text: str) -> list[str]:
    """The words of a text in their order: `Ŵell-known “Café”` → `well`, `known`, `cafe`."""
    written = "".join(form(character).replace(KEPT, character) for character in text)
    return [word for word in written.split(" ") if word]


@lru_cache(FORMS_AT_HAND)
def form(character: str) -> str:
    """The form of one character; of an ASCII character never with a `*`."""
    if character.isascii():
        return character.lower() if character.isalnum() else BETWEEN
    if _is_in(character, IGNORED):
        return DROPPED
    if character in OTHERWISE:
        return OTHERWISE[character]
    kind = unicode.category(character)
    if kind[0] in "LMN":
        return "".join(map(_form_of_part, _parts(character))).replace(character, KEPT)
    if kind in ("So", "Cn", "Co"):
        return ALONE
    return DROPPED if kind == "Cf" else BETWEEN


@cache
def runs() -> tuple[Run, ...]:
    """The forms of all characters beyond ASCII."""
    found: list[Run] = []
    for code in chain(*VARIED):
        if code in SURROGATES:
            continue
        its_form = form(chr(code))
        if not found or found[-1].form != its_form:
            found.append(Run(code, its_form))
    return tuple(found)


def _parts(character: str) -> str:
    """The letters and marks that it is made of, folded. Characters without spaces stay whole."""
    if _is_in(character, WITHOUT_SPACES):
        return unicode.normalize("NFKC", character)
    return unicode.normalize("NFKD", unicode.normalize("NFKD", character).casefold())


def _form_of_part(part: str) -> str:
    if part.isascii():
        return part if part.isalnum() else BETWEEN
    if part in OTHERWISE:
        return OTHERWISE[part]
    kind = unicode.category(part)
    if kind[0] not in "LMN":
        return DROPPED if kind == "Cf" else BETWEEN
    if _is_in(part, WITHOUT_SPACES):
        return f" {part} "
    return part if unicode.combining(part) in (0, VIRAMA) else DROPPED


def _is_in(character: str, ranges: tuple[range, ...]) -> bool:
    return any(ord(character) in each for each in ranges)
