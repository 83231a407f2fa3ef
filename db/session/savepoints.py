"""Savepoints: a part of a transaction that may fail without the rest.

SQLAlchemy's savepoint enters, and takes turns as every statement does. What a savepoint means is SQLAlchemy's.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from db.session.turns import Turn


class Savepoint(AsyncSessionTransaction):
    """A savepoint that holds the session's turn until its end.

    Source: https://docs.sqlalchemy.org/en/21/orm/session_transaction.html#using-savepoint
    """

    def __init__(
        self,
        session: AsyncSession,
        in_turn: Callable[..., Awaitable[Any]],
        hold: Callable[[], Awaitable[Turn]],
        release: Callable[[Turn], None],
    ) -> None:
        super().__init__(session, nested=True)
        self._in_turn = in_turn
        self._hold = hold
        self._release = release
        self._turn: Turn | None = None

    async def start(self, is_ctxmanager: bool = False) -> Self:
        """Flush, and send SAVEPOINT at once: SQLAlchemy waits for a first statement, and some of ours go past it."""
        self._turn = await self._hold()
        try:
            await self._in_turn(self._start, is_ctxmanager)
        except BaseException:
            self._release(self._turn)
            raise
        return self

    async def _start(self, is_ctxmanager: bool) -> None:
        await super().start(is_ctxmanager)
        await AsyncSession.connection(self.session)

    async def commit(self) -> None:
        """Flush, and send RELEASE SAVEPOINT."""
        await self._end(super().commit)

    async def rollback(self) -> None:
        """Send ROLLBACK TO SAVEPOINT."""
        await self._end(super().rollback)

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        await self._end(super().__aexit__, kind, error, trace)

    async def _end(self, end: Callable[..., Awaitable[None]], *given: object) -> None:
        try:
            await self._in_turn(end, *given)
        finally:
            if self._turn is not None:
                self._release(self._turn)
