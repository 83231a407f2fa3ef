"""Results that are read while the cursor is open: when such a result has come to its end.

A result of SQLAlchemy enters and leaves unchanged, but for the notice that it gives: it was read to its end or closed,
or it was dropped before. Nothing is fetched here.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from sqlalchemy import CursorResult, Result
from sqlalchemy.ext.asyncio import AsyncResult

Over = Callable[[], None]


def streamed(result: Result[Any], read: Over, dropped: Over) -> AsyncResult[Any]:
    """The asynchronous form of a result.

    `read` is called when the last row was fetched or the result was closed; `dropped`, from the event loop, when
    nobody refers to the result any more and neither has happened.
    """
    cursor: CursorResult[Any] = getattr(result, "raw", None) or cast(CursorResult[Any], result)
    cursor.__class__ = _WatchedResult  # SQLAlchemy has no event for the end of a cursor
    vars(cursor)["end"] = _End(read, dropped)
    return AsyncResult(result)


class _WatchedResult(CursorResult[Any]):
    """A cursor's result that tells when SQLAlchemy closes the cursor, which happens also when the rows run out."""

    __slots__ = ()

    def _soft_close(self, hard: bool = False) -> None:
        super()._soft_close(hard=hard)
        vars(self)["end"].read()


class _End:
    """The end of a result, which comes once."""

    def __init__(self, read: Over, dropped: Over) -> None:
        self._read = read
        self._dropped: Over | None = dropped
        self._loop = asyncio.get_running_loop()

    def read(self) -> None:
        """The result was read or closed."""
        if self._dropped is not None:
            self._dropped = None
            self._read()

    def __del__(self) -> None:
        # It lives as long as its result. The garbage collector may run in any thread, and after the loop has ended.
        if self._dropped is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._dropped)
