"""Errors of the driver, raised as SQLAlchemy raises them, for statements that went past it."""

from typing import Any, NoReturn

import asyncpg
from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

OF_THE_DATABASE = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What the database or the network says, and what SQLAlchemy and asyncpg say of statements and parameters."""


def is_about_reading(error: Exception) -> bool:
    """Whether the driver, or the type of a column, could not make a value of what the database has sent.

    Such an error says nothing against the connection or its transaction: PostgreSQL has done its work, and asyncpg
    raises the error only when it has read all that was sent, up to ReadyForQuery (`PROTOCOL_ERROR_CONSUME` in
    asyncpg/protocol/coreproto.pyx). The same statement may be sent again. An error about a parameter is none of these:
    asyncpg has a class for it, `asyncpg.DataError`, and SQLAlchemy another, `StatementError`.
    """
    return not isinstance(error, OF_THE_DATABASE)


def raise_as_sqlalchemy(error: Exception, sql: str, adapted: Any, dialect: Dialect, *, lost: bool) -> NoReturn:
    """Raise the error that SQLAlchemy raises for this one of the driver; `adapted` is its adapter of the connection.

    `lost` says whether the connection is of no use any more. Callers tell errors apart by SQLAlchemy's classes,
    whichever way a statement went. Values are left out of the text. An error that is not the database's is raised
    unchanged.
    """
    try:
        adapted._handle_exception(error)  # noqa: SLF001 - the table of asyncpg's errors has no other door
    except dialect.loaded_dbapi.Error as translated:
        raise DBAPIError.instance(
            sql,
            None,
            translated,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=dialect,
        ) from translated
    raise error
