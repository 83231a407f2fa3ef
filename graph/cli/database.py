"""The database as commands use it: one transaction, on the primary, for all that a command does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from db.session.engines import Engines
from graph.cli.errors import CommandError, Exit
from graph.errors import ClientError
from graph.settings import Settings


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A session whose changes are kept when all went well.

    What an API's client would be told becomes the command's own failure.
    """
    engines = Engines(Settings())
    try:
        async with AsyncSession(engines.writing(), expire_on_commit=False) as session, session.begin():
            yield session
    except ClientError as error:
        raise CommandError(error.message, Exit.FAILED) from None
    finally:
        await engines.dispose()
