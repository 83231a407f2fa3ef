"""Who else's pages may read our answers (CORS), by settings; without them, nobody's.

The endpoint enters, and leaves as it is or with what browsers ask for before and beside a request.
Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from graph.http.requests import METHODS
from graph.settings import Settings

EXPOSED = ("RateLimit", "RateLimit-Policy", "Retry-After", "Trellis-Position", "WWW-Authenticate")
"""The headers of ours that a page may read, beside those that every page may."""

MAX_AGE_S = 2 * 60 * 60
"""How long a browser may remember what is allowed; Chromium remembers nothing longer."""


def for_other_origins(endpoint: ASGIApp, settings: Settings) -> ASGIApp:
    """The endpoint, for pages of the origins that the settings name."""
    if not settings.cors_origins:
        return endpoint
    return CORSMiddleware(
        endpoint,
        allow_origins=settings.cors_origins,
        allow_methods=METHODS,
        # Whatever a client sends: tokens, its name, traces. That a page may send a header says nothing of who it is; a
        # cookie is believed for the origin alone (graph/auth/cross_site.py).
        allow_headers=("*",),
        allow_credentials=settings.cors_credentials,
        expose_headers=EXPOSED,
        max_age=MAX_AGE_S,
    )
