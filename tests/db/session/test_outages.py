"""While a database is away, errors say so, and of a change that was lost they say whether it was kept."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.dialects import Outage, outage_of
from db.session import Mode, OutcomeUnknown, ReadOnlyOperation, RequestSession, Unreachable
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.db.session.test_session import add_tag

STATES: Mapping[str, Outage | None] = {
    "08006": Outage.LOST,
    "25006": Outage.READ_ONLY,
    "28P01": Outage.REFUSING,
    "3D000": Outage.REFUSING,
    "53100": Outage.FULL,
    "53300": Outage.CROWDED,
    "57P03": Outage.STOPPING,
    "58030": Outage.BROKEN,
    "XX000": None,
    "22012": None,
    "P0001": None,
}

DIE = """
    CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$
"""
DIE_AT_COMMIT = """
    CREATE CONSTRAINT TRIGGER die AFTER INSERT ON tags DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION die()
"""


@pytest.mark.postgresql
async def test_the_states_of_a_server_tell_its_outages(engines: Engines) -> None:
    found = {}
    for state in STATES:
        async with RequestSession(engines, Mode.CURRENT) as session:

            async def work(change: RequestSession, state: str = state) -> None:
                await change.rows(text(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"))

            with pytest.raises(DBAPIError) as caught:
                await session.write(work)
            found[state] = outage_of(caught.value)
    assert found == STATES


@pytest.mark.postgresql
async def test_what_refuses_a_change_in_a_query_is_no_outage(engines: Engines) -> None:
    async with RequestSession(engines, Mode.SNAPSHOT) as session:
        with pytest.raises(ReadOnlyOperation):
            await session.rows(text("DELETE FROM tags"))


@pytest.mark.sqlite
async def test_a_full_disk_and_a_file_that_cannot_be_written_are_outages(settings: DatabaseSettings) -> None:
    engines = Engines(settings)

    async def fill(change: RequestSession) -> None:
        (pages,) = (await change.rows(text("PRAGMA page_count")))[0]
        await change.rows(text(f"PRAGMA max_page_count = {pages}"))
        await change.rows(text(f"INSERT INTO tags (slug, name) VALUES ('full', '{'x' * 100_000}')"))

    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(DBAPIError) as caught:
            await session.write(fill)
    assert outage_of(caught.value) is Outage.FULL
    await engines.dispose()

    file = settings.primary.database
    engines = Engines(
        settings.model_copy(update={"database_url": SecretStr(f"sqlite:///file:{file}?mode=ro&uri=true")})
    )
    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(DBAPIError) as caught:
            await session.write(lambda change: change.rows(add_tag("a")))
    assert outage_of(caught.value) is Outage.READ_ONLY
    await engines.dispose()


async def test_a_database_that_cannot_be_reached_is_said_to_be(tmp_path: Path) -> None:
    for url in ("postgresql://somebody@127.0.0.1:1/x", f"sqlite:///{tmp_path}/nowhere/x.db"):
        engines = Engines(DatabaseSettings(database_url=SecretStr(url)))
        for mode in Mode:
            async with RequestSession(engines, mode) as session:
                for _ in range(2):
                    with pytest.raises((Unreachable, DBAPIError)) as caught:
                        await session.rows(text("SELECT 1"))
                    error = caught.value
                    assert not isinstance(error, DBAPIError) or outage_of(error) is Outage.UNREACHABLE
        await engines.dispose()


@pytest.mark.postgresql
async def test_nobody_claims_to_know_what_became_of_a_commit_that_was_not_answered(
    engines: Engines,
) -> None:
    async def break_commits(change: RequestSession) -> None:
        await change.execute(text(DIE))
        await change.execute(text(DIE_AT_COMMIT))

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(break_commits)
        with pytest.raises(OutcomeUnknown):
            await session.write(lambda change: change.rows(add_tag("a")))
        assert engines.pools()["primary"].checked_out == 0
