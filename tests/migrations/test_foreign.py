"""What is not ours stays as it is: databases that somebody else has made, fills and migrates."""

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, text
from sqlalchemy.exc import IntegrityError

from db import migrate
from db.base import NAMING_CONVENTION, Base
from db.ownership import Step, steps_of
from db.refusals import AtRevision, CannotAdopt, ForeignHistory, ForeignRevision, ForeignTables
from db.settings import HOUSE, DatabaseSettings
from tests.databases import Database, settings_for
from tests.migrations import sample
from tests.migrations.evolution import Evolution

# `status`, `name` and `kind` are words of our revisions: columns, not tables.
THEIRS = (
    "CREATE TABLE status (id INTEGER PRIMARY KEY, name VARCHAR(9) DEFAULT 'x' UNIQUE, CHECK (id > 0))",
    'CREATE TABLE "Order Lines" (kind TEXT, status_id INTEGER REFERENCES status (id))',
    'CREATE INDEX name ON "Order Lines" (kind)',
    "CREATE VIEW kind AS SELECT id FROM status",
    "INSERT INTO status (id, name) VALUES (1, 'one')",
)
THEIRS_ON_POSTGRESQL = (
    "CREATE TYPE draft AS ENUM ('a', 'b')",
    "CREATE SEQUENCE published",
    "CREATE FUNCTION slug() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA author",
    "CREATE TABLE author.posts (id int, state draft)",
    "COMMENT ON TABLE status IS 'theirs'",
    "CREATE MATERIALIZED VIEW title AS SELECT 1 AS one",
)
EVERYTHING_ON_POSTGRESQL = """
    SELECT format('column %s %s %s %s', attrelid::regclass, attname, atttypid::regtype,
        col_description(attrelid, attnum))
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'information_schema' AND attnum > 0
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid <> 0
    UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typtype = 'e'
    UNION ALL SELECT 'function ' || oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
"""
EVERYTHING_ON_SQLITE = "SELECT type || name || coalesce(sql, '') FROM sqlite_schema"


@pytest.fixture
def blank(blank_database: Database) -> DatabaseSettings:
    return settings_for(blank_database)


async def run(settings: DatabaseSettings, *statements: str) -> None:
    def execute(connection: Any) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    await sample.ask(settings, execute)


async def everything(settings: DatabaseSettings) -> set[str]:
    """Whatever the database says that it holds."""
    of_it = EVERYTHING_ON_SQLITE if settings.primary.get_backend_name() == "sqlite" else EVERYTHING_ON_POSTGRESQL
    return await sample.ask(settings, lambda connection: set(connection.scalars(text(of_it))))


async def fill_with_theirs(settings: DatabaseSettings) -> set[str]:
    await run(settings, *THEIRS)
    if settings.primary.get_backend_name() != "sqlite":
        await run(settings, *THEIRS_ON_POSTGRESQL)
    return await everything(settings)


def next_revision(settings: DatabaseSettings, folder: Path) -> str:
    """What `alembic revision --autogenerate` writes next."""
    evolution = Evolution(settings, folder)
    config = evolution.config(Base.metadata)
    config.set_main_option("version_locations", f"{HOUSE / 'migrations' / 'versions'}{os.pathsep}{folder}")
    command.revision(config, "Next", autogenerate=True, version_path=str(folder))
    return max(folder.glob("*.py")).read_text("utf-8")


def says_nothing(revision: str) -> bool:
    """Whether a revision changes nothing, neither up nor down."""
    return len(re.findall(r"    give_way\(\)\n    # .*\n    pass\n", revision)) == 2


async def test_what_others_have_made_is_neither_compared_nor_altered_nor_dropped(
    blank: DatabaseSettings, tmp_path: Path
) -> None:
    theirs = await fill_with_theirs(blank)
    migrate.upgrade(blank)
    assert migrate.check(blank) == []
    written = await asyncio.to_thread(next_revision, blank, tmp_path / "versions")
    assert says_nothing(written)
    assert theirs <= await everything(blank)
    migrate.downgrade(blank, "base")
    assert theirs <= await everything(blank)
    assert await sample.ask(blank, lambda them: them.scalar(text("SELECT name FROM status"))) == "one"


