"""The next revision: how it is written, and what it may rely on."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from db import migrate
from db.settings import HOUSE, DatabaseSettings
from tests.databases import Database
from tests.migrations import sample

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
"""

RunRevision = Callable[[str, str], Config]


@pytest.fixture
def revision(settings: DatabaseSettings, tmp_path: Path) -> RunRevision:
    """Writes a revision after the newest one, and says how alembic finds it."""

    def write(upgrade: str, downgrade: str = "pass") -> Config:
        folder = tmp_path / "versions"
        folder.mkdir()
        (folder / "9999_next.py").write_text(
            REVISION.format(head=migrate.newest(), upgrade=upgrade, downgrade=downgrade)
        )
        config = Config()
        config.set_main_option("script_location", str(HOUSE / "migrations"))
        config.set_main_option("path_separator", "os")
        config.set_main_option(
            "version_locations", os.pathsep.join([str(HOUSE / "migrations" / "versions"), str(folder)])
        )
        config.attributes["settings"] = settings
        return config

    return write


async def test_a_table_that_others_refer_to_can_be_made_anew(settings: DatabaseSettings, revision: RunRevision) -> None:
    # SQLite changes a column by copying the table and dropping the old one; children must not go with it.
    migrated = revision(
        'with op.batch_alter_table("users", recreate="auto") as users:\n'
        '        users.add_column(sa.Column("nickname", sa.String(50), nullable=False, server_default="none"))\n'
        '        users.alter_column("name", type_=sa.String(300))',
        'with op.batch_alter_table("users") as users:\n        users.drop_column("nickname")',
    )
    await sample.ask(settings, sample.fill)
    before = await sample.ask(settings, sample.contents)
    await asyncio.to_thread(command.upgrade, migrated, "head")
    after = await sample.ask(settings, sample.contents)
    assert [user.pop("nickname") for user in after["users"]] == ["none", "none"]
    assert after == before
    await asyncio.to_thread(command.downgrade, migrated, "-1")
    assert await sample.ask(settings, sample.contents) == before


async def test_a_revision_that_fails_halfway_changes_nothing(settings: DatabaseSettings, revision: RunRevision) -> None:
    broken = revision(
        'op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))\n    op.execute("SELECT nonsense")',
        "pass",
    )
    with pytest.raises(Exception, match="nonsense"):
        await asyncio.to_thread(command.upgrade, broken, "head")
    assert "half" not in await sample.ask(settings, sample.columns)
    assert migrate.current(settings) == migrate.newest()


@pytest.mark.sqlite
async def test_a_revision_that_leaves_orphans_is_refused(settings: DatabaseSettings, revision: RunRevision) -> None:
    orphaning = revision('op.execute("DELETE FROM users WHERE id = 1")', "pass")
    await sample.ask(settings, sample.fill)
    before = await sample.ask(settings, sample.contents)
    with pytest.raises(
        ValueError,
        match=r"rows without their parents in accounts, documents, posts, sign_ins, user_roles",
    ):
        await asyncio.to_thread(command.upgrade, orphaning, "head")
    assert await sample.ask(settings, sample.contents) == before


@pytest.mark.postgresql
async def test_a_revision_may_take_longer_than_a_statement_of_a_request(
    settings: DatabaseSettings, revision: RunRevision
) -> None:
    slow = revision('op.execute("SELECT pg_sleep(0.3)")', "pass")
    slow.attributes["settings"] = settings.model_copy(update={"statement_timeout_s": 0.1})
    await asyncio.to_thread(command.upgrade, slow, "head")
    assert migrate.current(settings) == "9999"
    await asyncio.to_thread(command.downgrade, slow, "-1")


@pytest.mark.process
async def test_a_change_of_the_models_becomes_a_numbered_revision(
    database: Database, settings: DatabaseSettings, tmp_path: Path
) -> None:
    # As a developer meets it: the models say more than the database, here because it has lost a column.
    await sample.ask(
        settings, lambda connection: connection.execute(text("ALTER TABLE sign_ins DROP COLUMN in_cookie"))
    )
    folder = tmp_path / "versions"
    folder.mkdir()
    house = (HOUSE / "alembic.ini").read_text().replace("%(here)s", str(HOUSE))
    locations = f"version_locations = {HOUSE / 'migrations' / 'versions'}{os.pathsep}{folder}"
    (tmp_path / "alembic.ini").write_text(house.replace("path_separator = os", f"path_separator = os\n{locations}", 1))
    await tool(
        *("alembic", "revision", "--autogenerate", "-m", "Bring it back", "--version-path", folder),
        cwd=tmp_path,
        env={**os.environ, "TRELLIS_DATABASE_URL": database.url},
    )
    number = f"{len(migrate.revisions()) + 1:04}"
    [written] = folder.glob("*.py")
    revision = written.read_text()
    assert written.name == f"{number}_bring_it_back.py"
    assert revision.startswith(f'"""Bring it back.\n\nRevision {number}, after {migrate.newest()}.')
    assert 'sa.Column("in_cookie", sa.Boolean(), nullable=False)' in revision
    assert revision.count("    give_way()\n") == 2
    await tool("ruff", "check", "--config", HOUSE / "pyproject.toml", "--ignore", "D1", written)


async def tool(module: str, *arguments: str | Path, **options: Any) -> None:
    command = [sys.executable, "-m", module, *arguments]
    await asyncio.to_thread(lambda: subprocess.run(command, check=True, capture_output=True, **options))
