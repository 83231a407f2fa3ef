"""What a client was told is so, even when the server dies: killed again and again while money moves."""

import asyncio
from typing import Any

from pydantic import SecretStr

from graph.identity import api_keys
from graph.settings import Settings
from tests.databases import Database
from tests.promises.bank import CLIENTS, PROMISE_S, Client, Ledger, check_books, open_accounts, written
from tests.promises.process import ServerProcess

LIFE_S = 3 if PROMISE_S >= 20 else 1
"""The least time that a server lives before it is killed; longer if it has not moved any money by then."""
KILLS = max(2, round(PROMISE_S / LIFE_S / 2))


async def make_key(settings: Settings) -> str:
    """The text of an admin's API key."""

    async def work(transaction: Any) -> str:
        return await api_keys.create(transaction, "bank", ["admin"])

    return await written(settings, work)


async def test_each_acknowledged_transfer_is_there_once_though_the_server_is_killed(database: Database) -> None:
    settings = Settings(database_url=SecretStr(database.url))
    accounts, ledger, until = await open_accounts(settings), Ledger(), asyncio.Event()
    headers = {"Authorization": f"Bearer {await make_key(settings)}"}
    server = ServerProcess(database.url)
    clients = [Client(server.origin, headers, accounts, ledger) for _ in range(CLIENTS)]
    try:
        await server.start()
        async with asyncio.TaskGroup() as group:
            for number, client in enumerate(clients):
                group.create_task(client.run(f"client {number}", until))
            for _ in range(KILLS):
                known = len(ledger.done)
                await asyncio.sleep(LIFE_S)
                await ledger.more_than(known)
                server.kill()
                await server.start()
            until.set()
        await asyncio.gather(*(client.close() for client in clients))
    finally:
        server.kill()
    await check_books(settings, ledger, accounts)
    assert ledger.lost >= KILLS
    assert not ledger.codes
