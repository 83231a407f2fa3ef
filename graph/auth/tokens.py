"""Access tokens: signed texts that name a user and a sign-in, and hold for some minutes.

A user and a sign-in enter, a text leaves; later the text enters and both leave, if we have signed it and it is still
good. Whether the sign-in is still good, only the database knows.
Source: https://www.rfc-editor.org/rfc/rfc8725 (best practices for JSON Web Tokens).
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import jwt

from db.base import utcnow
from graph.auth.key_file import KEY_FILE
from graph.auth.opaque import MAX_CHARACTERS
from graph.auth.signing import SigningKeys
from graph.settings import Settings

ALGORITHM = "HS256"
ISSUER = "trellis"
AUDIENCE = "trellis"
CLAIMS = ("iss", "aud", "sub", "sid", "iat", "exp")
LEEWAY_S = 10
"""How much the clock of the server that has signed may be ahead. Of a token's end it takes nothing away."""

MAX_REMEMBERED = 10_000
"""How many tokens are remembered as verified: to verify one takes longer than to ask the database for its sign-in."""


@dataclass(frozen=True)
class AccessToken:
    """A token, and when it ends."""

    text: str = field(repr=False)
    expires_at: datetime


class Claims(NamedTuple):
    """What a token says."""

    user_id: int
    sign_in: uuid.UUID


class _Verified(NamedTuple):
    claims: Claims
    ends: float


class Tokens:
    """Signs and reads access tokens."""

    def __init__(self, settings: Settings, key_file: Path = KEY_FILE) -> None:
        self.keys = SigningKeys(settings, key_file)
        self._life = timedelta(seconds=settings.access_token_s)
        self._verified: dict[str, _Verified] = {}

    def check(self) -> None:
        """See that there is a key. Raises `NoKey` as `issue` does."""
        assert self.keys.by_name

    def issue(self, user_id: int, sign_in: uuid.UUID, *, now: datetime | None = None) -> AccessToken:
        """A new token. Raises `NoKey` when the settings have no key and no file can be written."""
        now = now or utcnow()
        expires_at = (now + self._life).replace(microsecond=0)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "sid": str(sign_in),
            "iat": int(now.timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        name, key = next(iter(self.keys.by_name.items()))
        return AccessToken(jwt.encode(claims, key, ALGORITHM, headers={"kid": name}), expires_at)

    def read(self, text: str) -> Claims | None:
        """What a token says; None for one that we have not signed, that has ended, or that says something else.

        Raises `NoKey` as `issue` does.
        """
        verified = self._verified.get(text) or self._verify(text)
        return verified.claims if verified is not None and time.time() < verified.ends else None

    def _verify(self, text: str) -> _Verified | None:
        if len(text) > MAX_CHARACTERS:
            return None
        try:
            header = jwt.get_unverified_header(text)
            if "crit" in header:  # it may ask for what we do not know of
                return None
            claims = jwt.decode(
                text,
                self.keys.by_name[header["kid"]],
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=LEEWAY_S,
                options={"require": list(CLAIMS), "strict_aud": True},
            )
            verified = _Verified(Claims(int(claims["sub"]), uuid.UUID(claims["sid"])), claims["exp"])
        except (jwt.InvalidTokenError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        if len(self._verified) >= MAX_REMEMBERED:
            self._verified.clear()
        self._verified[text] = verified
        return verified
