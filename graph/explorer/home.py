"""The page at `/`: where a developer is, and what to do next.

A request enters; HTML leaves for a browser, and for everybody else the way to the API. Whoever is not on this machine
itself is told addresses alone: neither the database nor whom one may sign in as. The page asks no other host for
anything, and no script stands in it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from html import escape
from string import Template
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from db.dialects import dialect_of
from db.session.engines import Engines
from graph import VERSION
from graph.domain import Domain, SamplePerson
from graph.explorer.assets import assets
from graph.explorer.manifest import EXPLORER
from graph.explorer.page import script, sign_in_operations, style
from graph.http.requests import wants_page
from graph.manual import address
from graph.outside.development import is_at_home
from graph.settings import DocumentsMode, Exempt, Settings

SCHEMA = "/graphql/schema.graphql"
"""Where the schema is found as text."""
SAMPLE_S = 2.0
"""Seconds that the database may take to say who may be signed in as; without an answer, nobody is offered."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)

SECURITY_HEADERS = {
    "Cache-Control": "no-store",  # it tells how the database fares
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Told = Mapping[str, Any]
"""What `/readyz?verbose` says."""


def shows_schema(settings: Settings) -> bool:
    """Whether everybody may ask for the schema."""
    is_strict = settings.documents is DocumentsMode.STRICT and Exempt.INTROSPECTION not in settings.documents_exempt
    return settings.introspection and not is_strict


class SchemaText:
    """The schema as text, made when it is first asked for."""

    def __init__(self, make: Callable[[], str]) -> None:
        self._make = make
        self._text: str | None = None

    async def respond(self, _request: Request) -> Response:
        """The file."""
        if self._text is None:
            self._text = await asyncio.to_thread(lambda: self._make().rstrip() + "\n")
        headers = {
            "Content-Disposition": 'attachment; filename="schema.graphql"',
            "X-Content-Type-Options": "nosniff",
        }
        return PlainTextResponse(self._text, headers=headers)


class HomePage:
    """The page of one server."""

    def __init__(
        self, domain: Domain, settings: Settings, engines: Engines, ask: Callable[[], Awaitable[Told]], api: str
    ) -> None:
        """`ask` says how the databases are found; `api` is where the API is."""
        self._domain = domain
        self._settings = settings
        self._engines = engines
        self._ask = ask
        self._api = api

    async def respond(self, request: Request) -> Response:
        """The page for a browser; others are led to the API."""
        if not wants_page(request):
            return RedirectResponse(self._api)
        return HTMLResponse(await self._page(request), headers=SECURITY_HEADERS)

    async def _page(self, request: Request) -> str:
        origin = f"{request.url.scheme}://{request.url.netloc}"
        sections = [_addresses(self._settings, origin + self._api)]
        people: Sequence[SamplePerson] = ()
        if is_at_home(request):  # other sites may lead here; what the page says they cannot read
            told = await self._ask()
            people = await self._people() if told["status"] == "ok" else ()
            sections += [
                _database(self._settings, told, is_revised=self._domain.is_revised),
                _signing_in(self._domain, self._settings, people),
                _next(self._domain, told, has_people=bool(people)),
            ]
        else:
            sections.append(_strangers())
        template = Template((EXPLORER / "home.html").read_text(encoding="utf-8"))
        return template.substitute(
            content=escape(json.dumps({"signIn": sign_in_operations(self._domain.sign_in)})),
            favicon=escape(assets()["favicon.svg"].address),
            script=script("home.js"),
            sections="\n".join(filter(None, sections)),
            style=style("home.css"),
            version=escape(VERSION),
        )

    async def _people(self) -> Sequence[SamplePerson]:
        """Whom one may sign in as; nobody where the database does not say so in time."""
        sample = self._domain.sample
        if sample is None or self._domain.sign_in is None:
            return ()
        with suppress(Exception):  # the page says what is wrong with the database; this is a convenience
            async with asyncio.timeout(SAMPLE_S), self._engines.primary.connect() as connection:
                return await sample.people(connection)
        return ()


def _section(title: str, *parts: str) -> str:
    name = title.lower().replace(" ", "-")
    body = "\n".join(parts)
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(title)}</h2>\n{body}\n</section>'


def _rows(rows: Iterator[tuple[str, str]]) -> str:
    """Names and what they are; the latter is HTML."""
    return "<dl>\n" + "\n".join(f"<dt>{escape(name)}</dt><dd>{html}</dd>" for name, html in rows) + "\n</dl>"


