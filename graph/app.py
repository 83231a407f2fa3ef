"""The application: a domain and settings enter, an ASGI application leaves. uvicorn runs it (`trellis serve`).

No noun is known here: what is served, to whom and with which services, the domain says.
"""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from db.session.engines import Engines
from graph.admission import AdmissionMetrics
from graph.caches import CacheMetrics
from graph.domain import Domain, Identification, has_authorization, nobody, own_features
from graph.endpoint import GraphQLEndpoint
from graph.entity import Schema
from graph.errors import CannotStart, Unexpected
from graph.explorer import ExplorerPage, explorer_files
from graph.health import Health
from graph.http.cors import for_other_origins
from graph.http.proxies import TrustedProxies
from graph.http.responses import refusal
from graph.liveness import Liveness
from graph.masking import reported
from graph.metrics import Metrics, MetricsMiddleware
from graph.operators import OperatorAccess
from graph.outside.development import with_development_viewer
from graph.outside.identification import OutsideIdentification, identification
from graph.rates.monitoring import LimitMetrics
from graph.rates.operations import RateLimits
from graph.rates.storage import operation_counters
from graph.schema import DOMAIN
from graph.settings import Settings
from graph.startup import StartChecks, check
from graph.usage.counting import UsageCounter
from graph.usage.monitoring import UsageMetrics
from graph.usage.task import UsageWriter
from graph.variables import refuse_unknown_variables

GRAPHQL = "/graphql"
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
    settings: Settings | None = None, *, domain: Domain = DOMAIN, identify: Identification | None = None
) -> Starlette:
    """Make the application. Without settings, they are read from the environment.

    `identify` tells who sent a request, in the place of the domain's own identification. Without either, the settings
    may name somebody who knows (docs/identity.md).
    Databases are first spoken to when the server starts, to see that they can serve; they are closed when it stops.
    """
    from_environment = settings is None
    settings = settings or Settings()
    engines = Engines(settings)
    metrics = Metrics(engines)
    started = domain.start(engines, settings)
    outside = _outside(settings, identify or started.identify)
    if outside is not None:
        identify, started = None, replace(started, identify=outside, has_credentials=outside.has_credentials)
    schema = domain.schema(settings)
    health = Health(
        engines,
        settings,
        schema,
        own_features(domain, settings),
        is_revised=domain.is_revised,
        takes_changes=domain.takes_changes,
    )
    access = OperatorAccess(settings)
    alive = Liveness(access, health, metrics)
    rates = RateLimits(settings, operation_counters(engines, settings))
    metrics.watch(LimitMetrics([rates, *started.limits]))
    counting = _counting(schema, engines, settings, metrics)

    async def see_to_the_start() -> None:
        if not settings.start_checks:
            return
        if from_environment:
            refuse_unknown_variables(os.environ, Settings, domain.settings)
        await asyncio.to_thread(started.check)
        await check(engines, settings, health.ask)

    async def close() -> None:
        started.close()
        if outside is not None:
            await outside.close()
        for limit in (rates, *started.limits):
            await limit.counters.close()
        await engines.dispose()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await health.start()
        async with endpoint.documents.running(), counting():
            _spare_the_collector()
            yield
        await close()

    endpoint = GraphQLEndpoint(
        schema,
        engines,
        settings,
        with_development_viewer(identify or started.identify, settings),
        domain.visibility,
        [domain.settings(), *started.services],
        domain.is_operator,
        ExplorerPage(domain.tabs, domain.sign_in) if settings.explorer else None,
        rates,
        has_authorization if identify else started.has_credentials,
        identify_first=outside is not None,
    )
    metrics.watch(CacheMetrics([endpoint.caches] if outside is None else [endpoint.caches, outside.caches]))
    metrics.watch(AdmissionMetrics(endpoint.admission))
    served = for_other_origins(endpoint, settings)
    routes: list[BaseRoute] = [
        Route(GRAPHQL, served),
        Route("/healthz", alive.respond),
        Route("/livez", alive.respond),
        Route("/readyz", health.respond),
        Route("/metrics", access.only(metrics.respond)),
    ]
    if settings.explorer:
        routes += [explorer_files(), Route("/", _to_explorer)]
    paths = frozenset(route.path for route in routes if isinstance(route, Route))
    before_all = [
        *([Middleware(TrustedProxies, trusted=settings.trusted_proxies)] if settings.trusted_proxies else []),
        Middleware(MetricsMiddleware, metrics=metrics, paths=paths),
    ]
    app = Application(
        served,
        before_all,
        routes=routes,
        middleware=[*before_all, Middleware(StartChecks, check=see_to_the_start, close=close)],
        exception_handlers={HTTPException: _refused, Exception: _broken},
        lifespan=lifespan,
    )
    app.state.health = health  # for whoever stops the server: `drain`
    return app


def _outside(settings: Settings, own: Identification) -> OutsideIdentification | None:
    """The identification that the settings name. Raises `CannotStart` where the application has one of its own."""
    outside = identification(settings)
    if outside is not None and own is not nobody:
        raise CannotStart(
            f"{outside.setting} names who says who asks, and this application knows that itself; unset the variable."
        )
    return outside


def _counting(
    schema: Schema, engines: Engines, settings: Settings, metrics: Metrics
) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Count what clients use, if the settings want it. What is counted is written as long as the block lasts."""
    if not settings.record_usage:
        return nullcontext
    counter = schema.operations.usage.recorder = UsageCounter()
    writer = UsageWriter(counter, engines, settings.usage_interval_s, settings.usage_days)
    metrics.watch(UsageMetrics(writer))
    return writer.running


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


async def _to_explorer(_request: Request) -> Response:
    """`/`: where people start."""
    return RedirectResponse(GRAPHQL)
