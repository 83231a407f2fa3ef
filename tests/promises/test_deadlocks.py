"""No deadlock is seen by a client: transfers do not make any, and work that falls into one is done again."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import make_url

from db.models.role import ADMIN
from graph.app import create_app
from tests.databases import WAITS_FOR_ME, Database
from tests.explorer.serving import serving
from tests.promises.bank import (
    CLIENTS,
    HEADER,
    PATIENCE_S,
    Call,
    Client,
    Ledger,
    by_header,
    check_books,
    open_accounts,
    patient,
)

EACH = 12
"""How many transfers each client makes."""

LOCK = "SELECT id FROM accounts WHERE id = $1 FOR UPDATE"

TRAP = f"""
    CREATE SEQUENCE fallen;
    CREATE FUNCTION fall_into_a_deadlock() RETURNS trigger LANGUAGE plpgsql SET deadlock_timeout = '50ms' AS $$
    BEGIN
        IF nextval('fallen') = 1 THEN
            WHILE NOT ({WAITS_FOR_ME}) LOOP PERFORM pg_sleep(0.01); END LOOP;
            PERFORM pg_advisory_xact_lock(1);
        END IF;
        RETURN new;
    END $$;
    CREATE TRIGGER fall BEFORE INSERT ON transfers FOR EACH ROW EXECUTE FUNCTION fall_into_a_deadlock();
"""
"""The first transfer waits, with its accounts locked, for somebody who waits for it, and then for lock number 1.

A sequence counts on when a transaction is undone. PostgreSQL looks for a deadlock once in each wait, and ends the one
that finds it: the transfer must be the last to wait.
Source: https://www.postgresql.org/docs/current/runtime-config-locks.html
"""

DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"

BACK_ENDS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'trellis'
"""


async def deadlocks(database: Database) -> int:
    """How many deadlocks PostgreSQL has met in a database that no server of ours uses any more.

    SQLite has none: one writes at a time.
    """
    if database.dialect == "sqlite":
        return 0
    connection = await asyncpg.connect(dsn(database))
    try:
        async with asyncio.timeout(PATIENCE_S):  # back ends tell their statistics when they end
            while await connection.fetchval(BACK_ENDS):  # noqa: ASYNC110 - and nobody tells when that is
                await asyncio.sleep(0.02)
        return int(await connection.fetchval(DEADLOCKS))
    finally:
        await connection.close()


def dsn(database: Database) -> str:
    return make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)


async def test_transfers_in_both_directions_come_through_at_once(database: Database) -> None:
    settings = patient(database)
    accounts, ledger = await open_accounts(settings), Ledger()
    one, other = accounts[:2]
    before = await deadlocks(database)
    async with serving(create_app(settings, identify=by_header)) as origin:
        clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(CLIENTS)]

        async def move(number: int, client: Client) -> None:
            source, target = (one, other) if number % 2 else (other, one)
            for at in range(EACH):
                assert await client.transfer(Call(f"{number}-{at}", source, target, 1)), ledger.codes

        await asyncio.gather(*(move(number, client) for number, client in enumerate(clients)))
        await asyncio.gather(*(client.close() for client in clients))
    assert len(ledger.done) == CLIENTS * EACH
    assert not ledger.refused
    assert await deadlocks(database) == before
    await check_books(settings, ledger, accounts)


@pytest.mark.postgresql
async def test_a_transfer_that_falls_into_a_deadlock_is_done_again(database: Database) -> None:
    settings = patient(database)
    accounts, ledger = await open_accounts(settings), Ledger()
    first, second = sorted(accounts)[:2]
    async with serving(create_app(settings, identify=by_header)) as origin:
        client = Client(origin, {HEADER: ADMIN}, accounts, ledger)
        before = await deadlocks(database)
        other = await asyncpg.connect(dsn(database))
        await other.execute(TRAP)
        await other.execute("SET deadlock_timeout = '60s'")  # it is the transfer that finds out
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock(1)")
            transfer = asyncio.create_task(client.transfer(Call("k", second, first, 1)))
            while not await other.fetchval("SELECT is_called FROM fallen"):  # noqa: ASYNC110 - a sequence tells nobody
                await asyncio.sleep(0.02)
            await other.fetch(LOCK, first)
        assert await transfer, ledger.codes
        await other.close()
        await client.close()
    assert await deadlocks(database) == before + 1
    assert ledger.done.keys() == {"k"}
    await check_books(settings, ledger, accounts)
