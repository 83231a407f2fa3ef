"""Revisions that have changes recorded: what they make, what they leave, and columns that come and go afterwards."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text

from db import migrate
from db.base import Base
from db.changes.log import ChangeLog, labels
from db.own import Feature
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.schema import make_schema
from migrations import operations  # noqa: F401 - alembic uses the operations that are imported
from migrations.recording_texts import recording
from tests.databases import Database, settings_for
from tests.db.changes.logs import changes, connected
from tests.migrations import sample

pytestmark = pytest.mark.nouns

WITHOUT = tuple(set(Feature) - {Feature.CHANGES})


@pytest.fixture
def blank(blank_database: Database) -> DatabaseSettings:
    return settings_for(blank_database)


async def recorded(settings: DatabaseSettings) -> frozenset[str]:
    engines = Engines(settings)
    try:
        async with connected(engines) as connection:
            return labels(await ChangeLog(engines.primary.dialect, [Base.metadata]).recorded(connection))
    finally:
        await engines.dispose()


async def test_every_table_that_is_shown_is_recorded_with_all_of_its_columns(settings: DatabaseSettings) -> None:
    shown = {str(table.key) for table in make_schema().changing_tables()}
    assert await recorded(settings) == shown
    assert {"post_tags", "user_roles"} < shown  # what stands between tables shows, too


async def test_rows_of_every_table_are_told(settings: DatabaseSettings) -> None:
    await sample.ask(settings, sample.fill)
    engines = Engines(settings)
    told = {change.table for change in await changes(engines, Base.metadata)}
    await engines.dispose()
    assert told == await recorded(settings)


async def test_triggers_go_on_the_way_down_and_come_back(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    before = await recorded(blank)
    migrate.downgrade(blank, "0007")
    assert await recorded(blank) == frozenset()
    migrate.upgrade(blank)
    assert await recorded(blank) == before
    migrate.downgrade(blank, "base")
    assert await sample.ask(blank, sample.columns) == {}


async def test_without_the_log_nothing_is_recorded_and_everything_works(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank, own=WITHOUT)
    await sample.ask(blank, sample.fill)
    migrate.upgrade(blank)  # it is switched on
    assert await recorded(blank) == frozenset()
    assert migrate.check(blank) == []
    migrate.downgrade(blank, "0007")
    migrate.upgrade(blank)
    assert "posts" in await recorded(blank)


@pytest.mark.sqlite
async def test_columns_that_come_and_go_are_recorded(settings: DatabaseSettings) -> None:
    def alter(operate: Callable[[Operations], None]) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            operate(Operations(MigrationContext.configure(connection)))
            connection.commit()

        return work

    def add(op: Operations) -> None:
        op.add_column("tags", Column("colour", Text))

    def make_anew(op: Operations) -> None:
        with op.batch_alter_table("tags", recreate="always") as batch:
            batch.alter_column("colour", new_column_name="tint")

    def drop(op: Operations) -> None:
        op.drop_column("tags", "tint")

    def rename(op: Operations) -> None:
        op.rename_table("roles", "parts")

    before = await recorded(settings)
    for operate in (add, make_anew, drop):
        await sample.ask(settings, alter(operate))
        assert await recorded(settings) == before
    await sample.ask(settings, alter(rename))
    assert await recorded(settings) == before - {"roles"} | {"parts"}


def test_the_text_of_a_revision_names_tables_keys_and_columns() -> None:
    metadata = MetaData()
    invoices = Table("invoices", metadata, Column("id", Integer, primary_key=True), schema="billing")
    wide = Table("wide", metadata, Column("a", Integer, primary_key=True), *(Column(f"column_{n}") for n in range(30)))
    name, text = recording("0041", [invoices, wide], date(2026, 1, 2), recorded=True)
    assert name == "0042_record_changes_of_billing_invoices_wide.py"
    assert 'record_changes("invoices", ["id"], ["id"], schema="billing")' in text
    assert 'stop_recording("invoices", schema="billing")' in text
    assert max(map(len, text.splitlines())) <= 120
    made: dict[str, Any] = {}
    exec(compile(text, name, "exec"), made)
    assert (made["revision"], made["down_revision"]) == ("0042", "0041")


@pytest.mark.mysql
async def test_no_write_fails_while_columns_come_and_go_on_mariadb(settings: DatabaseSettings) -> None:
    def run(operate: Callable[[Operations], None]) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            operate(Operations(MigrationContext.configure(connection)))
            connection.commit()

        return work

    steps: list[tuple[Callable[[Operations], None], str]] = [
        (lambda op: op.add_column("tags", Column("colour", Text)), "colour"),
        (
            lambda op: op.alter_column("tags", "colour", new_column_name="tint", existing_type=Text()),
            "tint",
        ),
        (lambda op: op.drop_column("tags", "tint"), "name"),
    ]
    before = await recorded(settings)
    engines = Engines(settings)
    async with engines.writing().begin() as connection:
        await connection.exec_driver_sql("INSERT INTO tags (name, slug) VALUES ('0', '0')")
    await changes(engines, Base.metadata)
    for number, (operate, column) in enumerate(steps, 1):
        await sample.ask(settings, run(operate))
        assert await recorded(settings) == before
        async with engines.writing().begin() as connection:
            await connection.exec_driver_sql(f"UPDATE tags SET {column} = '{number}'")
        (change,) = await changes(engines, Base.metadata, after=number)
        assert (change.table, change.columns) == ("tags", frozenset({column}))
    await sample.ask(settings, run(lambda op: op.rename_table("tags", "marks")))
    assert await recorded(settings) == before - {"tags"} | {"marks"}
    async with engines.writing().begin() as connection:
        await connection.exec_driver_sql("UPDATE marks SET name = 'last'")
    (change,) = await changes(engines, Base.metadata, after=4)
    assert (change.table, change.columns) == ("marks", frozenset({"name"}))
    await engines.dispose()
