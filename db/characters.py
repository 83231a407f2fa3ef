"""Characters: the small letters of a text, and which characters a text may be made of.

Text enters, text leaves. Nothing is taken out of a text and nothing is composed anew: people find what they wrote.
Source of the law of case, and of what is refused: docs/decisions/0019-texts-without-their-case.md.
"""

import re
import unicodedata

NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Controls (category Cc), and the two characters that end a line without being controls."""

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Controls but tabs and the ends of lines."""

TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of all that follows, also of what stands behind the text on a page: a name could be read
backwards. Source: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters"""

_IGNORABLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
HIDDEN = re.compile(f"[{_IGNORABLE}]")
"""What leaves no mark by itself: `Default_Ignorable_Code_Point`, and what begins and ends annotations.
Source: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt"""

UNSEEN = re.compile(rf"[\s\u2028\u2029\u2800{_IGNORABLE}]+")
"""Blanks, and what leaves no mark by itself."""

FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f")
"""The flag of a region: a black flag, and its name in characters that cannot be seen.
Source: https://www.unicode.org/reports/tr51/#def_emoji_tag_sequence"""
_ACCENTS = (
    r"\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # of Latin, Greek, Cyrillic
    r"\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"  # points of Hebrew
    r"\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"  # and of Arabic
)
ACCENTS_PATTERN = f"[{_ACCENTS}]+"
"""Marks that people leave out when they look for a word, as Python and PostgreSQL write them in a regular expression.
Other marks of category Mn are a letter's own: vowels of Thai and of the scripts of India, the voice of Japanese."""
ACCENTS = re.compile(ACCENTS_PATTERN)
JOINERS = "\u200c\u200d"
MARKS_OF_DIRECTION = "\u200e\u200f\u061c"
VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
"""What chooses another picture for the character before it: an emoji in colours, a form of a Chinese character."""
FROM_RIGHT_TO_LEFT = ("R", "AL")


def fold(text: str) -> str:
    """The text without its case: each letter's own small letter, whatever stands beside it and whoever reads it.

    `str.lower` looks at a word's end and makes ς of a last Σ, and makes two characters of İ.
    """
    return text.lower() if text.isascii() else text.replace("İ", "i").replace("Σ", "σ").lower()  # noqa: RUF001 - Greek is meant


def without_accents(text: str) -> str:
    """The text without its accents: é is e, whether it is written in one character or in two.

    Letters that have no accent but another form, as ø, ł and ß, stay. So do the vowels and signs of scripts that write
    those above or below a letter.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def check_line(text: str) -> str:
    """Return a text that is one line, as names and titles are. Raises `ValueError` that says what to leave out."""
    found = NO_LINE.search(text)
    if found is not None:
        raise ValueError(f"this is one line, and {_named(found[0])} has no place in one; leave it out")
    found = TURNING.search(text)
    if found is not None:
        raise ValueError(f"{_named(found[0])} turns the direction of what follows; leave it out")
    if UNSEEN.fullmatch(text):
        raise ValueError("nothing of this can be seen; write something")
    if not text.isascii():
        _check_hidden(text)
    return text


def _check_hidden(text: str) -> None:
    """Raise `ValueError` for a character that cannot be seen where no script and no emoji needs it.

    Two names that look alike would be two, and a word would not be found. What is needed: joiners and variants between
    the characters that they join or change (https://www.rfc-editor.org/rfc/rfc5892#appendix-A), and marks of direction
    in texts that are read from right to left. The rest no name needs: https://www.rfc-editor.org/rfc/rfc8264#section-9.13
    """
    shown = FLAG.sub("\U0001f3f4", text)
    for found in HIDDEN.finditer(shown):
        if not _has_a_place(shown, found.start()):
            raise ValueError(f"{_named(found[0])} cannot be seen here, and is not needed; leave it out")


def _has_a_place(text: str, at: int) -> bool:
    character, before = text[at], text[at - 1 : at]
    if character in MARKS_OF_DIRECTION:
        return any(unicodedata.bidirectional(letter) in FROM_RIGHT_TO_LEFT for letter in HIDDEN.sub("", text))
    if character in JOINERS:
        return _takes_joiners(before) and _takes_joiners(text[at + 1 : at + 2])
    return VARIANTS.match(character) is not None and _has_variants(before)


def _takes_joiners(character: str) -> bool:
    """Whether it is a mark, a letter of a script without capitals, or a picture: Latin letters are not joined."""
    return character != "" and unicodedata.category(character) in ("Lo", "Lm", "Mn", "Mc", "So", "Sk", "Sm")


def _has_variants(character: str) -> bool:
    """Whether it is a picture, a digit or sign of a key, or a letter of a script without capitals."""
    if character == "" or character.isspace() or HIDDEN.match(character):
        return False
    return unicodedata.category(character) not in ("Lu", "Ll", "Lt") or character == "\u2139"  # a picture by its looks


def check_lines(text: str) -> str:
    """Return a text of many lines. Raises `ValueError` for controls that are neither tabs nor ends of lines."""
    found = NO_TEXT.search(text)
    if found is not None:
        raise ValueError(
            f"of control characters only tabs and ends of lines may stand here; leave {_named(found[0])} out"
        )
    return text


def _named(character: str) -> str:
    return f"U+{ord(character):04X}"
