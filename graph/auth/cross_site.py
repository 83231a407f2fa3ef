"""Whether a request with our cookie comes from our own pages: a browser sends the cookie along for anybody.

A request enters; nothing leaves, or `CrossSite`. Who sends no cookie of ours is never asked.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from collections.abc import Collection

from starlette.requests import HTTPConnection

from graph.errors import CrossSite

PREFLIGHT = "X-Trellis-Preflight"
"""A header that a page of another site cannot send before the browser has asked us; we allow it to those alone whose
requests are believed for their origin, or sent without a cookie."""

SAME_ORIGIN = "same-origin"
OURS = (SAME_ORIGIN, "none")
"""What browsers say of a page of ours, and of an address that was typed. Source: https://www.w3.org/TR/fetch-metadata/"""


def refuse_cross_site(request: HTTPConnection, trusted: Collection[str] = ()) -> None:
    """Raise `CrossSite` unless the request comes from one of our pages, of a trusted origin's, or from a program.

    A browser sends links and images of other sites as GET without an `Origin`, and so may an old one that says nothing
    of the site; a link in a mail looks like a typed address. So GET needs the header, too, unless the browser marks it
    as our own page's.
    """
    if trusted and request.headers.get("origin") in trusted:
        return
    preflighted = PREFLIGHT in request.headers
    if not _is_ours(request, preflighted) or (_is_get(request) and not (preflighted or _is_marked(request))):
        raise CrossSite(PREFLIGHT)


def comes_from_another_site(request: HTTPConnection, trusted: Collection[str] = ()) -> bool:
    """Whether a browser tells that a page of another site has sent a request; programs send neither of these headers.

    For whoever is known without credentials that the browser itself keeps for us: where there are such, more has to be
    proven (`refuse_cross_site`). Each POST of another site's page has an `Origin`.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if origin is not None and origin in trusted:
        return False
    return site not in (None, *OURS) or origin not in (None, origin_of(request))


def _is_marked(request: HTTPConnection) -> bool:
    """Whether the browser itself says that a page of ours has sent the request; no page can write this header."""
    return request.headers.get("sec-fetch-site") == SAME_ORIGIN


def _is_ours(request: HTTPConnection, preflighted: bool) -> bool:
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site in OURS
    if origin is not None:
        return origin.lower() == origin_of(request)
    return preflighted


def _is_get(request: HTTPConnection) -> bool:
    """Whether it is a request that a link can make. A WebSocket's is not, and has no way to send headers."""
    return bool(request.scope["type"] == "http" and request.scope["method"] != "POST")


def origin_of(request: HTTPConnection) -> str:
    """Our own origin, as the sender of a request writes it."""
    secure = request.scope.get("scheme") in ("https", "wss")
    return f"http{'s' if secure else ''}://{request.headers.get('host', '')}".lower()
