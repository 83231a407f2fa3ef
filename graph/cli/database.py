"""The database as commands use it: settings enter, engines or one transaction on the primary leave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.errors import ClientError
from graph.manual import address


@asynccontextmanager
async def engines(settings: DatabaseSettings) -> AsyncIterator[Engines]:
    """The engines of these settings, whose connections are closed at the end."""
    made = Engines(settings)
    try:
        yield made
    finally:
        await made.dispose()


@asynccontextmanager
async def transaction() -> AsyncIterator[AsyncSession]:
    """A session whose changes are committed at the end, unless an exception leaves the block.

    Raises `CommandError` with the sentence of a `ClientError`, and the entry of its code in the manual.
    """
    try:
        async with (
            engines(settings_of_the_environment()) as made,
            AsyncSession(made.writing(), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session
    except ClientError as error:
        raise CommandError(error.message, Exit.FAILED, address("error-codes", error.code)) from None
