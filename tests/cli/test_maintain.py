"""`trellis maintain`, run as people run it."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.base import utcnow
from db.own import IdempotencyKey
from db.session.engines import Engines
from graph import app, parts
from graph.maintenance import Maintenance
from graph.settings import Settings
from tests.cli.running import serving, trellis
from tests.databases import Database, settings_for

OLD = {"owner": "user:1", "key": "k", "fingerprint": "f" * 64, "created_at": utcnow() - timedelta(days=3)}


def count(database: Database, *, add: bool = False) -> int:
    """How many keys are kept; before that, one that has run out is added."""

    async def counted(engine: AsyncEngine) -> int:
        async with engine.begin() as connection:
            if add:
                await connection.execute(insert(IdempotencyKey), [OLD])
            return int(await connection.scalar(select(func.count()).select_from(IdempotencyKey)) or 0)

    async def ask() -> int:
        engines = Engines(settings_for(database))
        try:
            return await counted(engines.writing())
        finally:
            await engines.dispose()

    return asyncio.run(ask())


@pytest.mark.nouns
def test_a_dry_run_counts_and_a_run_deletes(database: Database) -> None:
    count(database, add=True)
    counted = trellis("maintain", "--dry-run", TRELLIS_DATABASE_URL=database.url)
    assert "idempotency keys: 1 have run out\n" in counted.stdout
    assert "expired sign-ins: 0 have run out\n" in counted.stdout
    assert "audit entries" not in counted.stdout
    assert count(database) == 1
    done = trellis("maintain", TRELLIS_DATABASE_URL=database.url, TRELLIS_AUDIT_DAYS="30")
    assert "idempotency keys: 1 deleted\n" in done.stdout
    assert "audit entries: 0 deleted\n" in done.stdout
    assert count(database) == 0


def test_a_database_without_tables_has_nothing_that_runs_out(blank_database: Database) -> None:
    trellis("db", "current", TRELLIS_DATABASE_URL=blank_database.url)
    assert trellis("maintain", TRELLIS_DATABASE_URL=blank_database.url).stdout == ""


@pytest.mark.nouns
@pytest.mark.process
@pytest.mark.sqlite
def test_workers_maintain_their_database(database: Database) -> None:
    count(database, add=True)
    with serving(database.url, "--workers", "2"):
        give_up = time.monotonic() + 60
        while count(database) and time.monotonic() < give_up:
            time.sleep(0.05)
        assert count(database) == 0


@pytest.mark.nouns
@pytest.mark.parametrize(("setting", "made"), [({}, 1), ({"maintenance": False}, 0), ({"read_only": True}, 0)])
def test_no_server_does_it_where_a_setting_says_no(
    setting: dict[str, Any], made: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Maintenance] = []

    class Watched(Maintenance):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            seen.append(self)

    monkeypatch.delenv("TRELLIS_MAINTENANCE")
    monkeypatch.setattr(parts, "Maintenance", Watched)
    app.create_app(Settings(database_url=SecretStr("sqlite:///nowhere.db"), **setting))
    assert len(seen) == made
