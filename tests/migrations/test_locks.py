"""Revisions that wait for a lock: they give up soon, and are tried again."""

import asyncio
import os
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from db import migrate
from db.revisions import History, history
from db.settings import HOUSE
from tests.databases import WAITS_FOR_ME, Database, settings_for

pytestmark = [pytest.mark.postgresql, pytest.mark.nouns]

REVISION = """
from alembic import op
revision = "{revision}"
down_revision = "{before}"
def upgrade():
    op.execute("SET LOCAL lock_timeout = '50ms'")
    op.execute("ALTER TABLE {table} ADD COLUMN later text")
"""


@pytest.fixture
def newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two revisions after those of the code: one of `tags`, and one of `users`."""
    steps = [migrate.newest() or "", *(f"{int(migrate.newest() or 0) + number:04}" for number in (1, 2))]
    for before, revision, table in zip(steps, steps[1:], ("tags", "users"), strict=False):
        (tmp_path / f"{revision}.py").write_text(REVISION.format(revision=revision, before=before, table=table))
    made = migrate._config  # noqa: SLF001 - where the revisions of a test are, no setting says

    def configured(*given: Any, own: bool = False, **named: Any) -> Config:
        config = made(*given, own=own, **named)
        if not own:
            config.set_main_option("path_separator", "os")
            config.set_main_option("version_locations", f"{HOUSE}/migrations/versions{os.pathsep}{tmp_path}")
        return config

    monkeypatch.setattr(migrate, "_config", configured)
    known = History(frozenset(steps[-1:]), history().known | {*steps})
    monkeypatch.setattr(migrate, "history", lambda: known)
    return steps[-1]


@pytest.mark.parametrize("pauses", [(0.05,) * 40, (0.05,)])
async def test_a_lock_that_is_given_back_in_time_is_waited_for_and_no_longer(
    database: Database, newest: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, pauses: Any
) -> None:
    monkeypatch.setattr(migrate, "PAUSES_S", pauses)
    settings = settings_for(database)
    other = await asyncpg.connect(database.url)
    holding = other.transaction()
    await holding.start()
    await other.execute("LOCK TABLE users IN ACCESS SHARE MODE")
    upgrade = asyncio.create_task(asyncio.to_thread(migrate.upgrade, settings, own=()))
    while not (await other.fetchval(WAITS_FOR_ME) or upgrade.done()):  # noqa: ASYNC110 - a lock has no event
        await asyncio.sleep(0.01)
    if len(pauses) == 1:
        with pytest.raises(DBAPIError, match="lock timeout"):
            await upgrade
        # The revision of `tags` stays; that of `users` left nothing.
        assert migrate.current(settings) == f"{int(newest) - 1:04}"
    await asyncio.sleep(0.2)
    await holding.rollback()
    await other.close()
    await (upgrade if len(pauses) > 1 else asyncio.to_thread(migrate.upgrade, settings, own=()))
    assert migrate.current(settings) == newest
    assert "tried again in 0.05 s" in caplog.text
