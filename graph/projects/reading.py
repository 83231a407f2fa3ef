"""Reading the database that a project is made for: settings enter, a catalog leaves. Nothing is written there."""

import asyncio
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from db.dialects import Failure, dialect_of, failure_of
from db.reflection import Catalog, Chosen, UnknownSchema, UnreadDatabase, read
from db.session.engines import create_engine
from db.settings import DatabaseSettings
from graph.projects.errors import ProjectError


class NoDatabase(ProjectError):
    """The URL names a file that is not there."""

    def __init__(self, file: Path) -> None:
        super().__init__(f"The database {file} is not there. Correct the URL; nothing was made.")


class NoSchema(ProjectError):
    """A schema was named that the database does not have."""


class NoAnswer(ProjectError):
    """The database does not let us in, or is not there."""

    def __init__(self, url: URL, error: Exception) -> None:
        dialect = dialect_of(url.get_backend_name())
        super().__init__(
            f"The database {dialect.place(url)} cannot be reached: {dialect.connections.said(error)}. See that it is"
            " there and that the URL is right; nothing was made."
        )


class NoReader(ProjectError):
    """Nobody reads this kind of database."""


def read_catalog(settings: DatabaseSettings, chosen: Chosen) -> Catalog:
    """What is in the database. Raises `NoDatabase`, `NoAnswer`, `NoReader`, `NoSchema`, and what the driver raises."""
    file = _file(settings.direct)
    if file is not None and not file.is_file():
        raise NoDatabase(file)  # to open it would make it
    try:
        return asyncio.run(_read(settings, chosen))
    except UnknownSchema as error:
        raise NoSchema(str(error)) from None
    except UnreadDatabase as error:
        raise NoReader(str(error)) from None
    except OSError as error:
        raise NoAnswer(settings.direct, error) from None
    except DBAPIError as error:
        if failure_of(error) is not Failure.UNREACHABLE:
            raise
        raise NoAnswer(settings.direct, error) from None


async def _read(settings: DatabaseSettings, chosen: Chosen) -> Catalog:
    engine = create_engine(settings.direct, settings)
    try:
        async with engine.connect() as connection:
            return await read(connection, chosen)
    finally:
        await engine.dispose()


def absolute(url: URL) -> URL:
    """A URL that means the same in another folder."""
    file = _file(url)
    return url if file is None else url.set(database=str(file.resolve()))


def _file(url: URL) -> Path | None:
    return dialect_of(url.get_backend_name()).connections.file(url)
