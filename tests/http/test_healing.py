"""Reads outlive the connections and the tables that they began with."""

import asyncio

import pytest

from tests.databases import Database
from tests.http.conftest import Serve
from tests.http.test_ends import change, shop

__all__ = ["shop"]

pytestmark = pytest.mark.postgresql

END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'trellis' AND pid <> pg_backend_pid()"
)
END_SLEEPERS = f"{END} AND wait_event = 'PgSleep'"
SLOW = "CREATE VIEW genre AS SELECT 1 AS genre_id, 'x' || pg_sleep(0.5) AS name"
ONE = "{ albums(first: 3) { nodes { title } } }"
TWO = "{ albums(first: 3) { nodes { title artist { name } } } genres(first: 1) { totalCount } }"
READS = 80
READERS = 8


async def test_a_query_whose_view_is_lost_in_the_middle_is_run_again_in_a_new_one(
    shop: Database, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    await change(shop, "ALTER TABLE genre RENAME TO real_genre", SLOW)
    client = await serve(shop.url)
    asked = asyncio.create_task(client.ask("{ albums(first: 1) { nodes { title } } genres { nodes { name } } }"))
    await asyncio.sleep(0.25)
    await change(shop, END_SLEEPERS)
    data = (await asked).data
    assert data["albums"]["nodes"]
    assert data["genres"]["nodes"] == [{"name": "x"}]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize(
    "unrest",
    [
        [
            "ALTER TABLE album ALTER COLUMN title TYPE varchar(300)",
            "ALTER TABLE album ALTER COLUMN title TYPE text",
        ],
        [
            "ALTER TABLE album ADD COLUMN remark text",
            "ALTER TABLE album ALTER COLUMN remark TYPE bytea USING remark::bytea",
            "ALTER TABLE album DROP COLUMN remark",
        ],
        [END, "SELECT pg_sleep(0.1)"],
    ],
    ids=["another type", "columns", "ended back ends"],
)
async def test_no_read_is_wrong_while_tables_change_and_back_ends_end(
    shop: Database, serve: Serve, unrest: list[str]
) -> None:
    client = await serve(shop.url)
    right = {query: (await client.ask(query)).data for query in (ONE, TWO)}
    done: list[bool] = []

    async def reads() -> None:
        for number in range(READS // READERS):
            query = (ONE, TWO)[number % 2]
            answer = await client.ask(query)
            assert answer.body.get("data") == right[query], answer.body

    async def unrests() -> None:
        while not done:
            for statement in unrest:
                await change(shop, statement)
                await asyncio.sleep(0.1)

    troubling = asyncio.create_task(unrests())
    await asyncio.gather(*(reads() for _ in range(READERS)))
    done.append(True)
    await troubling
