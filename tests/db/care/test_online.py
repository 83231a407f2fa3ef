"""What revisions would do to servers that run: named with the line, and only where it is so."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from alembic.config import Config
from alembic.util import CommandError

from db import migrate
from db.care import online
from db.care.online import Effect, Finding
from db.care.online.copied import copied_in
from db.care.online.rules import RULES
from db.care.online.running import Reads, what_is_read
from db.care.online.statements import column_of, table_of, words_in
from db.own import Feature
from db.settings import DatabaseSettings
from tests.databases import TRIED

FIRST = """
op.create_table("roles", sa.Column("id", sa.Integer(), primary_key=True))
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.String(20)),
    sa.Column("status", sa.String(9)),
    sa.CheckConstraint("status IN ('new', 'it''s', 'old')", name="ck_users_status"),
)
op.create_index("ix_users_name", "users", ["name"])
op.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
"""
GIVE_WAY = "op.execute(\"SET LOCAL lock_timeout = '5s'\")"
HEAD = "import sqlalchemy as sa\nfrom alembic import op\n"
FIRST_LINE = 7
"""The line of a revision on which its work begins, with `give_way` before."""


class Revisions:
    """A folder of revisions: 0001 has run, the others are to come."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._number = 0
        self.add(FIRST)

    def add(self, body: str, *, gives_way: bool = True) -> None:
        self._number += 1
        before = f'"{self._number - 1:04}"' if self._number > 1 else None
        lines = f"{GIVE_WAY}\n{body.strip()}" if gives_way else body.strip()
        text = (
            f'{HEAD}revision = "{self._number:04}"\ndown_revision = {before}\ndef upgrade():\n{indent(lines, "    ")}\n'
        )
        (self._folder / f"{self._number:04}_step.py").write_text(text)

    def findings(self, since: str | None = "0001", reads: Reads | None = None) -> list[Finding]:
        return online.findings(DatabaseSettings(database_url=self._url), since, reads)  # type: ignore[arg-type]  # Pydantic takes a text

    def said(self, reads: Reads | None = None) -> list[tuple[int, Effect]]:
        return [(each.place.line - FIRST_LINE, each.effect) for each in self.findings(reads=reads)]


