"""Filled databases: each sample is written once per run and database, and only read afterwards."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager

import pytest

from graph.testing.choices import MARIADB
from tests.databases import TRIED, Database, DatabaseServers, PostgreSQLDatabases, SQLiteDatabases
from tests.entity.chinook_rows import CHINOOK
from tests.entity.laws import Both
from tests.entity.odd_rows import ODD
from tests.entity.serving import Api, Sample, fill, serve
from tests.entity.things_rows import SAMPLE as THINGS

Filled = Callable[[Sample, str], Awaitable[Database]]
"""The database of a sample, by dialect. Nobody writes to it."""


@pytest.fixture(scope="session")
def filled(
    _sqlite: SQLiteDatabases,
    _postgresql: PostgreSQLDatabases,
    database_servers: DatabaseServers,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Filled]:
    made: dict[tuple[str, str], Database] = {}
    with ExitStack() as stack:

        async def get(sample: Sample, dialect: str) -> Database:
            if (sample.name, dialect) not in made:
                if dialect == "sqlite":
                    database = _sqlite.blank(tmp_path_factory.mktemp(sample.name))
                elif dialect == MARIADB:
                    database = stack.enter_context(database_servers.mariadb().blank())
                else:
                    database = stack.enter_context(_postgresql.blank())
                await fill(database, sample)
                made[sample.name, dialect] = database
            return made[sample.name, dialect]

        yield get


@pytest.fixture(params=TRIED)
def dialect(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def chinook(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(CHINOOK, dialect), CHINOOK) as api:
        yield api


@pytest.fixture
async def odd(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(ODD, dialect), ODD) as api:
        yield api


@pytest.fixture
async def both(filled: Filled) -> AsyncIterator[Both]:
    """Things, served from each database."""
    async with served_from_each(filled, THINGS) as found:
        yield found


@asynccontextmanager
async def served_from_each(filled: Filled, sample: Sample, but: str | None = None) -> AsyncIterator[Both]:
    """A sample, served from each database of this run, but for one that cannot hold it."""
    async with AsyncExitStack() as stack:
        yield {
            dialect: await stack.enter_async_context(serve(await filled(sample, dialect), sample))
            for dialect in TRIED
            if dialect != but
        }
