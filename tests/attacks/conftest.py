"""Databases with many posts, made once, and the application over them in this process.

PostgreSQL is a server of these tests alone, so that all that its processes do is for them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from db import demo
from db.migrate import upgrade
from db.session.engines import Engines
from graph.app import create_app
from graph.settings import Settings
from graph.testing import runs
from graph.testing.postgresql import start_server
from tests.attacks.catalogue import plain
from tests.attacks.filling import add_posts, patient
from tests.attacks.measuring import Cost, Meter, Reply, Request, send
from tests.attacks.seeds import POSTS, dice
from tests.databases import TRIED

SCALE = 5
STATEMENT_TIMEOUT_S = 5
"""An attack that gets through shall not hold the tests for half a minute."""
PLAIN_REQUESTS = 20
"""Clocks of other processes tick a hundred times a second."""


class Filled(NamedTuple):
    """A database with many posts, and the first process of its server."""

    settings: Settings
    postmaster: int | None


Made = Callable[[str], Awaitable[Filled]]


@dataclass
class Site:
    """The application over many posts, and what it costs to ask it."""

    app: ASGIApp
    meter: Meter
    plain: Cost

    async def sent(self, *requests: Request) -> tuple[list[Reply], Cost]:
        """Send requests one after the other; the answers, and what all of them have cost."""
        replies: list[Reply] = []

        async def work() -> None:
            replies.extend([await send(self.app, request) for request in requests])

        cost = await self.meter.cost(work)
        return replies, cost


async def fill(settings: Settings) -> None:
    """Put the demo in, and copies of its posts."""
    engines = Engines(patient(settings))
    try:
        await demo.fill(engines, SCALE)
        await add_posts(engines, POSTS)
    finally:
        await engines.dispose()


@pytest.fixture(scope="session")
def _many_posts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    made: dict[str, Filled] = {}
    with ExitStack() as stack:

        async def get(dialect: str) -> Filled:
            if dialect not in made:
                url, postmaster = f"sqlite:///{tmp_path_factory.mktemp('posts') / 'trellis.db'}", None
                if dialect == "postgresql":
                    run = stack.enter_context(runs.begin())
                    url, postmaster = await asyncio.to_thread(start_server, run), _postmaster(run.folder)
                settings = Settings(
                    database_url=SecretStr(url), statement_timeout_s=STATEMENT_TIMEOUT_S, record_usage=False
                )
                await asyncio.to_thread(upgrade, settings)
                await fill(settings)
                made[dialect] = Filled(settings, postmaster)
            return made[dialect]

        yield get


def _postmaster(folder: Path) -> int:
    """Source: https://www.postgresql.org/docs/current/storage-file-layout.html, postmaster.pid."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


@pytest.fixture(scope="session")
def _plain_costs() -> dict[str, Cost]:
    """What a plain request costs, by dialect."""
    return {}


@pytest.fixture(params=TRIED)
async def site(request: pytest.FixtureRequest, _many_posts: Made, _plain_costs: dict[str, Cost]) -> AsyncIterator[Site]:
    """The site, with what a plain request costs there."""
    filled = await _many_posts(request.param)
    app, meter = create_app(filled.settings), Meter(filled.postmaster)
    async with app.router.lifespan_context(app):
        if request.param not in _plain_costs:
            _plain_costs[request.param] = await _plain(app, meter)
        yield Site(app, meter, _plain_costs[request.param])


async def _plain(app: ASGIApp, meter: Meter) -> Cost:
    """The least that a plain request costs, once the server is warm."""
    chance = dice("plain")

    async def ask() -> None:
        for _ in range(PLAIN_REQUESTS):
            assert (await send(app, Request(plain(chance)))).status == 200

    await ask()
    costs = [await meter.cost(ask) for _ in range(3)]
    return min(costs)._replace(cpu_s=min(cost.cpu_s for cost in costs) / PLAIN_REQUESTS)