def models_of(*columns: Column[Any]) -> MetaData:
    found = MetaData(naming_convention=NAMING_CONVENTION)
    Table("status", found, Column("id", Integer, primary_key=True), *columns)
    return found


async def test_of_a_table_that_others_have_made_only_what_the_model_has_is_compared(
    blank: DatabaseSettings, tmp_path: Path
) -> None:
    # The model knows `id` alone: neither the other column nor its default, nor key, check and comment by their names.
    theirs = await fill_with_theirs(blank)
    written = await asyncio.to_thread(Evolution(blank, tmp_path / "versions").written, models_of())
    assert says_nothing(written)
    assert theirs <= await everything(blank)


@pytest.mark.postgresql
async def test_schemas_that_models_name_are_compared_and_no_others(blank: DatabaseSettings, tmp_path: Path) -> None:
    await fill_with_theirs(blank)
    await run(blank, "CREATE SCHEMA shelf", "CREATE TABLE shelf.books (id int PRIMARY KEY, theirs text)")
    models = MetaData(naming_convention=NAMING_CONVENTION)
    Table("books", models, Column("id", Integer, primary_key=True, autoincrement=False), schema="shelf")
    evolution = Evolution(blank, tmp_path / "versions")
    assert says_nothing(await asyncio.to_thread(evolution.to, models))
    Table("pages", models, Column("id", Integer, primary_key=True, autoincrement=False), schema="shelf")
    await asyncio.to_thread(evolution.to, models)
    assert await asyncio.to_thread(evolution.differences, models) == []
    models.remove(models.tables["shelf.pages"])  # a revision has made it
    models.remove(models.tables["shelf.books"])  # none has
    Table("shelves", models, Column("id", Integer, primary_key=True, autoincrement=False), schema="shelf")
    # A name that is in two schemas, and a reference from one to the other.
    reference = ForeignKey("shelf.shelves.id", name="fk_theirs")
    Table("shelves", models, Column("id", Integer, reference, primary_key=True, autoincrement=False), schema="author")
    Table("shelves", models, Column("id", Integer, primary_key=True), CheckConstraint("id > 1", name="large"))
    gone = await asyncio.to_thread(evolution.to, models)
    assert await asyncio.to_thread(evolution.differences, models) == []
    assert re.findall(r"drop_table\(\W*(\w+)", gone.partition("def downgrade")[0]) == ["pages"]


async def test_what_a_revision_has_added_to_their_table_may_go_again(blank: DatabaseSettings, tmp_path: Path) -> None:
    await run(
        blank,
        "CREATE TABLE status (id INTEGER PRIMARY KEY, name VARCHAR(9), kind TEXT, CHECK (id < 9))",
        "CREATE VIEW theirs AS SELECT kind FROM status",
    )
    await run(blank, "INSERT INTO status VALUES (1, 'one', 'theirs')")
    on_sqlite = blank.primary.get_backend_name() == "sqlite"
    if on_sqlite:
        await run(blank, "CREATE TRIGGER follow AFTER INSERT ON status BEGIN DELETE FROM status WHERE id = 1; END")
    evolution = Evolution(blank, tmp_path / "versions")
    more = models_of(Column("name", String(9)), Column("colour", String(9)))
    added = await asyncio.to_thread(evolution.to, more)
    assert "add_column(sa.Column('colour'" in added.replace('"', "'")
    gone = await asyncio.to_thread(evolution.to, models_of(Column("name", String(9))))
    assert gone.replace('"', "'").count("drop_column('") == 1
    assert await rows_of(blank, "status") == [(1, "one", "theirs")]
    # SQLite has made the table anew: the CHECK, the view and the trigger are as they were.
    with pytest.raises(IntegrityError):
        await run(blank, "INSERT INTO status VALUES (9, 'nine', 'too many')")
    await run(blank, "INSERT INTO status VALUES (2, 'two', 'more')")
    assert await rows_of(blank, "theirs") == ([("more",)] if on_sqlite else [("theirs",), ("more",)])


