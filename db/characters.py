"""Characters: the small letters of a text, and which characters a text may be made of.

Text enters, text leaves. Nothing is taken out of a text and nothing is composed anew: people find what they wrote.
Source of the law of case, and of what is refused: docs/decisions/0019-texts-without-their-case.md.
"""

import re

NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Controls (category Cc), and the two characters that end a line without being controls."""

NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Controls but tabs and the ends of lines."""

TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of all that follows, also of what stands behind the text on a page: a name could be read
backwards. Source: https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters"""

UNSEEN = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
"""Blanks, and what leaves no mark by itself (`Default_Ignorable_Code_Point`); inside words, many of them are needed.
Source: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt"""


def fold(text: str) -> str:
    """The text without its case: each letter's own small letter, whatever stands beside it and whoever reads it.

    `str.lower` looks at a word's end and makes ς of a last Σ, and makes two characters of İ.
    """
    return text.lower() if text.isascii() else text.replace("İ", "i").replace("Σ", "σ").lower()  # noqa: RUF001 - Greek is meant


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
    return text


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
