"""The log as it stands in the database: changes without a position get one, and those with one are read as batches.

Connections enter on which nothing is begun; batches and positions leave. Nothing is waited for, and nobody is told.
Why: docs/decisions/0069-the-change-log.md.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, takewhile
from operator import itemgetter
from typing import Any, NamedTuple, cast

from sqlalchemy import Dialect, MetaData, Table, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import exact_json
from db.changes.feed import NOTHING, Batch, Kind, Resync, RowChange
from db.changes.keys import KeyReaders
from db.dialects import dialect_of
from db.dialects.change_log import LogNames, LongWriter, Recorded
from db.own import Change, ChangePosition

MOST = 1_000
"""Transactions that are numbered, and that are read, by one statement."""

_CHANGES = cast(Table, Change.__table__)
_POSITIONS = cast(Table, ChangePosition.__table__)

_LAST = select(func.max(_POSITIONS.c.position))


class Waiting(NamedTuple):
    """What changes without a position wait for."""

    horizon: int
    """The oldest transaction that runs."""
    oldest: int | None
    """The oldest transaction with changes that have no position; None: there is none."""

    @property
    def is_held(self) -> bool:
        """Whether changes wait until an older transaction ends."""
        return self.oldest is not None and self.oldest >= self.horizon

    @property
    def is_neglected(self) -> bool:
        """Whether changes wait for nothing but somebody who numbers them."""
        return self.oldest is not None and self.oldest < self.horizon


NOBODY_WAITS = Waiting(0, None)


class ChangeLog:
    """The log of one database."""

    def __init__(self, dialect: Dialect, metadata: Iterable[MetaData]) -> None:
        """`metadata` has the tables whose keys are read as their columns' types say."""
        self.names = LogNames.of(dialect)
        self.dialect = dialect_of(dialect.name).change_log
        self._connections = dialect_of(dialect.name).connections
        self._keys = KeyReaders(metadata, dialect)
        # From positions to their changes, so that a position without any is seen.
        self._read = (
            select(
                _POSITIONS.c.position,
                _CHANGES.c.table_name,
                _CHANGES.c.row_key,
                _CHANGES.c.kind,
                _CHANGES.c.changed_columns,
            )
            .select_from(self.dialect.with_changes(self.names, _POSITIONS, _CHANGES))
            .order_by(_POSITIONS.c.position, _CHANGES.c.id)
        )
        self._number = text(self.dialect.number(self.names))
        self._waiting = _text(self.dialect.waiting(self.names))
        self._begin_anew = _text(self.dialect.begin_anew(self.names))
        self._recorded = text(self.dialect.recorded(self.names).replace(":", "\\:"))

    async def number(self, connection: AsyncConnection) -> int | None:
        """Give positions to transactions that are committed and that no other can come before; how many they were.

        None where others are in the way: it is to be tried again.
        """
        try:
            return len((await connection.execute(self._number, {"most": MOST})).all())
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and not self._connections.is_transient(error):
                raise
            await connection.rollback()
            return None

    async def position(self, connection: AsyncConnection) -> int:
        """The newest position; 0 where there is none."""
        return int(await connection.scalar(_LAST) or 0)

    async def read(self, connection: AsyncConnection, after: int) -> list[Batch]:
        """The next batches after a position, at most `MOST` of them; none where it is the newest.

        Raises `Resync` where the first of them is gone, and for positions that never were.
        """
        of_these = self._read.where(_POSITIONS.c.position > after, _POSITIONS.c.position <= after + MOST)
        rows = (await connection.execute(of_these)).all()
        if not rows:
            newest = await self.position(connection)
            if newest == after:
                return []
            if newest < after or newest > after + MOST:
                raise Resync
            return await self.read(connection, after)  # somebody has numbered meanwhile
        if rows[0][0] != after + 1:
            raise Resync
        grouped = enumerate(groupby(rows, key=itemgetter(0)), after + 1)
        dense = takewhile(lambda each: each[0] == each[1][0], grouped)  # what comes after a gap is not the next
        return [Batch(position, self._changes(found)) for position, (_, found) in dense]

    async def waiting(self, connection: AsyncConnection) -> Waiting:
        """What changes without a position wait for."""
        if self._waiting is None:
            return NOBODY_WAITS
        return Waiting(*(await connection.execute(self._waiting)).one())

    async def long_writer(self, connection: AsyncConnection) -> LongWriter | None:
        """The transaction that all later changes wait for, as far as the database tells us."""
        assert self.dialect.long_writer is not None
        found = (await connection.execute(text(self.dialect.long_writer))).first()
        return None if found is None else LongWriter(*found)

    async def see_to_it(self, connection: AsyncConnection) -> bool:
        """Begin anew if the log is a copy from a server that counts other transactions; whether it was.

        Their changes would never be told, or in a wrong order. Whoever goes on from an older position hears `Resync`.
        """
        if self._begin_anew is None:
            return False
        return (await connection.execute(self._begin_anew)).first() is not None

    async def recorded(self, connection: AsyncConnection) -> list[Recorded]:
        """The tables whose changes are recorded, as their triggers tell."""
        return self.dialect.read_recorded((await connection.execute(self._recorded)).all())

    def _changes(self, rows: Iterable[Sequence[Any]]) -> tuple[RowChange, ...]:
        return tuple(self._change(*written) for _, *written in rows if written[0] is not None)

    def _change(self, table: str, key: str, kind: str, columns: str) -> RowChange:
        values = exact_json.loads(key)
        if kind == Kind.TRUNCATE or None in values:  # a row without a key: which one it is, nobody knows
            return RowChange(table, (), Kind.TRUNCATE)
        changed = NOTHING
        if kind == Kind.UPDATE:
            changed = frozenset(exact_json.loads(columns)) | self._keys.virtual(table)
        return RowChange(table, self._keys.texts(table, values), Kind(kind), changed)


def _text(sql: str | None) -> Any:
    return None if sql is None else text(sql)


def labels(recorded: Sequence[Recorded]) -> frozenset[str]:
    """The tables of which every change is recorded, as `MetaData` has their names."""
    return frozenset(it.label for it in recorded if it.is_complete and it.label == it.table)
