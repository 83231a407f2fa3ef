"""Errors of the driver, raised as SQLAlchemy raises them, for statements that went past it."""

from typing import Any, NoReturn

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError


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
