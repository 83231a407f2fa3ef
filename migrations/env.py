"""How alembic reaches the database and what it compares: run by every alembic command and by `db.migrate`.

Settings come from `db.migrate`, or from the environment when a developer runs `alembic` itself. Which tables there are,
the package `db.models` says; no table is named here.
Source: https://alembic.sqlalchemy.org/en/latest/cookbook.html#using-asyncio-with-alembic
"""

import asyncio
import warnings
from logging.config import fileConfig
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import MigrationScript
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from db import models, unmapped  # noqa: F401 - importing the models fills the metadata
from db.base import Base, EmailAddress, UtcDateTime
from db.dialects.sqlite import BEGIN
from db.migrate import LOCK
from db.session.engines import create_engine
from db.settings import DatabaseSettings


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Leave out objects that no model describes, such as an index for full text."""
    return not unmapped.holds(name, kind)


def include_object(thing: Any, _name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Leave out indexes that are meant for the other database."""
    dialect = context.get_context().dialect
    ddl_if = getattr(thing, "_ddl_if", None)
    return kind != "index" or ddl_if is None or ddl_if.dialect == dialect.name


def render_item(kind: str, thing: Any, _context: AutogenContext) -> str | Literal[False]:
    """Write our column types as what they are in the database, so that a revision does not depend on our code."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, EmailAddress):
        return "sa.String(length=254)"
    return False


def number_revision(_context: Any, _revision: Any, directives: list[MigrationScript]) -> None:
    """Count revisions: 0001, 0002 and so on."""
    for directive in directives:
        directive.rev_id = f"{int(context.script.get_current_head() or 0) + 1:04}"


def configure(**options: Any) -> None:
    """Tell alembic how to compare and how to write, whether online or offline."""
    # Alembic says this of PostgreSQL's own indexes too, before `include_object` can leave them out on SQLite.
    warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified expression-based index")
    context.configure(
        target_metadata=Base.metadata,
        compare_type=True,
        include_name=include_name,
        include_object=include_object,
        render_item=render_item,
        process_revision_directives=number_revision,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
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
    with context.begin_transaction():
        context.run_migrations()


async def run_online(settings: DatabaseSettings) -> None:
    """Connect and run, alone."""
    engine = create_engine(settings.direct, settings)
    try:
        async with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                await prepare_sqlite(connection)
                await connection.run_sync(run_on_sqlite)
            else:
                await prepare_postgresql(connection)
                await connection.run_sync(run_on_postgresql)
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
    configure(connection=connection, render_as_batch=True, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            tables = ", ".join(sorted({row[0] for row in orphans}))
            raise ValueError(f"The migration leaves rows without their parents in {tables}; nothing was changed.")


async def prepare_postgresql(connection: AsyncConnection) -> None:
    """Wait until nobody else migrates, and let an index take its time. The lock ends with the connection."""
    await connection.exec_driver_sql("SET statement_timeout = 0")
    await connection.exec_driver_sql(f"SELECT pg_advisory_lock({LOCK})")
    await connection.commit()


def run_on_postgresql(connection: Connection) -> None:
    """One transaction for each revision, so that no lock is held longer than it must."""
    configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    """Alembic imports this file to run it."""
    if context.config.config_file_name is not None:
        fileConfig(context.config.config_file_name, disable_existing_loggers=False)
    settings = context.config.attributes.get("settings") or DatabaseSettings()
    if context.is_offline_mode():
        run_offline(settings)
    else:
        asyncio.run(run_online(settings))


main()
