"""Whether a request with our cookie comes from our own pages: a browser sends the cookie along for anybody.

A request enters; nothing leaves, or `CrossSite`. Who sends no cookie of ours is never asked.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from starlette.requests import HTTPConnection

from graph.errors import CrossSite

PREFLIGHT = "X-Trellis-Preflight"
"""A header that a page of another site cannot send before the browser has asked us, and we never allow it."""

OURS = ("same-origin", "none")
"""What browsers say of a page of ours, and of an address that was typed. Source: https://www.w3.org/TR/fetch-metadata/"""


def refuse_cross_site(request: HTTPConnection) -> None:
    """Raise `CrossSite` unless the request comes from one of our pages, or from a program.

    GET asks for the header in any case: links and images of other sites are sent without an `Origin`.
    """
    preflighted = PREFLIGHT in request.headers
    if not _is_ours(request, preflighted) or (_is_get(request) and not preflighted):
        raise CrossSite(PREFLIGHT)


def _is_ours(request: HTTPConnection, preflighted: bool) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in OURS
    if origin is not None:
        return origin.lower() == _origin(request)
    return preflighted


def _is_get(request: HTTPConnection) -> bool:
    """Whether it is a request that a link can make. A WebSocket's is not, and has no way to send headers."""
    return bool(request.scope["type"] == "http" and request.scope["method"] != "POST")


def _origin(request: HTTPConnection) -> str:
    secure = request.scope.get("scheme") in ("https", "wss")
    return f"http{'s' if secure else ''}://{request.headers.get('host', '')}".lower()
