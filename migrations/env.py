"""How alembic reaches the database and what it compares: run by every alembic command and by `db.migrate`.

Settings come from `db.migrate`, or from the environment when a developer runs `alembic` itself. Which tables there are,
the package `db.models` says; no table is named here.
Source: https://alembic.sqlalchemy.org/en/latest/cookbook.html#using-asyncio-with-alembic
"""

import asyncio
import logging
import warnings
from functools import cache
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Dialect, MetaData, func, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateSchema
from sqlalchemy.util import await_only

from db import models, unmapped  # noqa: F401 - importing the models fills the metadata
from db.base import Base
from db.dialects import Failure, dialect_of, failure_of
from db.dialects.own_names import keep_own_tables_in
from db.dialects.sqlite_connections import BEGIN
from db.migrate import LOCK, LOOKS, OWN, PAUSES_S
from db.own import Feature, own_tables
from db.own.place import VersionTable, own_schema, version_table
from db.ownership import Ownership, key_of
from db.session.engines import create_engine
from db.settings import DatabaseSettings
from db.views import is_view
from migrations import comparison, operations
from migrations.halfway import Journal, take_away
from migrations.own_schema import OWN_SCHEMA, see_to_schema
from migrations.rendering import render_item

logger = logging.getLogger("trellis")

LOCK_WAIT_S = 5
"""Whoever waits longer for a table would let everybody else queue behind."""
ASKED_EVERY_S = 0.1
"""How often whoever waits for others who migrate asks for the lock."""


def of_our_own() -> bool:
    """Whether this is the history of Trellis's own tables, not that of the models."""
    return context.config.get_main_option(OWN) is not None


@cache
def metadata() -> MetaData:
    """The tables to compare: those of the models or our own, unless whoever runs alembic brings others."""
    found: MetaData | None = context.config.attributes.get("metadata")
    if found is not None:
        return found
    return own_tables(tuple(Feature), own_schema(database_settings())) if of_our_own() else Base.metadata


@cache
def database_settings() -> DatabaseSettings:
    """Those of whoever runs alembic, else those of the environment."""
    given: DatabaseSettings | None = context.config.attributes.get("settings")
    return given or DatabaseSettings()


@cache
def history() -> VersionTable:
    """Where the revisions that have run are kept."""
    return version_table(database_settings(), own=of_our_own())


def looks() -> bool:
    """Whether this run changes nothing."""
    return bool(context.config.attributes.get(LOOKS))


@cache
def ownership() -> Ownership:
    """What this history may change or drop. Alembic imports this file anew for each run."""
    return Ownership([*context.script.walk_revisions()][::-1], metadata())


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Leave out what is not ours: what no model describes and no revision has made."""
    if unmapped.holds(name, kind):
        return False
    if kind == "schema":
        return name in ownership().schemas
    schema = parents.get("schema_name")
    if kind == "table":
        if ownership().describes(name, schema):
            return True
        # Whoever looks at our own tables looks at those of some features: the others have been made, too.
        some = of_our_own() and looks()
        return name is not None and not some and ownership().has_made(kind, key_of(name, schema))
    if kind in ("type", "sequence"):
        return ownership().has_made(kind, name)
    return True


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
    """Leave out views, which no revision makes or drops, and what would be dropped from a table that none has made."""
    if kind == "table" and is_view(thing):
        return False
    if not reflected or compared is not None or kind == "table":
        return True
    if of_our_own() and name in dialect_of(context.get_context().dialect.name).change_log.constraints:
        return False
    return ownership().may_lose(thing.table.key, name)


def write_revision(migration: MigrationContext, _revision: Any, directives: list[MigrationScript]) -> None:
    """Count revisions, 0001, 0002 and so on, and put their operations in an order that every database can follow.

    A comparison that finds nothing writes no revision.
    """
    autogen = AutogenContext(migration, metadata())
    compared = getattr(context.config.cmd_opts, "autogenerate", False)
    if compared and all(ops.is_empty() for it in directives for ops in it.upgrade_ops_list):
        directives.clear()
    for directive in directives:
        directive.rev_id = next_number(directive)
        for changes in (*directive.upgrade_ops_list, *directive.downgrade_ops_list):
            comparison.finish(changes, autogen)


def next_number(directive: MigrationScript) -> str:
    """The next revision: 0001, 0002 and so on; of our own tables after the name of their branch, as usage_0002."""
    if not of_our_own():
        return f"{int(context.script.get_current_head() or 0) + 1:04}"
    head = str(directive.head or "")
    branch = head.partition("@")[0] if "@" in head else str(directive.branch_label)
    made = [it for it in context.script.walk_revisions() if branch in it.branch_labels]
    return f"{branch}_{len(made) + 1:04}"


def configure(**options: Any) -> None:
    """Tell alembic how to compare and how to write, whether online or offline."""
    # SQLAlchemy says so of SQLite's indexes, which `migrations.catalogs` reads.
    warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
    # Alembic says so of those that `migrations.operations` keeps.
    warnings.filterwarnings("ignore", "Unnamed CHECK constraint on reflected table")
    ours: dict[str, Any] = {comparison.OWNERSHIP: ownership(), OWN_SCHEMA: own_schema(database_settings())}
    context.configure(
        target_metadata=metadata(),
        **history().options,
        compare_type=True,
        compare_server_default=True,
        include_name=include_name,
        include_object=include_object,
        include_schemas=ownership().schemas != {None},
        **ours,
        render_item=render_item,
        render_as_batch=True,  # so that a revision that was written on one database runs on the other
        process_revision_directives=write_revision,
        autogenerate_plugins=["alembic.autogenerate.*", comparison.NAME],
        **options,
    )


def run_offline(settings: DatabaseSettings) -> None:
    """Write the statements instead of running them."""
    configure(
        url=settings.direct,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
        transactional_ddl=True,
        transaction_per_migration=True,
    )
    find_own_tables(context.get_context().dialect)
    with context.begin_transaction():
        if history().schema is not None:
            context.execute(CreateSchema(str(history().schema), if_not_exists=True))
        context.run_migrations()


def find_own_tables(dialect: Dialect) -> None:
    """Let revisions name tables of ours wherever those are; revisions of ours, by the prefix alone."""
    schema = own_schema(database_settings())
    if schema is not None:
        keep_own_tables_in(dialect, schema, by_prefix=of_our_own())


async def run_online(settings: DatabaseSettings) -> None:
    """Connect and run, alone."""
    engine = create_engine(settings.direct, settings)
    find_own_tables(engine.dialect)
    try:
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                await prepare_sqlite(connection)
                await connection.run_sync(run_on_sqlite)
            elif dialect_of(engine.dialect.name).undoes_ddl:
                await prepare_postgresql(connection)
                await connection.run_sync(run_with_patience)
            else:
                await prepare_mariadb(connection)
                await connection.run_sync(run_with_patience)
    finally:
        await engine.dispose()


async def prepare_sqlite(connection: AsyncConnection) -> None:
    """Let a table be made anew without its children being deleted, and write alone.

    The pragma does nothing inside a transaction, so it goes past SQLAlchemy, which would begin one.
    Source: https://www.sqlite.org/lang_altertable.html#otheralter
    """
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.execute("PRAGMA foreign_keys = OFF")
    await connection.execution_options(**{BEGIN: "BEGIN IMMEDIATE"})


def run_on_sqlite(connection: Connection) -> None:
    """One transaction for all revisions: whoever comes second waits at BEGIN and finds nothing to do."""
    configure(connection=connection, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            tables = ", ".join(sorted({row[0] for row in orphans}))
            raise ValueError(f"The migration leaves rows without their parents in {tables}; nothing was changed.")


async def prepare_postgresql(connection: AsyncConnection) -> None:
    """Wait until nobody else migrates, and let an index take its time. The lock ends with the connection.

    It is asked for again and again, not waited for by one statement: that has a view of the database, and an index that
    whoever has the lock makes CONCURRENTLY waits for the end of every older view. Source:
    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    await connection.exec_driver_sql("SET statement_timeout = 0")
    while not await connection.scalar(select(func.pg_try_advisory_lock(LOCK))):
        await connection.commit()
        await asyncio.sleep(ASKED_EVERY_S)
    await connection.commit()


