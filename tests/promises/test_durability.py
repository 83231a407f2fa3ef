"""What a client was told is so, even when the server dies: killed again and again while money moves."""

import asyncio
import os
import signal
import socket
import subprocess
from typing import Any

import httpx
from pydantic import SecretStr

from graph.identity import api_keys
from graph.settings import Settings
from tests.cli.running import TRELLIS, environment
from tests.databases import Database
from tests.promises.bank import CLIENTS, PROMISE_S, Client, Ledger, check_books, open_accounts, written

LIFE_S = 3 if PROMISE_S >= 20 else 1
"""The least time that a server lives before it is killed; longer if it has not moved any money by then."""
KILLS = max(2, round(PROMISE_S / LIFE_S / 2))
START_S = 60


class Server:
    """`trellis serve` as a process of its own, always at the same address."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._begin()
        async with asyncio.timeout(START_S), httpx.AsyncClient(verify=False) as client:
            while True:
                try:
                    await client.get(f"{self.origin}/healthz")
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                else:
                    return

    def _begin(self) -> None:
        self._process = subprocess.Popen(
            [TRELLIS, "serve", "--port", str(self.port)],
            env=environment(TRELLIS_DATABASE_URL=self._database.url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        """End it at once; it gets no time to finish anything."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


async def make_key(settings: Settings) -> str:
    """The text of an admin's API key."""

    async def work(transaction: Any) -> str:
        return (await api_keys.create(transaction, "bank", ["admin"])).text

    return await written(settings, work)


async def test_each_acknowledged_transfer_is_there_once_though_the_server_is_killed(database: Database) -> None:
    settings = Settings(database_url=SecretStr(database.url))
    accounts, ledger, until = await open_accounts(settings), Ledger(), asyncio.Event()
    headers = {"Authorization": f"Bearer {await make_key(settings)}"}
    server = Server(database)
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
