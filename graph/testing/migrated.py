"""What databases of tests have in common, whichever server they are on.

A database enters, its tables and the settings that lead there leave. Which servers there are, nothing here knows.
"""

import asyncio
import itertools
import threading
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from pydantic import SecretStr
from sqlalchemy import Connection, Table, inspect, make_url

from db.base import Base
from db.migrate import upgrade
from db.own import OwnBase
from db.session.engines import create_engine
from db.settings import DatabaseSettings
from db.views import is_view
from graph.errors import TrellisError
from graph.settings import DoctorAccess, Settings
from graph.testing.options import DATABASES

T = TypeVar("T")

NUMBERS = itertools.count()
"""Of the databases that this process makes, on whichever server."""

MODELS = "db.models"


class MissingRevisions(TrellisError):
    """Models have tables that no revision makes."""

    def __init__(self, tables: Iterable[str]) -> None:
        super().__init__(
            f"No revision in migrations/versions makes {', '.join(sorted(tables))}, which the models want. Write one:"
            ' `alembic revision --autogenerate -m "What changes"`. Where revisions make no tables, for they were there'
            " before, let tests use `blank_database`."
        )


class UnfitServer(TrellisError):
    """The server of the tests makes no databases for them."""

    def __init__(self, kind: str, server: str, port: int, variable: str, reason: object) -> None:
        url = make_url(server)
        super().__init__(
            f"The {kind} server of the tests, {url.host}:{url.port or port}, cannot be used: {reason}. See that it"
            f" is there and lets its user create databases, and that {DATABASES} or {variable} leads to it."
        )


@dataclass(frozen=True)
class Database:
    """A database of one test."""

    url: str
    dialect: str
    """SQLAlchemy's name: `sqlite`, `postgresql`, or `mysql` for MariaDB and MySQL."""
    is_lent: bool = False
    """Whether the URL leads to PgBouncer, which lends connections for a transaction each."""


def settings_for(database: Database, **more: Any) -> Settings:
    """The server's settings for a test: a small pool, nothing that runs beside requests, and the doctor for everybody.

    The levels of an operation are read one by one, however often it was met before, so that the number of statements
    is the same in every order of the tests. `more` are further settings, and win.
    """
    given: dict[str, Any] = {
        "database_url": SecretStr(database.url),
        "pgbouncer": database.is_lent,
        "pool_size": 2,
        "pool_max_overflow": 8,
        "pool_timeout_s": 10,
        "prefetch": False,
        "maintenance": False,
        "record_usage": False,
        "doctor": DoctorAccess.EVERYBODY,
    }
    return Settings(**given | more)


class Loop:
    """An event loop in a thread of its own, so that fixtures need none, whatever the test is doing."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-databases", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """What work in the loop returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """End the loop, and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def migrate(database: Database) -> None:
    """Bring an empty database to the newest revision. Raises `MissingRevisions`."""
    settings = settings_for(database)
    upgrade(settings)
    import_module(MODELS)
    mapped = (it for it in Base.registry.mappers if it.class_.__module__.startswith(MODELS))
    tables = {it.local_table for it in mapped if not is_view(it.local_table)} - {*OwnBase.metadata.sorted_tables}
    missing = run(_missing([it for it in tables if isinstance(it, Table)], settings))
    if missing:
        raise MissingRevisions(missing)


async def _missing(tables: Sequence[Table], settings: DatabaseSettings) -> Sequence[str]:
    """The names of those tables that a database does not have."""

    def look(connection: Connection) -> Sequence[str]:
        inspector = inspect(connection)
        return [str(table) for table in tables if not inspector.has_table(table.name, table.schema)]

    engine = create_engine(settings.direct, settings)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(look)
    finally:
        await engine.dispose()


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do something to its end, also where an event loop is running already."""
    loop = Loop()
    try:
        return loop.call(work)
    finally:
        loop.close()