def _link(target: str, text: str) -> str:
    return f'<a href="{escape(target)}">{escape(text)}</a>'


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _addresses(settings: Settings, api: str) -> str:
    def rows() -> Iterator[tuple[str, str]]:
        yield "GraphiQL", f"{_link('graphql', 'Ask and change, in the browser')}"
        yield "API", f"{_code(api)}, for programs: POST with JSON"
        if shows_schema(settings):
            yield "Schema", f"{_link(SCHEMA.removeprefix('/'), 'schema.graphql')}, for code generators"
        yield "Health", f"{_link('livez', 'livez')}, {_link('readyz', 'readyz')}"
        yield "Manual", _link(address("index"), "What all of this is")

    return _section("What is here", _rows(rows()))


def _database(settings: Settings, told: Told, *, is_revised: bool) -> str:
    url = settings.primary
    place = dialect_of(url.get_backend_name()).place(url)

    def rows() -> Iterator[tuple[str, str]]:
        yield "Database", _code(place)
        for name, revision in told.get("revisions", {}).items():
            yield ("Revision" if name == "primary" else f"Revision of {name}"), _code(revision)
        if not is_revised:
            yield "Tables", "as they were found; no revision of ours has made them"
        for one in (*told.get("reasons", ()), *told.get("notes", ())):
            yield "Note", escape(one["message"])
        if settings.metrics_token is None:
            detail = _link("livez?verbose", "this process"), _link("readyz?verbose", "databases")
            yield "Detail", f"{', '.join(detail)}, {_link('metrics', 'metrics')}: for this machine alone"
        else:
            yield (
                "Detail",
                f"<code>/metrics</code> and <code>?verbose</code>, with TRELLIS_METRICS_TOKEN: {_security()}",
            )

    return _section("Where you are", _rows(rows()))


def _security() -> str:
    return _link(address("operations", "Who may see how it fares"), "how")


def _signing_in(domain: Domain, settings: Settings, people: Sequence[SamplePerson]) -> str:
    """Who one is, and whom one may be."""
    parts = []
    if settings.dev_viewer:
        roles = ", ".join(settings.dev_viewer)
        parts.append(f"<p>Without a sign-in, you are {_code(roles)} here (TRELLIS_DEV_VIEWER).</p>")
    if domain.sign_in is None:
        if not parts:
            parts.append(f"<p>{_link(address('identity'), 'How the server knows who asks')}</p>")
        return _section("Who you are", *parts)
    parts.append('<p id="viewer" role="status"></p>')
    if people:
        buttons = "\n".join(
            f'<li><button type="button" data-variables="{escape(json.dumps(dict(it.variables)))}">'
            f"{escape(it.name)}</button> {escape(it.about)}</li>"
            for it in people
        )
        parts.append(f'<p>Sign in as somebody of the sample:</p>\n<ul id="people">\n{buttons}\n</ul>')
    else:
        parts.append(f"<p>{_link('graphql', 'Sign in')} in GraphiQL, above on the right.</p>")
    parts.append('<p id="problem" role="alert"></p>')
    parts.append("<noscript><p>Signing in from a page takes JavaScript.</p></noscript>")
    return _section("Who you are", *parts)


def _next(domain: Domain, told: Told, *, has_people: bool) -> str:
    """What to do next, the most urgent first."""

    def steps() -> Iterator[str]:
        if told["status"] != "ok":
            yield f"{_code('trellis doctor')} says what is wrong with the database, and what to do."
        if not domain.is_revised:
            yield f"{_code('trellis init')} makes {_link(address('your-database'), 'a project')} of this database."
        elif domain.sample is not None and not has_people and told["status"] == "ok":
            yield f"{_code(domain.sample.command)} fills an empty database with rows to try."
        yield f"{_link('graphql', 'Run a query')} in GraphiQL; its doctor shows the statements."
        yield f"{_link(address('tutorial'), 'The tutorial')}: from an empty folder to an API of your own."

    return _section("What to do next", "<ol>\n" + "\n".join(f"<li>{it}</li>" for it in steps()) + "\n</ol>")


def _strangers() -> str:
    """What is said to whoever is not on this machine."""
    return _section(
        "What to do next",
        f"<p>{_link('graphql', 'Open GraphiQL')}. The server's own machine is told more on this page.</p>",
    )
