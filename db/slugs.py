"""Slugs: names as they stand in addresses, the same slug for the same name every time.

Text enters, text leaves.
"""

import unicodedata

SPOKEN = {"+": " plus ", "#": " sharp "}
"""Signs that tell names apart, spelled out: C, C++ and C# are three subjects."""


def slug_of(name: str) -> str:
    """`The Release Team` → `the-release-team`, `C++` → `c-plus-plus`, `日本語` → `日本語`.

    Letters, digits and marks of every script stay. Case, spacing and punctuation make no difference. Empty when the
    name has neither a letter nor a digit.
    """
    spelled = "".join(SPOKEN.get(character, character) for character in name)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", spelled).casefold())
    return "-".join("".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split())
