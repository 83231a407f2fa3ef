"""Servers that export what they do to a collector, all in this process."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeAlias

import pytest
from pydantic import SecretStr

from graph.app import create_app
from graph.domain import Domain
from graph.settings import Settings
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.http.conftest import DOMAIN, dialect, filled, no_database, samples
from tests.telemetry.collector import Collector, collecting

__all__ = ["dialect", "filled", "no_database", "samples"]

Traced: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]
"""`async with traced(url, max_batch=3) as client`: when the block ends, all is exported."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector."""
    with collecting() as collector:
        yield collector


@pytest.fixture
def traced(collector: Collector, no_database: str, monkeypatch: pytest.MonkeyPatch) -> Traced:
    """Servers over the market, or over no database; they export to the collector, unless variables say otherwise."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)

    @asynccontextmanager
    async def start(
        url: str = no_database, *, identify: Any = None, domain: Domain = DOMAIN, **settings: Any
    ) -> AsyncIterator[Client]:
        made = Settings(database_url=SecretStr(url), start_checks=False, record_usage=False, **settings)
        app = create_app(made, domain=domain, identify=identify)
        async with serving(app) as origin, Client(origin) as client:
            yield client

    return start
