"""Our application behind a real server, with the small demo and without a database. Everybody is an admin there."""

from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from db import demo
from db.models.role import ADMIN
from db.session.engines import Engines
from graph.schema import DOMAIN
from graph.viewer import Viewer
from tests.databases import Database
from tests.http.client import Client
from tests.http.conftest import Serve, serve

__all__ = ["serve"]


async def an_admin(_request: HTTPConnection) -> Viewer:
    """The viewer that every request has."""
    return Viewer(None, frozenset({ADMIN}), key_id=0)


@pytest.fixture
async def api(database: Database, engines: Engines, serve: Serve) -> Client:
    """A client of the API over the small demo, on both databases. It sees everything."""
    await demo.fill(engines, scale=1)
    return await serve(database.url, an_admin, DOMAIN)


@pytest.fixture
async def bare(tmp_path: Path, serve: Serve) -> Client:
    """A client of a server without a database: for what is decided before any row is read."""
    return await serve(f"sqlite:///{tmp_path / 'nowhere' / 'trellis.db'}", an_admin, DOMAIN)
