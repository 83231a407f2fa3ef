"""The one HTML page: GraphiQL, and what the browser may do for it.

Nothing enters, a response leaves; only the nonce differs from one to the next. No script and no style stands in the
page itself: each is a file of ours, named with its digest.
"""

import secrets
from functools import cache
from html import escape
from string import Template

from starlette.responses import HTMLResponse, Response

from graph.explorer.assets import assets
from graph.explorer.manifest import EXPLORER

STYLES = ("graphiql.min.css", "plugin-explorer.css", "explorer.css")
SCRIPTS = ("react.min.js", "react-dom.min.js", "graphiql.min.js", "plugin-explorer.min.js", "explorer.js")
"""In the order in which they need each other."""

NONCE = "(nonce)"
"""Where the nonce goes in the rendered page."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        # The nonce is for one style element, with which GraphiQL's dialogs and menus stop the page from scrolling.
        # CodeMirror and React set their styles through the DOM, which no policy forbids: 'unsafe-inline' is not needed.
        "style-src 'self' 'nonce-{nonce}'",
        "connect-src 'self'",
        # data: is for the marks under errors and the fonts, all inside GraphiQL's style sheet.
        "img-src 'self' data:",
        "font-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)

SECURITY_HEADERS = {
    "Cache-Control": "no-store",  # the nonce is for once
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept",  # the same address answers a program with JSON
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def explorer_page() -> Response:
    """GraphiQL as a response, with its Content-Security-Policy."""
    nonce = secrets.token_urlsafe(16)
    return HTMLResponse(
        rendered().replace(NONCE, nonce),
        headers={**SECURITY_HEADERS, "Content-Security-Policy": POLICY.format(nonce=nonce)},
    )


@cache
def rendered() -> str:
    """The page with everything but its nonce, rendered once."""
    template = Template((EXPLORER / "page.html").read_text(encoding="utf-8"))
    query = (EXPLORER / "welcome.graphql").read_text(encoding="utf-8")
    return template.substitute(
        favicon=escape(assets()["favicon.svg"].address),
        nonce=NONCE,
        query=escape(query),
        scripts="\n    ".join(map(script, SCRIPTS)),
        styles="\n    ".join(map(style, STYLES)),
    )


def script(name: str) -> str:
    """The tag that loads a script, after the page and in order."""
    asset = assets()[name]
    return f'<script defer src="{escape(asset.address)}" integrity="{asset.integrity}"></script>'


def style(name: str) -> str:
    """The tag that loads a style sheet."""
    asset = assets()[name]
    return f'<link rel="stylesheet" href="{escape(asset.address)}" integrity="{asset.integrity}">'
