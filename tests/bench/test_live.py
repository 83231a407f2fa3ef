"""What is measured of live queries and subscriptions: of the first, one change is one run, however many ask."""

import asyncio
import os

import pytest
from pydantic import SecretStr

from bench import live
from bench.processes import running
from db import demo
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import Database

SOCKETS = 5


@pytest.mark.nouns
@pytest.mark.postgresql
@pytest.mark.process
@pytest.mark.parametrize(("what", "runs"), [("live", 1), ("followed", 0)])
async def test_a_change_is_one_run_for_all_who_ask(
    what: str, runs: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = Engines(DatabaseSettings(database_url=SecretStr(database.url)))
    await demo.fill(engines, scale=1)
    await engines.dispose()
    monkeypatch.setattr(live, "SILENCE_S", 0.1)
    monkeypatch.setattr(live, "CHANGES", 3)

    def measured() -> live.Costs:
        asked = live.ASKED[what]
        with running(asked.serve(SOCKETS), database.url, frozenset(os.sched_getaffinity(0))) as server:
            return asyncio.run(live.costs(server, database.url, SOCKETS, asked))

    found = await asyncio.to_thread(measured)
    assert found.runs == runs
    assert min(found.kib, found.change_ms) >= 0
