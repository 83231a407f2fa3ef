"""The statements of one session as the database hears them: for the query doctor, and for tests that count.

A statement is noted when it is sent, and again when its rows are there; notes leave in the order of the database's own
log. Who asked is noted as the caller says (`ASKING`), and means nothing here. Nothing is sent, and values are kept
apart from the SQL. A session without a trace pays one test of an attribute when it connects:
docs/decisions/0027-the-query-doctor.md.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import Executable, event
from sqlalchemy.ext.asyncio import AsyncConnection

MAX_NOTES = 1_000
"""How many statements of one session are kept; others are counted."""

MAX_KINDS = 256
"""How many statements are kept with what they do."""

ASKING: ContextVar[object] = ContextVar("trellis_asking", default=None)
"""Who asks for what the running task sends."""

TRACE: ContextVar["StatementTrace | None"] = ContextVar("trellis_trace", default=None)
"""What notes the statements of sessions that begin in the running task, such as those of a service."""

_FRAMES = re.compile(r"\s*(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|SET|LOCK)\b", re.IGNORECASE)
_CHANGES = re.compile(r"\s*(INSERT|UPDATE|DELETE|MERGE|REPLACE)\b", re.IGNORECASE)
_CHANGES_IN_WITH = re.compile(r"\b(INSERT\s+INTO|DELETE\s+FROM|UPDATE\s+\S+\s+SET)\b", re.IGNORECASE)


class Kind(Enum):
    """What a statement does."""

    READ = "read"
    CHANGE = "change"
    TRANSACTION = "transaction"
    """It frames others, or tells the connection how to behave: BEGIN, COMMIT, SAVEPOINT, SET."""
    DRIVER = "driver"
    """What the driver asks by itself, once for each connection: about types that it meets for the first time."""


@dataclass(slots=True)
class SentStatement:
    """One statement, as it was sent."""

    sql: str
    parameters: Sequence[Any]
    """The values, in the driver's own types and in the order of the SQL's placeholders."""
    database: str
    """`primary`, `replica 1` and so on."""
    construct: Executable | None = None
    """The statement as SQLAlchemy has it; None for a text."""
    cached: bool = False
    """Whether the SQL was made for an earlier run."""
    asking: object = None
    kind: Kind = Kind.READ
    rows: int | None = None
    """How many rows came back; None: the statement has failed, or was cut off."""
    ms: float = 0.0
    """From the moment it was sent to its last row."""
    failure: str | None = None
    """What the database calls its error, or the class of the error; None: nobody has said."""
    is_repeated: bool = False
    """Whether it was sent in one call with the one before, from which only its values differ."""
    began: float = field(default_factory=time.perf_counter)

    @property
    def is_work(self) -> bool:
        """Whether it reads or changes something for who asks."""
        return self.kind in (Kind.READ, Kind.CHANGE)

    def answered(self, rows: int) -> None:
        """Note that its rows are there."""
        self.rows = rows
        self.stopped()

    def failed(self, error: BaseException) -> None:
        """Note why it has no rows."""
        said: Any = getattr(error, "orig", None) or error
        self.failure = getattr(said, "sqlstate", None) or type(said).__name__
        self.stopped()

    def stopped(self) -> None:
        """Note that the database is done with it."""
        self.ms = (time.perf_counter() - self.began) * 1000


class StatementTrace:
    """Everything that one session sends, in order."""

    def __init__(self, remark: str = "") -> None:
        """`remark`: what statements carry behind their SQL, as a comment; nothing for most."""
        self.remark = remark
        self.sent: list[SentStatement] = []
        self.left_out = 0
        """How many statements were sent beyond those that are kept."""

    def note(
        self,
        sql: str,
        parameters: Sequence[Any],
        database: str,
        construct: Executable | None = None,
        *,
        cached: bool = False,
    ) -> SentStatement:
        """Note a statement that is sent now."""
        sent = SentStatement(sql, parameters, database, construct, cached, ASKING.get(), kind_of(sql))
        if len(self.sent) < MAX_NOTES:
            self.sent.append(sent)
        else:
            self.left_out += 1
        return sent

    def remarked(self, sent: SentStatement) -> str:
        """The SQL of a statement as it goes to the database: with the remark, unless there is a comment already.

        Source: https://google.github.io/sqlcommenter/spec/
        """
        if not self.remark or not sent.is_work or "/*" in sent.sql or "--" in sent.sql:
            return sent.sql
        return sent.sql + self._comment

    @property
    def _comment(self) -> str:
        return f" /*{self.remark}*/" if self.remark else ""

    def failed(self, error: Exception) -> None:
        """Note that the last statement has failed, if nobody has noted it."""
        if self.sent and self.sent[-1].rows is None and self.sent[-1].failure is None:
            self.sent[-1].failed(error)

    def overhear(self, sql: str, ms: float, database: str) -> None:
        """Note what a driver says that it has sent, unless it was noted: before the statement that needed it."""
        sql = sql.removesuffix(self._comment)
        ours = (sent.sql == sql for sent in reversed(self.sent) if sent.kind is not Kind.DRIVER)
        if self.left_out or any(ours):
            return
        is_under_way = bool(self.sent) and self.sent[-1].rows is None
        self.sent.insert(
            len(self.sent) - is_under_way, SentStatement(sql, (), database, kind=Kind.DRIVER, rows=0, ms=ms)
        )

    @contextmanager
    def sending(self, sql: str, database: str) -> Iterator[None]:
        """Note a statement without values and rows that is sent inside."""
        sent = self.note(sql, (), database)
        try:
            yield
            sent.answered(0)
        finally:
            sent.stopped()

    def listen(self, connection: AsyncConnection, database: str) -> None:
        """Note what SQLAlchemy sends on this connection. The engine's other connections are not observed.

        Source: https://docs.sqlalchemy.org/en/21/core/events.html#sqlalchemy.events.ConnectionEvents
        """
        under_way: list[SentStatement] = []
        observed = connection.sync_connection
        assert observed is not None  # it is open

        @event.listens_for(observed, "before_cursor_execute", retval=True)
        def before(_c: Any, _cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> tuple[str, Any]:
            # Rows that come back of many are written by one statement, whose values are one tuple.
            under_way[:] = [
                self.note(sql, values, database, context.invoked_statement, cached=_was_cached(context))
                for values in (parameters if many and isinstance(parameters, list) else [parameters])
            ]
            for sent in under_way[1:]:
                sent.is_repeated = True
            return self.remarked(under_way[0]) if under_way else sql, parameters

        @event.listens_for(observed, "after_cursor_execute")
        def after(_c: Any, cursor: Any, _sql: str, _parameters: Any, _context: Any, _many: bool) -> None:
            rows = 0 if cursor.description is None else _rows_of(cursor)
            for sent in under_way:
                sent.answered(rows)


@lru_cache(MAX_KINDS)  # a long statement with WITH takes 40 µs to look through
def kind_of(sql: str) -> Kind:
    """What a statement does, by its first word."""
    if _FRAMES.match(sql):
        return Kind.TRANSACTION
    in_with = sql.lstrip()[:4].upper() == "WITH" and _CHANGES_IN_WITH.search(sql)
    return Kind.CHANGE if in_with or _CHANGES.match(sql) else Kind.READ


def _was_cached(context: Any) -> bool:
    """Whether SQLAlchemy had compiled the statement before."""
    return bool(context.compiled is not None and context.cache_hit.name == "CACHE_HIT")


def _rows_of(cursor: Any) -> int:
    """The rows that an adapter of SQLAlchemy's has fetched; no driver counts those of a SELECT on every database."""
    return len(getattr(cursor, "_rows", ()))