async def rows_of(settings: DatabaseSettings, table: str) -> list[tuple[Any, ...]]:
    statement = text(f"SELECT * FROM {table}")
    return await sample.ask(settings, lambda connection: [tuple(row) for row in connection.execute(statement)])


async def test_revisions_of_another_application_are_refused_with_the_cure(blank: DatabaseSettings) -> None:
    await run(
        blank,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('ae1027a6acf')",
    )
    before = await everything(blank)
    sentence = "alembic_version is at revision ae1027a6acf, which is not of this code.*TRELLIS_VERSION_TABLE="
    for work in (migrate.upgrade, migrate.adopt, lambda them: migrate.downgrade(them, "base")):
        with pytest.raises(ForeignRevision, match=sentence):
            work(blank)
    assert [it.partition(",")[0] for it in migrate.check(blank)] == [
        "The table alembic_version is at revision ae1027a6acf"
    ]
    assert await everything(blank) == before

    apart = blank.model_copy(update={"version_table": "trellis_alembic_version"})
    migrate.upgrade(apart)
    assert migrate.check(apart) == []
    assert migrate.current(blank) == "ae1027a6acf"


async def test_a_table_of_something_else_in_the_place_of_revisions_is_refused(blank: DatabaseSettings) -> None:
    await run(blank, "CREATE TABLE books (id INTEGER PRIMARY KEY)")
    with pytest.raises(ForeignHistory, match="The table books keeps no revisions: it is somebody else's"):
        migrate.upgrade(blank.model_copy(update={"version_table": "books"}))


async def test_a_revision_of_ours_without_its_tables_is_another_applications(blank: DatabaseSettings) -> None:
    await run(
        blank,
        "CREATE TABLE books (id INTEGER PRIMARY KEY)",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('0001')",
    )
    with pytest.raises(ForeignRevision, match="alembic_version is at revision 0001"):
        migrate.upgrade(blank)


async def test_tables_of_the_same_name_are_refused_before_anything_is_made(blank: DatabaseSettings) -> None:
    await run(blank, "CREATE TABLE users (id INTEGER PRIMARY KEY)", "CREATE VIEW roles AS SELECT 1 AS one")
    before = await everything(blank)
    with pytest.raises(ForeignTables, match=r"already that the next revisions make: roles, users\..*db adopt"):
        migrate.upgrade(blank)
    with pytest.raises(CannotAdopt, match=r"The table posts is in the models and not in the database\."):
        migrate.adopt(blank)
    assert await everything(blank) == before
    assert migrate.current(blank) is None


async def test_tables_that_are_as_the_models_want_them_are_adopted(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    await run(blank, "DROP TABLE alembic_version")
    with pytest.raises(ForeignTables, match="users"):
        migrate.upgrade(blank)
    migrate.adopt(blank)
    assert migrate.current(blank) == migrate.newest()
    assert migrate.check(blank) == []
    with pytest.raises(AtRevision, match=r"is at revision 0\d+ already\. Run `trellis db upgrade`"):
        migrate.adopt(blank)


async def test_a_first_upgrade_that_fails_leaves_nothing_behind(blank: DatabaseSettings) -> None:
    # The name of an index that the second revision makes.
    await run(blank, "CREATE TABLE theirs (x INTEGER)", "CREATE INDEX ix_sign_ins_user_id ON theirs (x)")
    before = await everything(blank)
    with pytest.raises(Exception, match="already exists"):
        migrate.upgrade(blank)
    assert await everything(blank) == before


def test_what_revisions_make_is_read_from_what_they_call() -> None:
    source = '''
"""Create table prose."""
def upgrade():
    """Drop table prose."""
    op.create_table("a", sa.Column("b"))
    op.execute('CREATE TABLE IF NOT EXISTS app."Odd ""one""" (x int)')
    op.rename_table("a", "c")
    op.execute("DROP TABLE d")
    op.execute("CREATE TYPE mood AS ENUM ('x')")
def downgrade():
    op.create_table("d")
'''
    assert steps_of(source) == [
        Step("create", "table", "a"),
        Step("create", "table", 'app.Odd "one"'),
        Step("rename", "table", "a", "c"),
        Step("drop", "table", "d"),
        Step("create", "type", "mood"),
    ]
