"""What a client was told is so, even when the database fails: back ends ended, the server crashed."""

import asyncio

from pydantic import SecretStr

from db.migrate import upgrade
from db.models.role import ADMIN
from graph.app import create_app
from graph.settings import Settings
from tests.explorer.serving import serving
from tests.promises.bank import CLIENTS, HEADER, PROMISE_S, Client, Ledger, by_header, check_books, open_accounts
from tests.promises.server import FragileServer, fragile_server

ROUNDS = max(2, round(PROMISE_S / 2))
QUIET_S = 0.4


async def break_things(server: FragileServer, ledger: Ledger) -> int:
    """End back ends, and crash the server every second time; how many back ends were ended."""
    ended = 0
    for number in range(ROUNDS):
        known = len(ledger.done)
        await asyncio.sleep(QUIET_S)
        ended += await server.terminate_back_ends()
        await asyncio.sleep(QUIET_S)
        if number % 2:
            await server.crash()
        await ledger.more_than(known + CLIENTS)
    return ended


async def test_each_acknowledged_transfer_is_there_once_though_the_database_fails() -> None:
    async with fragile_server() as server:
        settings = Settings(database_url=SecretStr(server.url))
        await asyncio.to_thread(upgrade, settings)
        accounts, ledger, until = await open_accounts(settings), Ledger(), asyncio.Event()
        async with serving(create_app(settings, identify=by_header)) as origin:
            clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(CLIENTS)]
            async with asyncio.TaskGroup() as group:
                for number, client in enumerate(clients):
                    group.create_task(client.run(f"client {number}", until))
                ended = await break_things(server, ledger)
                until.set()
            await asyncio.gather(*(client.close() for client in clients))
        await check_books(settings, ledger, accounts)
    assert ended
    assert ledger.lost
    assert ledger.codes.keys() <= {"OUTCOME_UNKNOWN", "OVERLOADED", "UNAVAILABLE", "CHANGE_KEPT"}, ledger.codes
