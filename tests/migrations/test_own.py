"""Trellis's own tables: revisions of their own, which follow those of the application and touch nothing else."""

import pytest
from sqlalchemy import Connection, inspect
from sqlalchemy.orm import Mapped, mapped_column

from db import migrate
from db.own import PREFIX, OwnBase
from db.settings import DatabaseSettings
from tests.databases import Database, settings_for
from tests.migrations import sample

TABLES = set(OwnBase.metadata.tables)


@pytest.fixture
def blank(blank_database: Database) -> DatabaseSettings:
    return settings_for(blank_database)


def names(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_table_names() if name.startswith(PREFIX)}


async def test_own_tables_come_with_an_upgrade_and_go_at_the_base(blank: DatabaseSettings) -> None:
    revisions = {migrate.version_table(blank, own=True)}
    assert TABLES
    migrate.upgrade(blank, "0001")
    assert await sample.ask(blank, names) == TABLES | revisions
    assert migrate.current(blank, own=True) == migrate.newest(own=True)
    migrate.downgrade(blank, "base")
    assert await sample.ask(blank, names) == revisions
    migrate.upgrade(blank)
    assert await sample.ask(blank, names) == TABLES | revisions


async def test_check_names_an_own_table_that_is_gone(settings: DatabaseSettings) -> None:
    await sample.ask(settings, OwnBase.metadata.drop_all)
    tables = {it for it in migrate.check(settings) if it.startswith("The table ")}  # and their indexes
    assert tables == {f"The table {name} is in the models and not in the database." for name in TABLES}


async def test_check_says_what_to_run_where_own_tables_are_older(blank: DatabaseSettings) -> None:
    migrate.upgrade(blank)
    await sample.ask(
        blank, lambda connection: connection.exec_driver_sql(f"DELETE FROM {migrate.version_table(blank, own=True)}")
    )
    assert migrate.check(blank) == [
        f"Trellis's own tables are at revision none of {migrate.newest(own=True)}. Run `trellis db upgrade`."
    ]


def test_a_name_that_an_application_may_have_is_refused() -> None:
    with pytest.raises(ValueError, match=f"begin its name with {PREFIX}"):

        class Usage(OwnBase):
            __tablename__ = "usage"
            id: Mapped[int] = mapped_column(primary_key=True)
