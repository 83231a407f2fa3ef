"""The application: a domain and settings enter, an ASGI application leaves. uvicorn runs it (`trellis serve`).

No noun is known here: what is served, to whom and with which services, the domain says.
"""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic_settings import BaseSettings
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from db.changes.feed import Feed
from db.own import Feature
from db.session.engines import Engines
from graph import parts
from graph.changes import Changes
from graph.domain import Domain, Identification, Started, check_own_features, has_authorization, own_features
from graph.downloads import PATH as DOWNLOADS
from graph.endpoint import GraphQLEndpoint
from graph.entity import Schema
from graph.errors import Unexpected
from graph.explorer import ExplorerPage, answered_once
from graph.export import export_paths
from graph.files import FileStore, Upload
from graph.following import Following
from graph.health import Health
from graph.http.cors import for_other_origins
from graph.http.multipart import UploadRules
from graph.http.proxies import TrustedProxies
from graph.http.responses import refusal
from graph.live import Live
from graph.live_queries import LiveQueries
from graph.masking import reported
from graph.metrics import Metrics, MetricsMiddleware
from graph.outside.development import with_development_viewer
from graph.outside.identification import beside
from graph.outside.ways import Way, needs_no_database
from graph.parts import GRAPHQL, ServerPart
from graph.rates.operations import RateLimits
from graph.rates.storage import operation_counters
from graph.schema import DOMAIN
from graph.settings import Settings
from graph.startup import StartChecks, check, refuse_what_is_kept_apart
from graph.telemetry.ledgers import Ledgers
from graph.telemetry.sums import OperationSums
from graph.telemetry.tracing import tracing
from graph.variables import refuse_unknown_variables

COLLECT_AFTER = 20_000
"""New objects after which the youngest are looked through; Python's own choice is 700."""
COLLECT_OLDER_AFTER = (5, 5)
"""Collections after which older objects are looked through, too. graphql-core's validation leaves 1,000 objects in
cycles for each new document, and a statement of a new form 400: with twenty each, a server that met new ones with every
other request grew to 470 MiB, by 9 a minute."""


class Application(Starlette):
    """Starlette's application, in which requests to the API go past the layers that are there for all others.

    Nearly all requests go there, and the API answers its errors itself.
    """

    def __init__(self, api: ASGIApp, before_all: Sequence[Middleware], **given: Any) -> None:
        super().__init__(**given)
        for layer in reversed(before_all):
            api = layer.cls(api, *layer.args, **layer.kwargs)
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        direct = scope["type"] == "http" and scope["path"] == GRAPHQL
        await (self._api if direct else super().__call__)(scope, receive, send)


