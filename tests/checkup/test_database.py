"""What a database says of itself, and what that means for settings."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Column, FromClause, MetaData, Table

from db.care.facts import Facts, facts
from db.dialects.postgresql_extensions import GEOGRAPHY, VECTOR
from db.session.engines import Engines
from graph.checkup.database import disk, of_facts
from graph.checkup.result import Result, State
from graph.settings import Settings
from tests.databases import Database

SERVER = Facts("PostgreSQL", "17.2", "UTF8", "UTC", 0.0, 97)


def of(told: Facts, workers: int = 1, tables: Sequence[FromClause] = (), **settings: object) -> dict[str, Result]:
    """What is found, by what was looked at."""
    made = Settings.model_construct(**settings)  # type: ignore[arg-type]  # by name
    return {it.check: it for it in of_facts(told, made, tables, workers)}


async def test_a_database_tells_what_it_is(database: Database, engines: Engines) -> None:
    async with engines.primary.connect() as connection:
        told = await facts(connection)
    assert told.encoding.upper().startswith("UTF")
    if database.dialect == "sqlite":
        assert (told.product, told.max_connections, told.ahead_s, told.is_pooled) == ("SQLite", None, None, False)
        return
    product, oldest = ("MariaDB", 10) if database.dialect == "mysql" else ("PostgreSQL", 15)
    assert told.product == product
    assert int(told.version.partition(".")[0]) >= oldest
    assert told.max_connections is not None
    assert told.max_connections > 10
    assert told.is_pooled is database.is_lent
    assert told.ahead_s == 0
    assert ("plpgsql" in told.extensions) is (product == "PostgreSQL")


def test_a_server_as_it_should_be_is_well() -> None:
    assert {it.state for it in of(SERVER).values()} == {State.OK}
    assert list(of(SERVER)) == ["database", "clock", "connections", "pooler"]


@pytest.mark.parametrize(
    ("ahead_s", "state"), [(0.5, State.OK), (-1.9, State.OK), (5, State.WARNING), (-90, State.WARNING)]
)
def test_clocks_may_differ_by_little(ahead_s: float, state: State) -> None:
    found = of(SERVER._replace(ahead_s=ahead_s))["clock"]
    assert found.state is state
    if state is State.WARNING:
        assert f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's" in found.said


def test_processes_times_connections_have_to_fit() -> None:
    # 6 * (15 + 1) = 96 of 97; 7 * 16 = 112
    assert of(SERVER, workers=6)["connections"].state is State.OK
    found = of(SERVER, workers=7)["connections"]
    assert (found.state, found.said) == (
        State.BROKEN,
        "7 processes may open 112 connections, and the database allows 97.",
    )
    assert found.cure.startswith("Set TRELLIS_POOL_SIZE to 12 or less")  # 7 * (12 + 1) = 91
    assert of(SERVER, workers=7, pool_size=12)["connections"].state is State.OK


@pytest.mark.parametrize(
    ("is_pooled", "is_said", "state"),
    [(True, True, State.OK), (False, False, State.OK), (True, False, State.WARNING), (False, True, State.WARNING)],
)
def test_pgbouncer_is_where_the_settings_say(is_pooled: bool, is_said: bool, state: State) -> None:
    assert of(SERVER._replace(is_pooled=is_pooled), pgbouncer=is_said)["pooler"].state is state


def test_an_encoding_without_most_characters_is_a_warning() -> None:
    assert of(SERVER._replace(encoding="LATIN1"))["database"].state is State.WARNING
    assert of(Facts("SQLite", "3.45", "UTF-16le"))["database"].state is State.OK


def test_extensions_of_column_types_have_to_be_there() -> None:
    places = Table("places", MetaData(), Column("spot", GEOGRAPHY()), Column("meaning", VECTOR(3)))
    found = [it for it in of_facts(SERVER, Settings.model_construct(), [places], 1) if it.check == "extensions"]
    assert [it.state for it in found] == [State.BROKEN, State.BROKEN]
    assert "The column places.spot is of a type of the extension postgis" in found[0].said
    there = of(SERVER._replace(extensions=frozenset({"postgis", "vector"})), tables=[places])
    assert there["extensions"].said == "The database has postgis, vector."


def test_a_copy_of_a_file_needs_room(tmp_path: Path) -> None:
    assert disk(tmp_path / "x.db", 0).state is State.OK
    assert disk(tmp_path / "x.db", 10**18).state is State.WARNING


def test_a_schema_of_ours_that_is_looked_in_first_hides_tables_of_the_application() -> None:
    found = of(SERVER._replace(first_schema="app"), own_schema="app")["names"]
    assert found.state is State.BROKEN
    assert "SET search_path = public" in found.cure
    assert "names" not in of(SERVER._replace(first_schema="public"), own_schema="app")
