"""Credentials as a request brings them: headers that nobody has decoded yet enter; a header and a cookie leave.

Nothing is believed here.
"""

from typing import NamedTuple

from starlette.requests import HTTPConnection

from graph.errors import Unauthenticated


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