def create_app(
    settings: Settings | None = None,
    *,
    domain: Domain = DOMAIN,
    identify: Identification | None = None,
    ledgers: Ledgers | None = None,
    feed: Feed | None = None,
    is_alone: bool = True,
) -> Starlette:
    """Make the application. Without settings, they are read from the environment.

    `identify` tells who sent a request, in the place of the domain's own identification. Settings may name others who
    know, beside the domain or in the place of nobody (docs/identity.md). `ledgers` are those of all workers, if there
    are others. `feed` tells of changes of the database, in the place of our own log of them. `is_alone`: whether the
    process has nothing else to do than to serve, so that what lives as long as the application is left out of garbage
    collection; not so where tests start one after the other.
    Databases are first spoken to when the server starts, to see that they can serve; they are closed when it stops.
    """
    from_environment = settings is None
    settings = settings or Settings()
    engines = Engines(settings)
    keys = None if domain.api_keys is None else domain.api_keys.way(engines)
    started, way = _who_asks(domain.start(engines, settings), identify, settings, keys)
    schema, features = domain.schema(settings), own_features(domain, settings)
    check_own_features(schema, features)
    revised, changing = domain.is_revised, domain.takes_changes
    health = Health(engines, settings, schema, features, is_revised=revised, takes_changes=changing)
    metrics = Metrics(ledgers or Ledgers(), health.serving, settings.commit)
    rates = RateLimits(settings, operation_counters(engines, settings))
    store = FileStore(settings.files) if settings.files else None
    changes = Changes(engines, settings, schema.changing_tables()) if Feature.CHANGES in features else None
    followed = None
    if changes is not None:
        followed = changes.follower if feed is None else None
        feed = feed or changes.feed
    following = Following(settings, feed, followed, schema.discriminators())
    services = [domain.settings(), *started.services, following, *([store] if store else [])]
    endpoint = _endpoint(domain, schema, engines, settings, started, way, rates, services)
    live_queries = LiveQueries(settings, feed, followed, schema.discriminators())
    live = Live(endpoint, settings, lambda: health.is_draining, live_queries)
    if settings.max_sockets:
        endpoint.streaming = live.respond
    endpoint.listeners.add(OperationSums(metrics.ledgers.own))
    traced = [GRAPHQL, DOWNLOADS, *export_paths(settings)]
    traces = tracing(os.environ, settings, engines, endpoint.listeners, traced)
    served = for_other_origins(endpoint, settings)
    made = [
        ServerPart(running=traces.running),
        parts.databases(engines, settings, health),
        parts.identities(endpoint, way, [rates, *started.limits]),
        parts.change_log(changes),
        parts.api(served, endpoint, health, metrics, settings),
        parts.kept_answers(endpoint, feed),
        parts.usage(schema, engines, settings),
        parts.maintenance(domain, engines, settings),
        parts.files(store, schema, endpoint, engines, settings),
        ServerPart(running=metrics.running),
        parts.subscriptions(following, schema),
        parts.live_queries(live_queries),
        parts.sockets(live, settings),
        parts.exports(endpoint, settings),
        parts.for_developers(domain, settings, engines, health, schema),
    ]
    for collector in (each for part in made for each in part.metrics):
        metrics.watch(collector)
    lifetime = Lifetime(
        engines,
        settings,
        started,
        health,
        processes=metrics.ledgers.workers,
        from_environment=domain.settings if from_environment else None,
        is_alone=is_alone,
        parts=made,
    )
    routes = [route for part in made for route in part.routes]
    before_all = [*_before_all(routes, metrics, settings), *traces.layers]
    app = Application(
        served,
        before_all,
        routes=routes,
        middleware=[*before_all, Middleware(StartChecks, check=lifetime.check, close=lifetime.close)],
        exception_handlers={HTTPException: _refused, Exception: _broken},
        lifespan=lifetime.running,
    )
    app.state.metrics = metrics  # for whoever counts connections
    app.state.changes = changes  # for whoever wants to hear of changes: `feed`
    app.state.following = following  # for whoever looks at subscriptions
    app.state.health = health  # for whoever stops the server: `drain`
    app.state.listeners = endpoint.listeners  # for whoever writes a log
    app.state.live_queries = live_queries  # for whoever looks at them
    app.state.live = live  # for whoever stops the server: `drain`; and for whoever writes a log
    return app


