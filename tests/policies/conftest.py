"""The worlds of every viewer: made once for each kind of database, and only read afterwards."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest

from db.session.engines import Engines
from graph.loading import counted_pages
from tests.databases import TRIED, Database, PostgreSQLDatabases, SQLiteDatabases
from tests.entity.serving import settings_of
from tests.policies.viewers import LIMITED
from tests.policies.worlds import World, Worlds, make_whole, shear

Made = Callable[[str], Awaitable[dict[str, Database]]]
"""From a dialect to its databases: `""` is the whole world, the others are called by their viewers."""


@pytest.fixture(autouse=True)
def _both_ways_to_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """In worlds as small as these, every list would be short."""
    monkeypatch.setattr(counted_pages, "FEW", 10)


@pytest.fixture(scope="session")
def _made_worlds(
    _sqlite: SQLiteDatabases, _postgresql: PostgreSQLDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Made]:
    made: dict[str, dict[str, Database]] = {}
    with ExitStack() as stack:

        async def get(dialect: str) -> dict[str, Database]:
            if dialect not in made:
                made[dialect] = {}
                for name in ("", *LIMITED):
                    if dialect == "sqlite":
                        database = _sqlite.blank(tmp_path_factory.mktemp("world"))
                    else:
                        database = stack.enter_context(_postgresql.blank())
                    await make_whole(database)
                    if name:
                        await shear(database, LIMITED[name])
                    made[dialect][name] = database
            return made[dialect]

        yield get


@pytest.fixture(params=TRIED)
async def worlds(request: pytest.FixtureRequest, _made_worlds: Made) -> AsyncIterator[Worlds]:
    """What there is, and what each viewer may know of."""
    databases = await _made_worlds(request.param)
    async with AsyncExitStack() as stack:
        served = {}
        for name, database in databases.items():
            engines = Engines(settings_of(database))
            stack.push_async_callback(engines.dispose)
            served[name] = World(engines)
        whole = served.pop("")
        yield Worlds(whole, served, await whole.rows())