def of(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Revisions:
    made = migrate._config  # noqa: SLF001 - where the revisions of a test are, no setting says

    def configured(*given: Any, **named: Any) -> Config:
        config = made(*given, **named)
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", str(folder))
        return config

    monkeypatch.setattr(migrate, "_config", configured)
    return Revisions(folder, url)


@pytest.fixture
def revisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Revisions:
    return of(tmp_path, monkeypatch, "postgresql://nowhere/shop")


@pytest.fixture
def on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Revisions:
    return of(tmp_path, monkeypatch, "sqlite:///nowhere.db")


BLOCKS, BREAKS, FAILS, UNREAD = Effect
BAD = {
    'op.add_column("users", sa.Column("x", sa.Float(), server_default=sa.text("random()")))': BLOCKS,
    'op.add_column("users", sa.Column("x", sa.Text(), nullable=False))': FAILS,
    'op.add_column("users", sa.Column("role_id", sa.Integer(), sa.ForeignKey("roles.id")))': BLOCKS,
    'op.alter_column("users", "name", type_=sa.Integer())': BLOCKS,
    'op.alter_column("users", "name", nullable=False)': BLOCKS,
    'op.alter_column("users", "name", new_column_name="title")': BREAKS,
    'op.create_index("ix", "users", ["status"])': BLOCKS,
    'op.create_index("ix", "users", ["status"], postgresql_concurrently=True)': FAILS,
    'op.drop_index("ix_users_name", "users")': BLOCKS,
    'op.create_foreign_key("fk", "users", "roles", ["id"], ["id"])': BLOCKS,
    'op.create_check_constraint("ck", "users", "id > 0")': BLOCKS,
    'op.create_unique_constraint("uq", "users", ["name"])': BLOCKS,
    'op.drop_column("users", "name")': BREAKS,
    'op.drop_table("roles")': BREAKS,
    'op.rename_table("users", "people")': BREAKS,
}
GOOD = [
    'op.add_column("users", sa.Column("x", sa.Text()))',
    'op.add_column("users", sa.Column("x", sa.Boolean(), server_default=sa.false(), nullable=False))',
    'op.create_check_constraint("ck", "users", "id > 0", postgresql_not_valid=True)',
    'op.create_foreign_key("fk", "users", "roles", ["id"], ["id"], postgresql_not_valid=True)',
    'op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck")',
    "with op.get_context().autocommit_block():\n"
    '    op.create_index("ix", "users", ["name"], postgresql_concurrently=True)',
    'op.create_table("news", sa.Column("id", sa.Integer()))\nop.create_index("ix_news", "news", ["id"])',
    "op.execute(\"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'\")",
    'op.drop_constraint("ck_users_status", "users")',
    "op.execute(\"UPDATE users SET name = 'DROP TABLE roles'\")",
]


@pytest.mark.parametrize("line", BAD)
def test_what_blocks_or_breaks_is_named_once_with_its_line(revisions: Revisions, line: str) -> None:
    revisions.add(f'op.execute("SELECT 1")\n{line}')
    assert revisions.said() == [(1, BAD[line])]


def test_squawk_knows_each_rule_of_ours() -> None:
    excluded = [part for rule in RULES for part in ("--exclude", rule)]
    command = [str(Path(sys.executable).with_name("squawk")), *excluded, "--stdin-filepath", "a.sql"]
    assert subprocess.run(command, input=b"SELECT 1;", capture_output=True, check=False).stderr == b""


@pytest.mark.parametrize("lines", GOOD)
def test_the_safe_way_is_not_complained_of(revisions: Revisions, lines: str) -> None:
    revisions.add(lines)
    assert revisions.said() == []


def test_a_validated_check_lets_a_column_become_not_null(revisions: Revisions) -> None:
    revisions.add('op.create_check_constraint("ck", "users", "name IS NOT NULL", postgresql_not_valid=True)')
    revisions.add(
        'op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck")\nop.alter_column("users", "name", nullable=False)'
    )
    assert revisions.said() == []


def test_what_the_same_revisions_make_nobody_uses_yet(revisions: Revisions) -> None:
    revisions.add('op.create_table("news", sa.Column("id", sa.Integer()), sa.Column("x", sa.Text()))')
    revisions.add('op.create_index("ix_news", "news", ["id"])\nop.alter_column("news", "x", type_=sa.Integer())')
    revisions.add('op.drop_index("ix_news", "news")\nop.drop_column("news", "x")\nop.drop_table("news")')
    assert revisions.said() == []
    assert [each.place.file.name[:4] for each in revisions.findings("0002")] == ["0003"] * 2 + ["0004"] * 3


def test_a_table_that_is_made_anew_is_not_new(revisions: Revisions) -> None:
    revisions.add('op.drop_table("roles")\nop.create_table("roles", sa.Column("id", sa.Text()))')
    assert revisions.said() == [(0, BREAKS)]


def test_what_the_release_that_runs_does_not_read_may_go(revisions: Revisions) -> None:
    revisions.add('op.drop_column("users", "name")\nop.drop_column("users", "status")\nop.drop_table("roles")')
    assert revisions.said() == [(0, BREAKS), (1, BREAKS), (2, BREAKS)]
    assert revisions.said({"users": frozenset({"id", "status"})}) == [(1, BREAKS)]


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        (
            "op.create_check_constraint('ck_users_status', 'users', \"status IN ('new')\", postgresql_not_valid=True)",
            "'it''s', 'old'",
        ),
        ("op.execute(\"CREATE TYPE mood AS ENUM ('ok', 'glad')\")", "'sad'"),
    ],
)
def test_words_that_are_taken_away_are_named(revisions: Revisions, line: str, gone: str) -> None:
    revisions.add(line)
    (found,) = revisions.findings()
    assert found.effect is Effect.BREAKS
    assert found.message.startswith(f"{gone} can be written no more")


def test_a_revision_that_waits_without_a_limit_is_named_whichever_it_is(revisions: Revisions) -> None:
    revisions.add('op.add_column("users", sa.Column("x", sa.Text()))')
    revisions.add('op.add_column("users", sa.Column("y", sa.Text()))', gives_way=False)
    (found,) = revisions.findings()
    assert found.place.file.name == "0003_step.py"
    assert "lock_timeout" in found.message


def test_tables_that_nobody_uses_yet_need_no_limit(revisions: Revisions) -> None:
    revisions.add('op.create_table("news", sa.Column("id", sa.Integer()))\nop.drop_table("news")', gives_way=False)
    assert revisions.said() == []


def test_a_revision_that_asks_the_database_is_said_to_be_unread(revisions: Revisions) -> None:
    revisions.add('op.drop_table("roles")\nop.get_bind().execute(sa.text("SELECT 1")).all()\nop.drop_table("users")')
    revisions.add('op.create_index("ix", "users", ["status"])')
    assert [each.effect for each in revisions.findings()] == [BREAKS, UNREAD, BLOCKS]


def test_what_is_meant_is_left_out_where_a_reason_is_given(revisions: Revisions) -> None:
    revisions.add('op.drop_table("roles")  # online: nothing has read it since May\nop.drop_table("users")  # online:')
    assert revisions.said() == [(1, BREAKS)]
    revisions.add('# online: twelve rows\nop.create_index("ix", "users", ["status"])')
    assert revisions.said() == [(1, BREAKS)]