class Lifetime:
    """What begins and ends with the server."""

    def __init__(
        self,
        engines: Engines,
        settings: Settings,
        started: Started,
        health: Health,
        *,
        processes: int,
        from_environment: type[BaseSettings] | None,
        is_alone: bool,
        parts: Sequence[ServerPart],
    ) -> None:
        """`processes`: how many serve together.

        `from_environment`: the domain's settings, where all settings are read from there; else None.
        """
        self._engines = engines
        self._settings = settings
        self._started = started
        self._health = health
        self._processes = processes
        self._from_environment = from_environment
        self._is_alone = is_alone
        self._parts = parts

    async def check(self) -> None:
        """See that the server can serve, before it listens. Raises `CannotStart`."""
        if not self._settings.start_checks:
            return
        if self._from_environment is not None:
            refuse_unknown_variables(os.environ, Settings, self._from_environment)
        signs_in = bool(self._started.limits)
        refuse_what_is_kept_apart(self._settings, self._processes, signs_in=signs_in)
        for see in (self._started.check, *(part.check for part in self._parts)):
            await asyncio.to_thread(see)
        await check(self._engines, self._settings, self._health.ask)
        await self._engines.open_first()

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Do what is done beside requests, as long as the block lasts, and close everything after it."""
        await self._health.start()
        async with AsyncExitStack() as stack:
            for part in self._parts:
                await stack.enter_async_context(part.running())
            if self._is_alone:
                _spare_the_collector()
            yield
        await self.close()

    async def close(self) -> None:
        """Let go of everything; the databases last."""
        self._started.close()
        for close in (each for part in self._parts for each in part.closing):
            await close()
        await self._engines.dispose()


def _endpoint(
    domain: Domain,
    schema: Schema,
    engines: Engines,
    settings: Settings,
    started: Started,
    way: Way | None,
    rates: RateLimits,
    services: Sequence[object],
) -> GraphQLEndpoint:
    """What answers at the address of the API."""
    return GraphQLEndpoint(
        schema,
        engines,
        settings,
        with_development_viewer(started.identify, settings),
        domain.visibility,
        services,
        domain.is_operator,
        _explorer(domain, settings),
        rates,
        started.has_credentials,
        identify_first=None if way is None else needs_no_database(way),
        uploads=_uploads(schema, settings),
    )


def _explorer(domain: Domain, settings: Settings) -> ExplorerPage | None:
    """GraphiQL, with the tabs that this server can answer."""
    if not settings.explorer:
        return None
    return ExplorerPage(domain.tabs if settings.max_sockets else answered_once(domain.tabs), domain.sign_in)


def _uploads(schema: Schema, settings: Settings) -> UploadRules | None:
    """Which files are taken; None where the schema has no place for any, or nobody keeps them."""
    if not settings.files or not schema.takes(Upload):
        return None
    return UploadRules(settings.max_upload_bytes, settings.upload_types, settings.upload_timeout_s)


def _who_asks(
    started: Started, identify: Identification | None, settings: Settings, keys: Way | None
) -> tuple[Started, Way | None]:
    """What a domain has started, with whoever says who asks; and the way there, if settings or API keys are one."""
    if identify is not None:
        started = replace(started, identify=identify, has_credentials=has_authorization, recognizes=None)
    way = beside(started, settings, keys)
    if way is not None:
        started = replace(started, identify=way, has_credentials=way.has_credentials)
    return started, way


def _before_all(routes: Sequence[BaseRoute], metrics: Metrics, settings: Settings) -> list[Middleware]:
    """What every request passes, also one to the API."""
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    counted = Middleware(MetricsMiddleware, metrics=metrics, paths=paths)
    trusted = settings.trusted_proxies
    return [Middleware(TrustedProxies, trusted=trusted), counted] if trusted else [counted]


def _spare_the_collector() -> None:
    """Leave what lives as long as the server out of garbage collection, and collect less often.

    An answer makes thousands of objects and no cycles among them; looking through all that the schema is made of for
    each few of them would take longer than the answer. Source: https://docs.python.org/3/library/gc.html#gc.freeze
    Garbage of the start stays, too: 8,600 of 150,000 objects. To collect them first would take 0.15 s of CPU.
    """
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *COLLECT_OLDER_AFTER)


async def _refused(_request: Request, refused: Exception) -> Response:
    """No such address, or no such method there."""
    assert isinstance(refused, HTTPException)
    cures = {404: f"There is nothing at this address; the API is at {GRAPHQL}.", 405: "Use a method of `Allow`."}
    message = cures.get(refused.status_code, refused.detail)
    return refusal(HTTPException(refused.status_code, message, refused.headers))


async def _broken(request: Request, error: Exception) -> Response:
    """Our own fault, outside of any operation."""
    masked = Unexpected(reported(error, request.url.path))
    return JSONResponse({"errors": [masked.formatted]}, 500)
