"""Slugs: names as they stand in addresses, the same slug for the same name every time.

Text enters, text leaves.
"""

import unicodedata

from db.text_kinds import TextKind, register_kind

SPOKEN = {"+": " plus ", "#": " sharp "}
"""Signs that tell names apart, spelled out: C, C++ and C# are three subjects."""


def slug_of(name: str) -> str:
    """`The Release Team` → `the-release-team`, `C++` → `c-plus-plus`, `日本語` → `日本語`.

    Letters, digits and marks of every script stay. Case, spacing and punctuation make no difference. Empty when the
    name has neither a letter nor a digit.
    """
    spelled = "".join(SPOKEN.get(character, character) for character in name)
    # Case folding takes a few letters out of their normal form: The Unicode Standard, section 3.13, definition D146.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", spelled).casefold())
    return "-".join("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split())


def check_slug(value: str) -> str:
    """Return a text that is a slug. Raises `ValueError` that says how to write any other."""
    proper = slug_of(value)
    if not proper:
        raise ValueError("a slug needs a letter or a digit, for instance `climbing-roses`")
    if proper != value:
        raise ValueError(f"a slug has small letters, digits and hyphens; write `{proper}`")
    return value


SLUG = register_kind("slug", TextKind(check_slug))
