"""What differs between databases in how connections open, begin and end.

A URL and settings enter, engines that behave alike leave. Nothing connects here, and no statement of ours is written.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeAlias

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.dialects.errors import Outage

Options: TypeAlias = Mapping[str, Any]
"""Options of engines and pools, by the names that SQLAlchemy gives them."""

Heard: TypeAlias = Callable[[str, float], None]
"""Takes a statement, and the milliseconds that it took."""


class Servers(Protocol):
    """The servers under one URL, of which one takes changes at a time."""

    number: int
    moved: Callable[[], None]
    """Called when another one than before is found to take changes, before it is used."""

    def doubt(self) -> None:
        """The one that has served is silent: the others are asked first, the next time."""

    async def connect(self, **given: Any) -> Any:
        """The driver's own connection to the one that the URL asks for. Takes what the driver's `connect` takes."""


class ConnectionsDialect(Protocol):
    """What differs between databases in how connections open, begin and end."""

    drivers: Mapping[str, str]
    """From the scheme of a URL to SQLAlchemy's name for the same database with its async driver."""
    begin_snapshot: str
    """The statement that opens one read-only view of the database."""
    begin_change: str
    """The statement that opens a transaction for changes."""
    autocommit: ClassVar[Options]
    """Execution options of connections on which SQLAlchemy begins nothing: sessions frame their transactions."""
    snapshot: ClassVar[Options]
    """Execution options of connections on which SQLAlchemy begins a read-only view by itself."""
    change: ClassVar[Options]
    """Execution options of connections on which SQLAlchemy begins a transaction for changes by itself."""
    sqlalchemy_ends_any_transaction: bool
    """Whether SQLAlchemy's commit, rollback and close end also a transaction that SQLAlchemy has not begun."""
    has_fast_path: bool
    """Whether `db.fast` can run statements on this driver."""

    cut: Callable[[Any], None] | None = None
    """Closes a driver's connection at once, without a word to a server that may be silent; whoever waits on the
    connection hears that it is lost. None where no network is between."""
    outdated_view: str | None = None
    """A query that tells whether a table has been rewritten since a view of the database was opened, so that it is
    empty there; None where that cannot be."""
    try_transaction_lock: ClassVar[str | None] = None
    """A query that takes the lock of a `:number` until its transaction ends, and tells whether it has; None where the
    database has no such locks."""
    give_transaction_lock: ClassVar[str | None] = None
    """A statement that gives the lock of a `:number` back, where it would outlive its transaction."""
    position: str | None = None
    """A query for a server's position in the primary's log of changes, in bytes: of the primary, the end of all that
    was written; of a replica, the end of what it shows. Besides, the seconds since the newest change that a replica
    shows. None where there is no such log."""
    is_of_one_machine: ClassVar[bool] = False
    """Whether a database is a file that servers on other machines cannot have, too."""
    max_dear: int | None = None
    """How many operations of any work may be under way; None: as many as there are connections for."""

    def url(self, url: URL) -> URL:
        """A URL in the driver's words. Raises `ValueError` that names options which the driver does not have."""

    def servers(self, url: URL) -> "Servers | None":
        """The servers of a URL that wants one in a certain role, as one that names several does; None for others."""
        return None

    def json_text(self, value: Any) -> str:
        """A JSON value as the text that is stored. Raises `UnstorableValue` for one that would not stay as it is."""

    def engine_options(
        self,
        url: URL,
        pool: Options,
        *,
        statement_timeout_s: float,
        connect_timeout_s: float,
        pgbouncer: bool,
        read_only: bool,
    ) -> dict[str, Any]:
        """Arguments for `create_async_engine`; `pool` are those of a pool with a limited size.

        `read_only`: the database is to refuse every change.
        """

    def set_up(self, engine: AsyncEngine, *, statement_timeout_s: float, read_only: bool) -> None:
        """Listen to an engine: what a new connection is told, and what is ended before it goes back to the pool."""

    def own_schema(self, schema: str) -> str | None:
        """The schema that keeps Trellis's own tables, given its name; None where a database has no schemas."""
        return None

    def find_apart(self, engine: AsyncEngine, schema: str) -> None:
        """Let names without a schema find nothing in that of Trellis's own tables, whatever else it is called after."""
        return

    def listen_to_driver(self, driver: Any, hear: Heard) -> Callable[[], None]:
        """Tell of what a driver's connection sends, also of what the driver asks by itself; returns how to stop.

        Most drivers ask nothing by themselves.
        """
        return lambda: None

    def keep_none_prepared(self, adapted: Any) -> Callable[[], None]:
        """Prepare what SQLAlchemy sends on a connection for one run each; returns how to keep it prepared again.

        `adapted`: the driver's connection as SQLAlchemy has it. Most databases do not mind texts that are always new.
        """
        return lambda: None

    def is_transient(self, error: DBAPIError) -> bool:
        """Whether the same work may well succeed when it is done again: others were in its way."""

    def outage(self, error: DBAPIError) -> Outage | None:
        """Why the database serves nobody at the moment; None for errors that are about a statement."""

    def is_outdated(self, error: DBAPIError) -> bool:
        """Whether a table or a type has changed under a statement that was known; it may be sent again."""
        return False

    def file(self, url: URL) -> Path | None:
        """The file of a database that is one; None where there is a server, or nothing to look at."""
        return None

    async def is_read_only(self, connection: AsyncConnection) -> bool:
        """Whether no change would be taken. Nothing is written; nothing may be begun on the connection."""

    def may_come(self, error: BaseException) -> bool:
        """Whether a database that gives no connection may soon give one: its server is down, or starts."""
        return False

    def said(self, error: BaseException) -> str:
        """What a database says that gives no connection, in one line; with the cure where it is known."""
        return str(getattr(error, "orig", error)).partition("\n")[0] or type(error).__name__

    def is_busy(self, error: BaseException) -> bool:
        """Whether the database answers that it has too much to do; it lives."""

    def could_not_read(self, error: BaseException) -> bool:
        """Whether the driver, or the type of a column, could not make a value of what the database has sent.

        Such an error says nothing against the connection: the same statement may be sent again.
        """

    def stopped_by_server(self, error: DBAPIError) -> bool:
        """Whether the server's own statement timeout has ended the statement."""

    def is_harmless(self, error: BaseException) -> bool:
        """Whether an error, the driver's or SQLAlchemy's for it, is known to leave its connection as it was.

        What is not known for certain is not harmless: the connection is closed.
        """
