"""Names become addresses: the same every time, and never one address for two names.

Text enters, text leaves.
"""

import hashlib
import re
import unicodedata

PLACEHOLDER_DOMAIN = "authors.invalid"
"""No mail will ever arrive there. Source: RFC 2606, section 2."""

LOCAL_PART_LENGTH = 64
"""What may stand before the @. Source: RFC 5321, section 4.5.3.1.1."""

DIGEST_LENGTH = 16

BREAKS = re.compile(r"[\t-\r\x85\u2028\u2029]+")
"""Tabs and the ends of lines."""


def tidy(text: str) -> str:
    """A name in one form: composed letters (NFC), single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def on_one_line(text: str) -> str:
    """A title whose lines stand behind each other, with no blanks at the ends; nothing else is changed."""
    return BREAKS.sub(" ", text).strip()


def placeholder_email(name: str) -> str:
    """An address for an author who gave none: `niko-matsakis@authors.invalid`.

    Distinct for distinct (tidy) names. Where the readable part does not give back the whole name, a digest of the
    name follows a dot: `remy-rakic.5a3e…@authors.invalid`. A readable part alone never holds a dot.
    """
    ascii_letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", ascii_letters.lower())
    readable = "-".join(words)
    if " ".join(word.capitalize() for word in words) == name and 0 < len(readable) <= LOCAL_PART_LENGTH:
        return f"{readable}@{PLACEHOLDER_DOMAIN}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
    shortened = readable[: LOCAL_PART_LENGTH - DIGEST_LENGTH - 1].strip("-") or "author"
    return f"{shortened}.{digest}@{PLACEHOLDER_DOMAIN}"
