"""Secrets that mean nothing by themselves: they are made here, and kept elsewhere as digests.

256 bits of chance need neither salt nor a slow hash: there is nothing to guess.
"""

import hashlib
import hmac
import secrets
import uuid
from typing import NamedTuple

API_KEY_PREFIX = "trellis_"
"""How every API key begins, so that people and scanners of leaked secrets know one when they see it."""

SHOWN_CHARACTERS = 12
"""How much of an API key is kept in plain text: the prefix and four characters."""

MAX_CHARACTERS = 2048
"""Nothing that we give out is longer. What is longer is refused unread."""


class Parts(NamedTuple):
    """A refresh token or a cookie, taken apart."""

    sign_in: uuid.UUID
    digest: str
    """Of the secret. The secret itself is needed no more."""


def make_secret() -> str:
    """A new secret, of 43 characters that need no escaping anywhere."""
    return secrets.token_urlsafe(32)


def make_api_key() -> str:
    """A new API key."""
    return API_KEY_PREFIX + make_secret()


def digest(secret: str) -> str:
    """What is kept of a secret: its SHA-256 digest, in 64 hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_same(one: str, other: str) -> bool:
    """Whether two digests are the same. The time it takes does not tell how much of them is."""
    return hmac.compare_digest(one, other)


def joined(sign_in: uuid.UUID, secret: str) -> str:
    """The text of a refresh token or a cookie: `<sign-in id>.<secret>`."""
    return f"{sign_in}.{secret}"


def parts(text: str) -> Parts | None:
    """Take a refresh token or a cookie apart; None for what cannot be one."""
    if len(text) > MAX_CHARACTERS:
        return None
    id_, _, secret = text.partition(".")
    try:
        return Parts(uuid.UUID(id_), digest(secret))
    except ValueError:
        return None
