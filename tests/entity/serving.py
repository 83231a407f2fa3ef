"""Samples of schemas and databases filled with them, served as the house serves its own.

Models, rows and GraphQL types enter; an `Api` leaves that answers documents. Rows are written past the API.
"""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from pydantic import SecretStr
from sqlalchemy import Executable, MetaData, Table, insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.session.engines import Engines
from db.views import made_tables
from graph.entity import Schema
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.settings import Settings
from graph.testing import SchemaClient
from tests.databases import Database

Rows = Mapping[type[Any] | Table, Sequence[Mapping[str, Any]]]
"""Rows by the attributes of their model, or by the columns of a table that has none."""


class Sample(NamedTuple):
    """A schema of somebody's. `rows` are given by a scale: twice the scale, twice the rows."""

    name: str
    metadata: MetaData
    rows: Callable[[int], Rows]
    query: type[Any]


def settings_of(database: Database) -> Settings:
    """The server's settings for a test."""
    return Settings(database_url=SecretStr(database.url), pool_size=2, pool_max_overflow=8, pool_timeout_s=10)


async def fill(database: Database, sample: Sample, *, scale: int = 1) -> None:
    """Make the sample's tables and put its rows in."""
    engines = Engines(settings_of(database))
    try:
        async with engines.writing().begin() as connection:
            await connection.run_sync(sample.metadata.create_all, tables=made_tables(sample.metadata))
            session = AsyncSession(connection)
            for target, rows in sample.rows(scale).items():
                await session.execute(insert(target), [dict(row) for row in rows])
    finally:
        await engines.dispose()


@dataclass(frozen=True)
class Api:
    """A sample, served from one database."""

    schema: Schema
    engines: Engines

    async def ask(self, document: str, **variables: Any) -> Any:
        """The data that answers an operation; there must be no errors."""
        return await SchemaClient(self.schema, self.engines).query(document, variables)

    async def errors(self, document: str, **variables: Any) -> list[str]:
        """What an operation is told that cannot be answered in full."""
        return (await SchemaClient(self.schema, self.engines).execute(document, variables)).messages

    async def rows(self, statement: Executable) -> list[Any]:
        """What the database itself says, past everything that is tried here."""
        async with self.engines.primary.connect() as connection:
            return list((await connection.execute(statement)).all())


@cache
def schema_of(query: type[Any]) -> Schema:
    """The schema of a sample, with the usual limits but for work, which tests/prepare/test_work.py is about."""
    return Schema(query, Settings.model_construct(max_work=sys.maxsize))


@asynccontextmanager
async def serve(database: Database, sample: Sample) -> AsyncIterator[Api]:
    """Serve a database that holds the sample."""
    engines = Engines(settings_of(database))
    try:
        yield Api(schema_of(sample.query), engines)  # type: ignore[arg-type]  # a class is hashable
    finally:
        await engines.dispose()


def global_id(type_: type[Any], *key: Any) -> str:
    """The id of a row of a type, by its primary key."""
    return encode_id(entity_of(type_), key)
