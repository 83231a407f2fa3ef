"""Money is neither made nor lost, whenever one looks: 8 accounts, 16 clients who move and count it at once."""

import asyncio

import pytest

from db.models.role import ADMIN
from graph.app import create_app
from tests.databases import Database
from tests.explorer.serving import serving
from tests.promises.bank import (
    BALANCES,
    CLIENTS,
    HEADER,
    PROMISE_S,
    TOTAL,
    TOTAL_MONEY,
    Client,
    Ledger,
    by_header,
    check_books,
    open_accounts,
    patient,
    total_in,
)

READERS = 4
"""Of the clients, so many read; the others move money."""


async def read(client: Client, until: asyncio.Event, documents: tuple[str, ...]) -> int:
    """Read until told to stop; how many readings there were. Every one of them adds up."""
    readings = 0
    while not until.is_set():
        data = await client.ask(documents[readings % len(documents)])
        assert data is not None, client.ledger.codes
        assert total_in(data) == TOTAL_MONEY
        readings += 1
    return readings


async def test_every_reading_adds_up_while_sixteen_clients_move_money(database: Database) -> None:
    settings = patient(database)
    accounts, ledger, until = await open_accounts(settings), Ledger(), asyncio.Event()
    async with serving(create_app(settings, identify=by_header)) as origin:
        clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(CLIENTS)]
        asyncio.get_running_loop().call_later(PROMISE_S, until.set)
        async with asyncio.TaskGroup() as group:
            for number, client in enumerate(clients[READERS:]):
                group.create_task(client.run(f"client {number}", until))
            readings = [group.create_task(read(client, until, (BALANCES, TOTAL))) for client in clients[:READERS]]
        await asyncio.gather(*(client.close() for client in clients))
    await check_books(settings, ledger, accounts)
    assert ledger.lost == 0
    assert len(ledger.done) > CLIENTS
    assert all(task.result() > 2 for task in readings)


@pytest.mark.parametrize("lists", [1, 3])
async def test_several_lists_of_one_answer_are_one_view(database: Database, lists: int) -> None:
    """A query of several statements sees one state of the bank, however many transfers come between them."""
    settings = patient(database)
    accounts, ledger, until = await open_accounts(settings), Ledger(), asyncio.Event()
    fields = " ".join(f"a{n}: accounts(first: {20 + n}) {{ nodes {{ balance }} }}" for n in range(lists))
    async with serving(create_app(settings, identify=by_header)) as origin:
        mover, reader = (Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(2))
        moving = asyncio.create_task(mover.run("mover", until))
        for _ in range(20):
            data = await reader.ask(f"{{ {fields} }}")
            for found in data.values():
                assert found == data["a0"]
                assert total_in({"accounts": found}) == TOTAL_MONEY
        until.set()
        await moving
        await asyncio.gather(mover.close(), reader.close())
    await check_books(settings, ledger, accounts)
