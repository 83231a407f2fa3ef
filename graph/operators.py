"""Who may see how the server fares: `/metrics`, and detail of its health.

A request enters; nothing leaves, or the response that refuses it. With `TRELLIS_METRICS_TOKEN` whoever sends it may,
without it whoever is on this machine. Why: docs/decisions/0036-start-and-access.md.
"""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import TypeAlias

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graph.http.responses import refusal
from graph.loopback import is_on_this_machine
from graph.settings import Settings

Respond: TypeAlias = Callable[[Request], Awaitable[Response]]

VERBOSE = "verbose"
"""The parameter of an address that asks for detail. Source: https://kubernetes.io/docs/reference/using-api/health-checks/"""

BEARER = b"bearer "


class OperatorAccess:
    """Tells operators from strangers."""

    def __init__(self, settings: Settings) -> None:
        token = settings.metrics_token
        self._token = None if token is None else token.get_secret_value().encode()

    def refused(self, request: Request) -> Response | None:
        """The answer to a stranger; None for an operator."""
        if self._token is None:
            return None if is_on_this_machine(request) else refusal(_elsewhere())
        return None if self._has_token(request, self._token) else refusal(_without_token())

    def only(self, respond: Respond) -> Respond:
        """The same endpoint, for operators."""

        async def guarded(request: Request) -> Response:
            return self.refused(request) or await respond(request)

        return guarded

    def _has_token(self, request: Request, token: bytes) -> bool:
        """Of two headers neither is believed: a proxy may have looked at the other one."""
        sent = [value for name, value in request.headers.raw if name == b"authorization"]
        if len(sent) != 1 or not sent[0].lower().startswith(BEARER):
            return False
        return compare_digest(sent[0][len(BEARER) :].strip(), token)  # as long for a good guess as for a bad one


def _without_token() -> HTTPException:
    message = "Send the token of TRELLIS_METRICS_TOKEN in one header, `Authorization: Bearer …`."
    return HTTPException(401, message, {"WWW-Authenticate": "Bearer"})


def _elsewhere() -> HTTPException:
    return HTTPException(
        403, "Only the server's own machine may see this, or whoever has TRELLIS_METRICS_TOKEN; set it."
    )