def test_nothing_is_pending_at_the_newest_and_an_unknown_revision_is_an_error(revisions: Revisions) -> None:
    assert revisions.findings() == []
    with pytest.raises(CommandError, match="nonsense"):
        revisions.findings("nonsense")


def test_sqlite_is_told_what_is_copied_and_what_goes(on_sqlite: Revisions) -> None:
    on_sqlite.add(
        'with op.batch_alter_table("users") as batch:\n    batch.add_column(sa.Column("x", sa.Text()))\n'
        'with op.batch_alter_table("users") as batch:\n    batch.alter_column("name", type_=sa.Text())\n'
        'op.create_index(op.f("ix"), "users", ["status"])\n'
        'op.drop_table("roles")'
    )
    found = on_sqlite.findings()
    assert [(each.place.line - FIRST_LINE, each.effect) for each in found] == [(2, BLOCKS), (4, BLOCKS), (5, BREAKS)]
    assert found[0].message.startswith("The table users is made anew, row by row")
    assert found[1].message.startswith("All rows of users are read")


def test_locks_of_postgresql_are_no_matter_on_sqlite(on_sqlite: Revisions) -> None:
    on_sqlite.add(
        'op.add_column("users", sa.Column("x", sa.Float(), server_default=sa.text("random()")))', gives_way=False
    )
    assert on_sqlite.said() == []
    on_sqlite.add('op.add_column("users", sa.Column("y", sa.Text(), nullable=False))')
    assert on_sqlite.said() == [(0, FAILS)]


def test_a_way_down_locks_nothing(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text('def downgrade():\n    op.create_index("ix", "users", ["a"])\n')
    assert list(copied_in(file)) == []


@pytest.mark.nouns
@pytest.mark.process
def test_what_a_commit_reads_is_told_by_its_own_models() -> None:
    if subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, check=False
    ).returncode:
        pytest.skip("no checkout")
    reads = what_is_read("HEAD")
    assert "email" in reads["users"]
    with pytest.raises(online.CannotCheck, match="There is no commit `nowhere`"):
        what_is_read("nowhere")


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ('ALTER TABLE IF EXISTS ONLY "Odd ""name""" ADD x int', 'Odd "name"'),
        ('CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix ON ONLY shop."Things" USING gin (x)', "shop.Things"),
        ("drop table if exists things", "things"),
        ("SELECT 1", None),
    ],
)
def test_the_table_of_a_statement_is_found(statement: str, table: str | None) -> None:
    assert table_of(statement) == table


def test_columns_and_words_are_found() -> None:
    assert column_of('DROP COLUMN IF EXISTS "Odd"') == "Odd"
    assert column_of("RENAME a TO b") == "a"
    assert words_in("ADD CONSTRAINT ck CHECK ((a)::text IN ('x'::text, 'y, z'));") == {"ck": {"x", "y, z"}}


OWN = """
from alembic import op
revision = "usage_0002"
down_revision = "usage_0001"
def upgrade():
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index("ix_of_a_test", "trellis_usage_counts", ["day"])
"""


@pytest.fixture
def settings(dialect: str) -> DatabaseSettings:
    url = {"postgresql": "postgresql://nowhere/shop", "sqlite": "sqlite:///nowhere.db"}[dialect]
    return DatabaseSettings(database_url=url)  # type: ignore[arg-type]  # Pydantic takes a text


@pytest.mark.parametrize("dialect", TRIED)
def test_servers_go_on_while_revisions_of_our_own_tables_run(settings: DatabaseSettings) -> None:
    # From nothing, from wherever a database is, and one by one where nobody knows that.
    for at in ((), ("usage_0001", "counters_0001"), None):
        assert online.own_findings(settings, tuple(Feature), at) == []


@pytest.mark.parametrize("dialect", TRIED)
def test_a_revision_of_our_own_tables_that_blocks_is_named(
    settings: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "usage_0002_step.py").write_text(OWN)
    made = migrate._config  # noqa: SLF001 - as above

    def configured(*given: Any, own: bool = False, **named: Any) -> Config:
        config = made(*given, own=own, **named)
        folders = config.get_main_option("version_locations")
        config.set_main_option("version_locations", f"{folders}{os.pathsep}{tmp_path}")
        return config

    monkeypatch.setattr(migrate, "_config", configured)
    usage = (Feature.USAGE,)
    for at in (("place_0001", "usage_0001"), None):
        (found,) = online.own_findings(settings, usage, at)
        assert (found.effect, found.place.line) == (BLOCKS, 7)
    # The same revisions make the table, and nobody uses it yet; it has run; it is of a feature that is off.
    assert online.own_findings(settings, usage, ()) == []
    assert online.own_findings(settings, [Feature.COUNTERS], None) == []
    assert online.own_findings(settings, usage, ("place_0001", "usage_0003")) == []
