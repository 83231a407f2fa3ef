"""Device cookies: a browser in which somebody has signed in proves that it is the same browser the next time.

An login enters, and the text of a cookie leaves; later both enter, and the browser's id leaves, if we have signed the
text for this login. It lets nobody in: whoever shows one has attempts of their own (`graph.auth.limiting`), which no
stranger can use up. Source: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

import time
import uuid

import jwt

from db.characters import fold
from graph.auth.opaque import MAX_CHARACTERS, digest
from graph.auth.signing import SigningKeys
from graph.settings import DAY_S

ALGORITHM = "HS256"
AUDIENCE = "trellis-device"
"""Not that of access tokens: neither is ever taken for the other."""
LIFE_S = 365 * DAY_S
CLAIMS = ("aud", "sub", "jti", "exp")


class Devices:
    """Signs and reads device cookies. People who share a browser have one each."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def cookie(self, login: str) -> str:
        """The name of a login's cookie."""
        return f"trellis_device_{_subject(login)[:8]}"

    def issue(self, login: str, device: str | None = None) -> str:
        """The text of a cookie, of a browser that is known already or of a new one. Raises `NoKey`."""
        name, key = next(iter(self._keys.by_name.items()))
        claims = {
            "aud": AUDIENCE,
            "sub": _subject(login),
            "jti": device or uuid.uuid4().hex,
            "exp": int(time.time()) + LIFE_S,
        }
        return jwt.encode(claims, key, ALGORITHM, headers={"kid": name})

    def read(self, login: str, text: str | None) -> str | None:
        """The id of the browser; None for a text that is not of this login, not of us, or too old. Raises `NoKey`."""
        if text is None or len(text) > MAX_CHARACTERS:
            return None
        try:
            key = self._keys.by_name[jwt.get_unverified_header(text)["kid"]]
            options: jwt.types.Options = {"require": list(CLAIMS), "strict_aud": True}
            claims = jwt.decode(text, key, algorithms=[ALGORITHM], audience=AUDIENCE, options=options)
        except (jwt.InvalidTokenError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return None
        return str(claims["jti"]) if claims["sub"] == _subject(login) else None


def _subject(login: str) -> str:
    return digest(fold(login.strip()))
