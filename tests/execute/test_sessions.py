"""One operation, one session: its fields take turns, its levels agree, and a single statement takes no transaction."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.entity import Schema
from tests.databases import HANDSHAKE, StatementRecorder
from tests.execute.running import Recording, data_of, run

TWO_LEVELS = "{ tags(first: 1) { nodes { name posts(first: 100) { totalCount nodes { title } } } } }"


def commit_elsewhere(settings: DatabaseSettings, statement: str) -> None:
    """Commit a change from another connection, while the event loop of the test stands still."""

    async def commit() -> None:
        engines = Engines(settings)
        async with engines.writing().begin() as connection:
            await connection.execute(text(statement))
        await engines.dispose()

    committing = threading.Thread(target=asyncio.run, args=(commit(),))
    committing.start()
    committing.join()


@contextmanager
def after_each_read(act: Callable[[Connection, int], None]) -> Iterator[None]:
    """Call `act` with the connection and a number after each statement that reads."""
    numbers = count(1)

    def read(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("SELECT", "WITH")) and statement not in HANDSHAKE:
            act(connection, next(numbers))

    event.listen(Engine, "after_cursor_execute", read)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", read)


def in_transaction(connection: Connection) -> bool:
    """Whether the driver's own connection has a transaction open."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.is_in_transaction() if hasattr(driver, "is_in_transaction") else driver.in_transaction)


async def test_fifty_fields_at_once_share_one_cold_session_and_one_connection(
    schema: Schema, filled: Engines, statements: StatementRecorder
) -> None:
    await filled.dispose()  # forget the connection that brought the demo
    sizes = range(1, 51)
    query = (
        "{"
        + " ".join(f"a{size}: users(first: {size}, orderBy: [{{id: ASC}}]) {{ nodes {{ name }} }}" for size in sizes)
        + "}"
    )
    with statements() as seen:
        data = await data_of(schema, filled, query)
    names = [user["name"] for user in data["a50"]["nodes"]]
    assert [[user["name"] for user in data[f"a{size}"]["nodes"]] for size in sizes] == [names[:size] for size in sizes]
    assert len(seen) == 50
    assert filled.pools()["primary"]._replace(size=0) == (0, 1, 0, 0)


async def test_all_levels_of_an_operation_see_one_state(
    schema: Schema, filled: Engines, settings: DatabaseSettings
) -> None:
    before = await data_of(schema, filled, TWO_LEVELS)

    def change(_connection: Connection, number: int) -> None:
        if number == 1:
            commit_elsewhere(settings, "DELETE FROM post_tags")

    with after_each_read(change):
        assert await data_of(schema, filled, TWO_LEVELS) == before
    assert before["tags"]["nodes"][0]["posts"]["totalCount"] > 0
    after = await data_of(schema, filled, TWO_LEVELS)
    assert after["tags"]["nodes"][0]["posts"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize(
    ("query", "mode", "reads"),
    [
        ("{ tags { totalCount } }", Mode.SINGLE, 1),
        ("{ tags { nodes { name } pageInfo { endCursor } } }", Mode.SINGLE, 1),
        ('{ tag(slug: "compost") { name } }', Mode.SINGLE, 1),
        ("{ tags { nodes { name } totalCount } }", Mode.SNAPSHOT, 2),
        (TWO_LEVELS, Mode.SNAPSHOT, 3),
    ],
)
async def test_one_statement_runs_in_autocommit_and_several_in_one_transaction(
    schema: Schema, filled: Engines, query: str, mode: Mode, reads: int
) -> None:
    seen: list[bool] = []
    context = Recording(filled)
    with after_each_read(lambda connection, _number: seen.append(in_transaction(connection))):
        result = await schema.execute(query, context_value=context)
    assert result.errors is None
    assert context.made.session.mode is mode
    assert seen == [mode is Mode.SNAPSHOT] * reads


async def test_every_operation_has_a_session_of_its_own(schema: Schema, filled: Engines) -> None:
    context = Recording(filled)
    await schema.execute("{ tags { totalCount } }", context_value=context)
    first = context.made.session
    await schema.execute("{ tags { totalCount } }", context_value=context)
    assert context.made.session is not first
    assert filled.pools()["primary"].checked_out == 0


async def test_what_asks_nothing_of_the_database_takes_no_connection(schema: Schema, nowhere: Engines) -> None:
    assert await data_of(schema, nowhere, "{ __typename }") == {"__typename": "Query"}
    assert await data_of(schema, nowhere, "{ posts { __typename } nodes(ids: []) { id } }") == {
        "posts": {"__typename": "PostConnection"},
        "nodes": [],
    }


async def test_an_operation_waits_for_a_connection_once_not_once_for_each_field(
    schema: Schema, filled: Engines, settings: DatabaseSettings
) -> None:
    engines = Engines(settings.model_copy(update={"pool_size": 1, "pool_max_overflow": 0, "pool_timeout_s": 0.1}))
    async with RequestSession(engines) as other:
        await other.rows(text("SELECT 1"))
        result = await run(schema, engines, '{ post(slug: "x") { id } tag(slug: "x") { id } role(name: "x") { id } }')
    await engines.dispose()
    assert result.data == {"post": None, "tag": None, "role": None}
    assert result.errors is not None
    assert len(result.errors) == 3
    assert len({id(error.original_error) for error in result.errors}) == 1
