"""The parts of a server: what each counts, what it serves, and what it does beside requests.

What an application has made enters, with its settings; a part leaves, which is empty where the server does without it.
`graph.app` puts them together. Nothing begins here.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from typing import NamedTuple

from prometheus_client.registry import Collector
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from db.changes.feed import Feed
from db.session.engines import Engines
from graph.admission import AdmissionMetrics
from graph.caches import CacheMetrics
from graph.changes import ChangeMetrics, Changes
from graph.domain import Domain
from graph.downloads import PATH as DOWNLOADS
from graph.downloads import DownloadEndpoint
from graph.endpoint import GraphQLEndpoint
from graph.entity import Schema
from graph.explorer import SCHEMA, HomePage, SchemaText, explorer_files, shows_schema
from graph.export import ExportEndpoint, export_paths
from graph.files import FileStore, FileSweeper, StoredFile
from graph.following import Following, follows_rows
from graph.health import Health
from graph.http.cors import for_other_origins
from graph.live import Live, SocketMetrics
from graph.live_queries import LiveQueries, LiveQueryMetrics
from graph.liveness import Liveness
from graph.maintenance import Maintenance, expiring_rows
from graph.metrics import Metrics, WorkerMetrics
from graph.operators import OperatorAccess
from graph.outside.ways import Way
from graph.pools import PoolMetrics
from graph.rates.monitoring import Limiting, LimitMetrics
from graph.replica_metrics import ReplicaMetrics
from graph.response_cache import ResponseCacheMetrics
from graph.settings import Settings
from graph.usage.counting import UsageCounter
from graph.usage.monitoring import UsageMetrics
from graph.usage.task import UsageWriter

GRAPHQL = "/graphql"


class ServerPart(NamedTuple):
    """A part of a server."""

    metrics: Sequence[Collector] = ()
    """Shown at `/metrics`."""
    running: Callable[[], AbstractAsyncContextManager[None]] = nullcontext
    """For as long as the server runs; parts begin in their order."""
    routes: Sequence[BaseRoute] = ()
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    """What lets go of it when the server stops, in order, or does not start."""
    check: Callable[[], None] = lambda: None
    """Called in a thread before the server listens, as `Started.check` is."""


NO_PART = ServerPart()


def databases(engines: Engines, settings: Settings, health: Health) -> ServerPart:
    """Pools and replicas, and whether this process drains."""
    pools = PoolMetrics(engines, settings.pool_size + settings.pool_max_overflow)
    replicas = [ReplicaMetrics(engines)] if engines.replicas else []
    return ServerPart([pools, WorkerMetrics(lambda: health.is_draining), *replicas])


def identities(endpoint: GraphQLEndpoint, way: Way | None, limits: Sequence[Limiting]) -> ServerPart:
    """Who asks, how often, and what is remembered of both."""
    caches = [endpoint.caches] if way is None else [endpoint.caches, way.caches]
    closing: list[Callable[[], Awaitable[None]]] = [] if way is None else [way.close]
    closing += [limit.counters.close for limit in limits]
    return ServerPart([LimitMetrics(limits), CacheMetrics(caches)], closing=closing)


def api(served: ASGIApp, endpoint: GraphQLEndpoint, health: Health, metrics: Metrics, settings: Settings) -> ServerPart:
    """The API itself, and what balancers and operators ask."""
    access = OperatorAccess(settings)
    alive = Liveness(access, health, metrics)
    routes = [
        Route(GRAPHQL, served),
        Route("/healthz", alive.respond),
        Route("/livez", alive.respond),
        Route("/readyz", health.respond),
        Route("/metrics", access.only(metrics.respond)),
    ]
    return ServerPart([AdmissionMetrics(endpoint.admission)], endpoint.documents.running, routes)


def change_log(changes: Changes | None) -> ServerPart:
    """The log of changed rows, where an application has one. It runs before those who listen to it."""
    return NO_PART if changes is None else ServerPart([ChangeMetrics(changes.follower)], changes.running)


def kept_answers(endpoint: GraphQLEndpoint, feed: Feed | None) -> ServerPart:
    """Earlier answers, where any may be shown again; with a feed, until it tells of a change."""
    answers = endpoint.answers
    return NO_PART if answers is None else ServerPart([ResponseCacheMetrics(answers)], partial(answers.running, feed))


def usage(schema: Schema, engines: Engines, settings: Settings) -> ServerPart:
    """What clients use, if the settings want it counted. It is written as long as the server runs."""
    if not settings.record_usage:
        return NO_PART
    counter = schema.operations.usage.recorder = UsageCounter()
    writer = UsageWriter(counter, engines, settings.usage_interval_s)
    return ServerPart([UsageMetrics(writer)], writer.running)


def maintenance(domain: Domain, engines: Engines, settings: Settings) -> ServerPart:
    """Rows that run out, which are deleted if there may be any and the settings want it."""
    expiring = expiring_rows(domain, settings)
    if not expiring or not settings.maintenance or settings.read_only:
        return NO_PART
    return ServerPart(running=Maintenance(engines, expiring).running)


def files(
    store: FileStore | None, schema: Schema, endpoint: GraphQLEndpoint, engines: Engines, settings: Settings
) -> ServerPart:
    """The files of objects, where any are kept: their addresses, and the sweeping of those that no row names."""
    if store is None:
        return NO_PART
    downloads = DownloadEndpoint(endpoint, store, schema.fields_that_show(StoredFile), settings)
    sweeper = FileSweeper(store, engines, schema.tables())
    return ServerPart(running=sweeper.running, routes=[Route(DOWNLOADS, downloads)])


def subscriptions(following: Following, schema: Schema) -> ServerPart:
    """Nouns that are followed; where any is, positions have to be signed."""
    if not following.hears or not follows_rows(schema.subscription):
        return NO_PART
    return ServerPart(running=following.running, check=following.positions.check)


def live_queries(queries: LiveQueries) -> ServerPart:
    """Queries that are answered again when something has changed."""
    return ServerPart([LiveQueryMetrics(queries)], queries.running)


def sockets(live: Live, settings: Settings) -> ServerPart:
    """WebSockets and streams, where the settings take any."""
    routes = [WebSocketRoute(GRAPHQL, live)] if settings.max_sockets else []
    return ServerPart([SocketMetrics(live.sockets)], live.running, routes)


def exports(endpoint: GraphQLEndpoint, settings: Settings) -> ServerPart:
    """Whole lists, each by one address, where the settings want any."""
    served = for_other_origins(ExportEndpoint(endpoint, settings), settings)
    return ServerPart(routes=[Route(path, served) for path in export_paths(settings)])


def for_developers(domain: Domain, settings: Settings, engines: Engines, health: Health, schema: Schema) -> ServerPart:
    """What GraphiQL loads, and the page at `/`; nothing where the settings turn them off."""
    if not settings.explorer:
        return NO_PART
    home = HomePage(domain, settings, engines, health.detail, GRAPHQL)
    text = [Route(SCHEMA, SchemaText(schema.as_str).respond)] if shows_schema(settings) else []
    return ServerPart(routes=[explorer_files(), Route("/", home.respond), *text])
