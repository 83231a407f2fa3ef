"""Who asks over a socket or a stream, for as long as it is open: asked anew every few seconds.

A connection enters with its viewer. When nobody vouches for the credentials any more, or the viewer has changed,
whoever has the socket is told. Those who sent the same credentials from the same place are asked for together.
"""

from collections.abc import Hashable

from starlette.requests import HTTPConnection

from graph.viewer import Viewer

OF_ONE_SOCKET = (b"sec-websocket-", b"x-request-id", b"traceparent", b"last-event-id", b"content-", b"accept")
"""How headers begin that say nothing of who sends them."""


class Caller:
    """Who has opened a socket or a stream."""

    __slots__ = ("asked_at_s", "known_at_s", "request", "viewer")

    def __init__(self, request: HTTPConnection, viewer: Viewer, now_s: float) -> None:
        self.request = request
        self.viewer = viewer
        self.asked_at_s = now_s
        """When it was last asked, by the loop's time."""
        self.known_at_s = now_s
        """When that was last answered."""

    @property
    def address(self) -> str | None:
        """The network address; None for a Unix socket."""
        client = self.request.client
        return None if client is None else client.host

    @property
    def sent(self) -> Hashable:
        """What tells who it is: equal for those whose credentials, addresses and other headers are."""
        scope = self.request.scope
        told = frozenset(pair for pair in scope["headers"] if not pair[0].startswith(OF_ONE_SOCKET))
        return scope["type"], self.address, told


def with_authorization(request: HTTPConnection, authorization: str) -> HTTPConnection:
    """The same connection, as if it had sent this header: browsers let no page send one for a WebSocket."""
    scope = dict(request.scope)
    headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
    scope["headers"] = [*headers, (b"authorization", authorization.encode("latin-1"))]
    return HTTPConnection(scope)
