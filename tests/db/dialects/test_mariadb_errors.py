"""What MariaDB says when it cannot serve, in the words of all databases: what no test can make happen is made up."""

from typing import Any

import pytest
from asyncmy import errors
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.dialects import DIALECTS, Failure, Outage, dialect_of, failure_of, outage_of
from db.session.engines import Engines
from tests.databases import Database, settings_for

CONNECTIONS = dialect_of("mysql").connections


def error(number: int, sentence: str = "x", state: str | None = "HY000") -> OperationalError:
    """An error as the driver makes it, in SQLAlchemy's."""
    raised: Any = errors.OperationalError(number, sentence)
    raised.sqlstate = state
    return OperationalError("SELECT 1", {}, raised)


@pytest.mark.parametrize(
    ("number", "sentence", "outage"),
    [
        (2003, "Can't connect to MySQL server on 'x'", Outage.UNREACHABLE),
        (2006, "MySQL server has gone away", Outage.LOST),
        (2013, "Lost connection to MySQL server during query", Outage.LOST),
        (0, "Not connected", Outage.LOST),
        (1927, "Connection was killed", Outage.LOST),
        (4031, "The client was disconnected by the server because of inactivity.", Outage.LOST),
        (1053, "Server shutdown in progress", Outage.STOPPING),
        (1047, "WSREP has not yet prepared node for application use", Outage.STOPPING),
        (1045, "Access denied for user 'a'@'b'", Outage.REFUSING),
        (1049, "Unknown database 'x'", Outage.REFUSING),
        (1130, "Host 'x' is not allowed to connect to this MariaDB server", Outage.REFUSING),
        (1040, "Too many connections", Outage.CROWDED),
        (1203, "User a already has more than 'max_user_connections' active connections", Outage.CROWDED),
        (1226, "User 'a' has exceeded the 'max_user_connections' resource", Outage.CROWDED),
        (1021, "Disk full (/tmp); waiting for someone to free some space...", Outage.FULL),
        (1114, "The table 'x' is full", Outage.FULL),
        (1030, 'Got error 28 "No space left on device" from storage engine InnoDB', Outage.FULL),
        (3, "Error writing file '/x' (Errcode: 28 \"No space left on device\")", Outage.FULL),
        (1030, 'Got error 5 "Input/output error" from storage engine InnoDB', Outage.BROKEN),
        (1290, "The MariaDB server is running with the --read-only option", Outage.READ_ONLY),
        (1290, "The MySQL server is running with the --super-read-only option", Outage.READ_ONLY),
        (1290, "The MariaDB server is running with the --secure-file-priv option", None),
        (1836, "Running in read-only mode", Outage.READ_ONLY),
        (1792, "Cannot execute statement in a READ ONLY transaction", Outage.READ_ONLY),
        (1146, "Table 'x.y' doesn't exist", None),
        (1213, "Deadlock found when trying to get lock; try restarting transaction", None),
    ],
)
def test_numbers_tell_outages(number: int, sentence: str, outage: Outage | None) -> None:
    assert outage_of(error(number, sentence)) is outage


def test_the_driver_may_have_no_number() -> None:
    raised = errors.InternalError("Packet sequence number wrong - got 3 expected 1")
    assert outage_of(OperationalError("SELECT 1", {}, raised)) is Outage.LOST
    assert not CONNECTIONS.is_harmless(raised)


@pytest.mark.parametrize(
    ("number", "transient", "stopped", "harmless"),
    [
        (1213, True, False, True),
        (1205, True, False, True),
        (1020, True, False, True),
        (3572, True, False, True),
        (1969, False, True, True),
        (3024, False, True, True),
        (1317, False, True, True),
        (1062, False, False, True),
        (1064, False, False, True),
        (1153, False, False, False),  # the server closes the connection
        (1927, False, False, False),
        (1053, False, False, False),
        (1021, False, False, False),
    ],
)
def test_what_is_to_be_done_after_an_error(number: int, transient: bool, stopped: bool, harmless: bool) -> None:
    raised = error(number)
    assert CONNECTIONS.is_transient(raised) is transient
    assert CONNECTIONS.stopped_by_server(raised) is stopped
    assert CONNECTIONS.is_harmless(raised) is harmless
    assert not CONNECTIONS.is_harmless(error(number, state=None))  # only the server tells a state


def test_a_cure_is_told_where_one_is_known() -> None:
    assert "CREATE DATABASE" in CONNECTIONS.said(error(1049, "Unknown database 'x'"))
    assert "log_bin_trust_function_creators" in CONNECTIONS.said(error(1419, "You do not have the SUPER privilege"))
    assert CONNECTIONS.said(error(1064, "You have an error\nin two lines")) == "You have an error"


def test_no_other_database_knows_these_errors() -> None:
    for number, state in ((2013, None), (1205, "HY000"), (1045, "28000"), (1053, "08S01"), (1690, "22003")):
        raised = error(number, state=state)
        others = [known for name, known in DIALECTS.items() if name != "mysql"]
        assert {known.failure(raised) for known in others} == {None}
        assert {known.connections.outage(raised) for known in others} == {None}


@pytest.mark.mysql
async def test_values_that_do_not_fit_are_told_from_numbers_that_are_too_large(blank_database: Database) -> None:
    engines = Engines(settings_for(blank_database))
    table = "CREATE TABLE t (id INT PRIMARY KEY, n TINYINT, s VARCHAR(3), d DATETIME, e ENUM('a'), m DECIMAL(4, 2))"
    cases = {
        "n) VALUES (1, 1000": Failure.OUT_OF_RANGE,
        "m) VALUES (1, 1000": Failure.OUT_OF_RANGE,
        "n) VALUES (1, 1 / 0": Failure.OUT_OF_RANGE,
        "n) VALUES (1, 'x'": Failure.UNFIT_VALUE,
        "s) VALUES (1, 'long'": Failure.UNFIT_VALUE,
        "s) VALUES (1, x'ff'": Failure.UNFIT_VALUE,
        "d) VALUES (1, '2020-02-30'": Failure.UNFIT_VALUE,
        "e) VALUES (1, 'b'": Failure.UNFIT_VALUE,
    }
    async with engines.writing().begin() as connection:
        await connection.execute(text(table))
        found = {case: await _failure(connection, f"INSERT INTO t (id, {case})") for case in cases}
        assert await _failure(connection, "CALL no_such_procedure()") is Failure.NO_TABLE
        assert await _failure(connection, "SELECT no_such_function()") is None
    assert found == cases
    await engines.dispose()


@pytest.mark.mysql
async def test_a_statement_that_is_ended_leaves_its_connection_as_it_was(engines: Engines) -> None:
    async with engines.writing().connect() as connection:
        await connection.execute(text("SELECT 1"))
        with pytest.raises(DBAPIError) as caught:
            await connection.execute(text("SET STATEMENT max_statement_time = 0.01 FOR SELECT SLEEP(20)"))
        assert CONNECTIONS.stopped_by_server(caught.value)
        assert (await connection.execute(text("SELECT 2"))).scalar() == 2


async def _failure(connection: AsyncConnection, statement: str) -> Failure | Outage | None:
    with pytest.raises(DBAPIError) as caught:
        await connection.execute(text(statement))
    return failure_of(caught.value)
