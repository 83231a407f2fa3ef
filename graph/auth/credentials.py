"""Credentials as a request brings them: headers that nobody has decoded yet enter; a header and a cookie leave.

Nothing is believed here.
"""

from typing import NamedTuple

import orjson
from jwt.utils import base64url_decode
from starlette.requests import HTTPConnection

from graph.errors import Unauthenticated

PARTS = 3
"""Of a JSON Web Token: header, claims and signature. Source: https://www.rfc-editor.org/rfc/rfc7515#section-3.1"""
MAX_TOKEN = 16_384
"""Characters. What is longer is nobody's token."""


class Credentials(NamedTuple):
    """What a request says of who has sent it; None for what is not there."""

    authorization: bytes | None
    cookie: str | None

    @property
    def are_given(self) -> bool:
        """Whether there are any."""
        return self.authorization is not None or bool(self.cookie)

    def bearer(self) -> str | None:
        """The token of the header; None without the header. Raises `Unauthenticated` for another scheme."""
        if self.authorization is None:
            return None
        scheme, _, text = self.authorization.decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated
        return text.strip()

    def begins_with(self, prefix: str) -> bool:
        """Whether the header has a token that begins so."""
        scheme, _, text = (self.authorization or b"").partition(b" ")
        return scheme.lower() == b"bearer" and text.lstrip().startswith(prefix.encode("ascii"))

    def issuer(self) -> str | None:
        """Whose JSON Web Token the header says that it has: empty for one that does not say; None for something else.

        Nothing is believed of it: whoever it belongs to verifies the token.
        """
        scheme, _, text = (self.authorization or b"").partition(b" ")
        parts = text.strip().split(b".")
        if scheme.lower() != b"bearer" or len(parts) != PARTS or len(text) > MAX_TOKEN:
            return None
        try:
            claims = orjson.loads(base64url_decode(parts[1]))
        except ValueError:
            return None
        issuer = claims.get("iss", "") if isinstance(claims, dict) else None
        return issuer if isinstance(issuer, str) else None


def credentials_of(request: HTTPConnection, cookie: str) -> Credentials:
    """The `Authorization` header and the cookie of this name: one look at headers that are not decoded.

    Raises `Unauthenticated` for two such headers: whoever stands before us may have looked at the other one.
    """
    authorization, may_have_cookie, name = None, False, cookie.encode()
    for header, value in request.scope["headers"]:
        if header == b"authorization":
            if authorization is not None:
                raise Unauthenticated
            authorization = value
        elif header == b"cookie" and name:
            may_have_cookie = may_have_cookie or name in value
    return Credentials(authorization, request.cookies.get(cookie) if may_have_cookie else None)
