"""What is measured of logs and metrics: every operation that is logged has a line, and no other one."""

import asyncio

import pytest
from pydantic import SecretStr

from bench import telemetry
from db import demo
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import Database


@pytest.mark.nouns
async def test_each_operation_has_a_line_while_logs_are_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    engines = Engines(DatabaseSettings(database_url=SecretStr(database.url)))
    await demo.fill(engines, scale=1)
    await engines.dispose()
    monkeypatch.setattr(telemetry, "STRETCH", 3)
    monkeypatch.setattr(telemetry, "WARM", 1)
    monkeypatch.setattr(telemetry, "TURN", 2)
    found = await asyncio.to_thread(
        telemetry.measured, database.url, 2
    )  # raises where a line is missing, or one too many
    assert list(found) == ["look-up", "feed"]
    assert all(cost.without > 0 for cost in found.values())
