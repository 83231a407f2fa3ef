"""The one HTML page: GraphiQL, and what the browser may do for it.

What the page opens with enters, a response leaves; only the nonce differs from one to the next. No script and no style
stands in the page itself: each is a file of ours, named with its digest.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from string import Template

from graphql import DefinitionNode, OperationDefinitionNode, OperationType, parse
from starlette.responses import HTMLResponse, Response

from graph.domain import SignInOperations, Tab
from graph.explorer.assets import assets
from graph.explorer.manifest import EXPLORER
from graph.prepare.live import LIVE

STYLES = ("graphiql.min.css", "plugin-explorer.css", "explorer.css", "doctor.css")
SCRIPTS = (
    "react.min.js",
    "react-dom.min.js",
    "graphiql.min.js",
    "plugin-explorer.min.js",
    "store.js",
    "storage.js",
    "fetching.js",
    "answer.js",
    "sharing.js",
    "session.js",
    "sql.js",
    "doctor.js",
    "explorer.js",
)
"""In the order in which they need each other."""

WELCOME = Tab("# Welcome! Press the triangle, or Ctrl-Enter.\n\nquery Welcome {\n  __typename\n}\n")
"""What the page opens with where the application has no tabs."""

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


class ExplorerPage:
    """GraphiQL as a response, with its Content-Security-Policy. All but the nonce is rendered once."""

    def __init__(self, tabs: Sequence[Tab] = (), sign_in: SignInOperations | None = None) -> None:
        self._text = rendered(tabs or [WELCOME], sign_in)

    def response(self) -> Response:
        """The page, for one browser."""
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(
            self._text.replace(NONCE, nonce),
            headers={**SECURITY_HEADERS, "Content-Security-Policy": POLICY.format(nonce=nonce)},
        )


def answered_once(tabs: Sequence[Tab]) -> Sequence[Tab]:
    """The tabs that need no transport for further answers: neither subscriptions nor queries with `@live`."""
    return [tab for tab in tabs if not any(_goes_on(definition) for definition in parse(tab.query).definitions)]


def _goes_on(definition: DefinitionNode) -> bool:
    if not isinstance(definition, OperationDefinitionNode):
        return False
    is_subscription = definition.operation is OperationType.SUBSCRIPTION
    return is_subscription or any(directive.name.value == LIVE.name for directive in definition.directives or ())


def rendered(tabs: Sequence[Tab], sign_in: SignInOperations | None) -> str:
    """The page with everything but its nonce."""
    template = Template((EXPLORER / "page.html").read_text(encoding="utf-8"))
    return template.substitute(
        content=escape(content(tabs, sign_in)),
        favicon=escape(assets()["favicon.svg"].address),
        nonce=NONCE,
        scripts="\n    ".join(map(script, SCRIPTS)),
        styles="\n    ".join(map(style, STYLES)),
    )


def content(tabs: Sequence[Tab], sign_in: SignInOperations | None) -> str:
    """What explorer.js reads: the tabs, and how people sign in."""
    return json.dumps({"tabs": [asdict(tab) for tab in tabs], "signIn": sign_in_operations(sign_in)})


def sign_in_operations(sign_in: SignInOperations | None) -> Mapping[str, str] | None:
    """How people sign in, as scripts read it."""
    if sign_in is None:
        return None
    return {"viewer": sign_in.viewer, "signIn": sign_in.sign_in, "signOut": sign_in.sign_out}


def script(name: str) -> str:
    """The tag that loads a script, after the page and in order."""
    asset = assets()[name]
    return f'<script defer src="{escape(asset.address)}" integrity="{asset.integrity}"></script>'


def style(name: str) -> str:
    """The tag that loads a style sheet."""
    asset = assets()[name]
    return f'<link rel="stylesheet" href="{escape(asset.address)}" integrity="{asset.integrity}">'
