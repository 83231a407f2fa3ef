"""Fifty at once write to SQLite, which lets one write at a time: each waits for its turn, and none is told of it."""

import asyncio

import pytest

from db.models.role import ADMIN
from graph.app import create_app
from tests.databases import Database
from tests.explorer.serving import serving
from tests.promises.bank import HEADER, Call, Client, Ledger, by_header, check_books, open_accounts, patient

WRITERS = 50
TRANSFERS = 4


@pytest.mark.sqlite
async def test_fifty_writers_never_hear_of_a_locked_database(database: Database) -> None:
    settings = patient(database)
    accounts, ledger = await open_accounts(settings), Ledger()
    async with serving(create_app(settings, identify=by_header)) as origin:
        clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(WRITERS)]

        async def write(number: int) -> None:
            for turn in range(TRANSFERS):
                source, target = accounts[number % 8], accounts[(number + turn + 1) % 8]
                assert await clients[number].transfer(Call(f"{number}-{turn}", source, target, 1))

        await asyncio.gather(*map(write, range(WRITERS)))
        await asyncio.gather(*(client.close() for client in clients))
    assert ledger.codes == {}
    assert ledger.lost == 0
    assert len(ledger.done) == WRITERS * TRANSFERS
    await check_books(settings, ledger, accounts)
