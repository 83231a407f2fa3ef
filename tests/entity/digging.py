"""Asking about ages and finds, whose rows are written past the API, with values that the API would refuse."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson
from graphql import OperationType
from sqlalchemy import insert, text
from strawberry.types import ExecutionResult

from db.session.engines import Engines
from graph.context import ContextFactory
from graph.errors import code_of
from graph.masking import for_client
from graph.prepare.documents import OperationRequest
from tests.databases import Database
from tests.entity.ages import Age, Find
from tests.entity.ages_types import AGES, DIGGER, SCHEMA
from tests.entity.serving import fill, settings_of

EVERYTHING = (OperationType.QUERY, OperationType.MUTATION)


class Told(NamedTuple):
    """What a client is told."""

    data: Any
    errors: list[tuple[str | None, list[str | int] | None]]
    """The code and the path of each error."""


class Digging:
    """Asks as somebody who may write."""

    def __init__(self, engines: Engines) -> None:
        self.engines = engines
        self.is_sqlite = engines.dialect == "sqlite"

    async def __call__(self, document: str, **variables: Any) -> Told:
        """What a client is told, as JSON would have it."""
        result = await self.result(document, **variables)
        errors = for_client(result.errors or [])
        return Told(orjson.loads(orjson.dumps(result.data)), [(code_of(error), error.path) for error in errors])

    async def result(self, document: str, **variables: Any) -> ExecutionResult:
        """The answer, errors as they were raised."""
        context = ContextFactory(self.engines, viewer=DIGGER)
        return await SCHEMA.operations.answer(OperationRequest(document, variables), context, EVERYTHING, for_json=True)

    async def data(self, document: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        data, errors = await self(document, **variables)
        assert not errors, errors
        return data

    async def ages(self, *rows: dict[str, Any]) -> None:
        """Write ages that Python can hold."""
        async with self.engines.writing().begin() as connection:
            await connection.execute(insert(Age), list(rows))

    async def finds(self, *rows: dict[str, Any]) -> None:
        """Write finds that Python can hold."""
        async with self.engines.writing().begin() as connection:
            await connection.execute(insert(Find), list(rows))

    async def sql(self, *statements: str) -> None:
        """Write what Python cannot hold."""
        async with self.engines.writing().begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    async def stored(self, statement: str) -> Sequence[Any]:
        """What the database itself says."""
        async with self.engines.primary.connect() as connection:
            return (await connection.execute(text(statement))).scalars().all()


@asynccontextmanager
async def dig(database: Database) -> AsyncIterator[Digging]:
    """Tables without rows."""
    await fill(database, AGES)
    engines = Engines(settings_of(database))
    try:
        yield Digging(engines)
    finally:
        await engines.dispose()
