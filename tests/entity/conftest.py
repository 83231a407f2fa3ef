"""Filled databases: each sample is written once per run and database, and only read afterwards."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack

import pytest

from graph.testing.choices import DIALECTS
from tests.databases import Database, PostgreSQLDatabases, SQLiteDatabases
from tests.entity.chinook_rows import CHINOOK
from tests.entity.laws import Both
from tests.entity.odd_rows import ODD
from tests.entity.serving import Api, Sample, fill, serve
from tests.entity.things_rows import SAMPLE as THINGS

Filled = Callable[[Sample, str], Awaitable[Database]]
"""The database of a sample, by dialect. Nobody writes to it."""


@pytest.fixture(scope="session")
def filled(
    _sqlite: SQLiteDatabases, _postgresql: PostgreSQLDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    made: dict[tuple[str, str], Database] = {}
    with ExitStack() as stack:

        async def get(sample: Sample, dialect: str) -> Database:
            if (sample.name, dialect) not in made:
                if dialect == "sqlite":
                    database = _sqlite.blank(tmp_path_factory.mktemp(sample.name))
                else:
                    database = stack.enter_context(_postgresql.blank())
                await fill(database, sample)
                made[sample.name, dialect] = database
            return made[sample.name, dialect]

        yield get


@pytest.fixture(params=DIALECTS)
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
    sqlite, postgresql = await filled(THINGS, "sqlite"), await filled(THINGS, "postgresql")
    async with serve(sqlite, THINGS) as first, serve(postgresql, THINGS) as second:
        yield {"sqlite": first, "postgresql": second}
