"""Slugs: names as they stand in addresses, the same slug for the same name every time.

Text enters, text leaves.
"""

import re
import unicodedata

from db.characters import HIDDEN
from db.text_kinds import TextKind, register_kind

SPOKEN = {"+": " plus ", "#": " sharp "}
"""Signs that tell names apart, spelled out: C, C++ and C# are three subjects."""
_WORD = re.compile("[a-z0-9]+")
"""What stays of a name in ASCII, where no letter has another form and none is hidden."""


def slug_of(name: str) -> str:
    """`The Release Team` → `the-release-team`, `C++` → `c-plus-plus`, `日本語` → `日本語`.

    Letters, digits and marks of every script stay, those that can be seen. Case, spacing and punctuation make no
    difference. Empty when the name has neither a letter nor a digit.
    """
    spelled = name
    for sign, word in SPOKEN.items():
        spelled = spelled.replace(sign, word)
    if spelled.isascii():
        return "-".join(_WORD.findall(spelled.lower()))
    # Case folding takes a few letters out of their normal form: The Unicode Standard, section 3.13, definition D146.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", spelled).casefold())
    return "-".join("".join(map(_part, folded)).split())


def _part(character: str) -> str:
    """What a character is in a slug: itself, a gap, or nothing where it is a letter or a mark that cannot be seen."""
    if unicodedata.category(character)[0] not in "LMN":
        return " "
    return "" if HIDDEN.match(character) else character


def check_slug(value: str) -> str:
    """Return a text that is a slug. Raises `ValueError` that says how to write any other."""
    proper = slug_of(value)
    if not proper:
        raise ValueError("a slug needs a letter or a digit, for instance `climbing-roses`")
    if proper != value:
        raise ValueError(f"a slug has small letters, digits and hyphens; write `{proper}`")
    return value


SLUG = register_kind("slug", TextKind(check_slug))
