"""Databases on MariaDB for the tests that always run there, where there is a server."""

from collections.abc import AsyncIterator, Iterator

import pytest

from db.session.engines import Engines
from graph.testing import mariadb
from tests.databases import Database, DatabaseServers, settings_for


@pytest.fixture
def empty(database_servers: DatabaseServers) -> Iterator[Database]:
    """A database without any table; its own collation ignores case."""
    if not mariadb.is_there():
        pytest.skip("There is no MariaDB here: apt-get install mariadb-server-core mariadb-client-core.")
    with database_servers.mariadb().blank() as database:
        yield database


@pytest.fixture
async def engines(empty: Database) -> AsyncIterator[Engines]:
    """Engines of that database."""
    engines = Engines(settings_for(empty))
    yield engines
    await engines.dispose()