async def prepare_mariadb(connection: AsyncConnection) -> None:
    """Wait until nobody else migrates; let an index take its time, and give up to wait for a table after five seconds.

    The lock is the connection's, and ends with it. A statement that makes or changes a table commits by itself.
    Source: https://mariadb.com/kb/en/metadata-locking/
    """
    limit = "max_statement_time" if connection.dialect.is_mariadb else "max_execution_time"  # type: ignore[attr-defined]  # of this dialect
    await connection.exec_driver_sql(f"SET SESSION {limit} = 0, lock_wait_timeout = {LOCK_WAIT_S}")
    while not await connection.scalar(select(func.get_lock(f"{LOCK}/{connection.engine.url.database}", 0))):
        await connection.commit()
        await asyncio.sleep(ASKED_EVERY_S)
    await connection.commit()


def run_with_patience(connection: Connection) -> None:
    """Run the revisions; those that give up to wait for a lock are tried again, with a pause each time."""
    for pause_s in PAUSES_S:
        try:
            run_once(connection)
        except DBAPIError as error:
            if failure_of(error) is not Failure.BUSY:
                raise
            connection.rollback()
            logger.warning("A revision has given up to wait for others; it is tried again in %g s.", pause_s)
            await_only(asyncio.sleep(pause_s))  # whoever interrupts the command interrupts this, too
        else:
            return
    run_once(connection)


def run_once(connection: Connection) -> None:
    """One transaction for each revision, so that no lock is held longer than it must.

    The first time, when nobody uses the tables yet, one for all: what fails leaves nothing behind.
    """
    table = history()
    if table.schema is not None and not looks():
        see_to_schema(connection, table)
    again = inspect(connection).has_table(table.name, table.schema)
    connection.rollback()  # alembic takes a transaction that is open for somebody else's
    configure(connection=connection, transaction_per_migration=again)
    impl = context.get_context().impl
    if isinstance(impl, operations.OnMariaDB) and not looks():
        impl.journal = Journal(connection, table.name)
        connection.commit()
        run_to_the_end(connection)
        return
    with context.begin_transaction():
        context.run_migrations()


def run_to_the_end(connection: Connection) -> None:
    """Run revisions whose statements are not undone: where one fails, the next run goes on behind the last good one."""
    try:
        with context.begin_transaction():
            context.run_migrations()
    except Exception:
        connection.rollback()
        logger.warning("A revision has stopped half-way; mend the cause and run the command again: it goes on there.")
        raise
    finally:
        take_away(connection)


def main() -> None:
    """Alembic imports this file to run it."""
    if context.config.config_file_name is not None:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    settings = database_settings()
    if context.is_offline_mode():
        run_offline(settings)
    else:
        asyncio.run(run_online(settings))


main()
