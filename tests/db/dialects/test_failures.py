"""Why a database did not answer, in the same words for every database."""

import socket

import asyncpg
import pytest
from graphql import GraphQLError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from db.dialects import DIALECTS, Failure, Outage, failure_of
from db.session.engines import Engines
from graph.errors import code_of
from graph.masking import for_client
from tests.databases import Database, settings_for

LOCKING = {
    "postgresql": "LOCK TABLE boxes NOWAIT",
    "sqlite": "INSERT INTO boxes VALUES (2)",
    "mysql": "SELECT * FROM boxes FOR UPDATE NOWAIT",
}
"""What does not go beside a transaction that writes to the table."""


async def failure(engines: Engines, statement: str) -> Failure | Outage | None:
    """Why a statement fails."""
    async with engines.writing().connect() as connection:
        with pytest.raises(DBAPIError) as error:
            await connection.execute(text(statement))
    return failure_of(error.value)


async def test_a_missing_table_is_told_from_a_wrong_statement(engines: Engines) -> None:
    assert await failure(engines, "SELECT * FROM no_such_table") is Failure.NO_TABLE
    assert await failure(engines, "SELECT no_such_column FROM alembic_version") is None


BEYOND = {
    "postgresql": (
        "SELECT 9223372036854775807 + CAST(1 AS bigint)",
        "SELECT 1e308 * CAST(10 AS float)",
        "SELECT 1 / 0",
    ),
    "mysql": ("SELECT 9223372036854775807 + 1", "SELECT 1e308 * 10"),
    "sqlite": ("SELECT sum(n) FROM (SELECT 9223372036854775807 AS n UNION ALL SELECT 1)",),
}


async def test_what_cannot_be_computed_is_told(engines: Engines) -> None:
    for statement in BEYOND[engines.dialect]:
        assert await failure(engines, statement) is Failure.OUT_OF_RANGE, statement


UNCOMPUTABLE = {
    "postgresql": ("SELECT now() AT TIME ZONE 'nowhere'", "DO $$ BEGIN RAISE 'not this row'; END $$"),
    "mysql": ("SELECT 'a' REGEXP '('", "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this row'"),
    "sqlite": ("SELECT json_extract('{', '$.a')",),
}


async def test_a_client_hears_that_a_row_makes_a_view_or_a_function_fail(engines: Engines) -> None:
    for statement in UNCOMPUTABLE[engines.dialect]:
        async with engines.writing().connect() as connection:
            with pytest.raises(DBAPIError) as caught:
                await connection.execute(text(statement))
        (told,) = for_client([GraphQLError("internal", original_error=caught.value, path=["orders", "share"])])
        assert (code_of(told), told.path) == ("NOT_COMPUTABLE", ["orders", "share"]), statement
        assert "not this row" not in told.message


REFUSED = {
    "postgresql": (
        ("DO $$ BEGIN RAISE 'no room' USING ERRCODE = 'disk_full'; END $$",),
        ("SET TRANSACTION READ ONLY", "DELETE FROM alembic_version"),
    ),
    "mysql": (
        ("SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'",),
        ("COMMIT", "START TRANSACTION READ ONLY", "DELETE FROM alembic_version"),
    ),
    "sqlite": (
        ("PRAGMA max_page_count = 1", "CREATE TABLE full AS SELECT randomblob(1000000)"),
        ("PRAGMA query_only = ON", "DELETE FROM alembic_version"),
    ),
}


@pytest.mark.parametrize(
    ("case", "expected", "code"), [(0, Outage.FULL, "INSUFFICIENT_STORAGE"), (1, Outage.READ_ONLY, "READ_ONLY")]
)
async def test_a_database_that_takes_no_changes_is_told(
    engines: Engines, case: int, expected: Outage, code: str
) -> None:
    *before, statement = REFUSED[engines.dialect][case]
    async with engines.writing().connect() as connection:
        for each in before:
            await connection.execute(text(each))
        with pytest.raises(DBAPIError) as error:
            await connection.execute(text(statement))
        await connection.invalidate()
    assert failure_of(error.value) is expected
    (told,) = for_client([GraphQLError("internal", original_error=error.value)])
    assert code_of(told) == code
    async with engines.reading().connect() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1


async def test_a_client_hears_that_a_number_cannot_be_computed(engines: Engines) -> None:
    async with engines.writing().connect() as connection:
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text(BEYOND[engines.dialect][-1]))
    (told,) = for_client([GraphQLError("internal", original_error=caught.value, path=["orders", "share"])])
    assert (code_of(told), told.path) == ("OUT_OF_RANGE", ["orders", "share"])
    assert "SELECT" not in told.message


async def test_a_lock_that_another_connection_holds_is_told(blank_database: Database) -> None:
    engines = Engines(settings_for(blank_database).model_copy(update={"statement_timeout_s": 0.1}))
    async with engines.writing().begin() as connection:
        await connection.execute(text("CREATE TABLE boxes (id INTEGER)"))
    async with engines.writing().begin() as connection:
        await connection.execute(text("INSERT INTO boxes VALUES (1)"))
        async with engines.primary.connect() as other:
            with pytest.raises(DBAPIError) as error:
                await other.execute(text(LOCKING[blank_database.dialect]))
    assert failure_of(error.value) is Failure.BUSY
    await engines.dispose()


def test_an_error_that_no_database_made_is_no_failure() -> None:
    error = ProgrammingError("SELECT 1", {}, Exception("something else"))
    assert failure_of(error) is None
    assert {dialect.failure(error) for dialect in DIALECTS.values()} == {None}


@pytest.mark.parametrize(
    ("error", "may_come"),
    [
        (ConnectionRefusedError(), True),
        (socket.gaierror(), True),
        (asyncpg.CannotConnectNowError("the database system is starting up"), True),
        (asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), True),
        (asyncpg.InvalidPasswordError("password authentication failed"), False),
        (asyncpg.InvalidCatalogNameError("database does not exist"), False),
        (ValueError(), False),
    ],
)
def test_a_server_that_may_come_is_told_from_one_that_refuses(error: Exception, may_come: bool) -> None:
    wrapped = DBAPIError("CONNECT", {}, error)
    connections = DIALECTS["postgresql"].connections
    assert (connections.may_come(error), connections.may_come(wrapped)) == (may_come, may_come)
    assert not DIALECTS["sqlite"].connections.may_come(error)
