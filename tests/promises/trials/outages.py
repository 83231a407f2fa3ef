"""A database that stops, falls silent or loses a replica, and what its clients notice (promises 3, 12 and 28)."""

import asyncio
import time

import httpx

from db.models.role import ADMIN
from graph.app import create_app
from graph.settings import Settings
from tests.explorer.serving import serving
from tests.promises.bank import CLIENTS, HEADER, Client, Ledger, by_header, check_books, open_accounts
from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.stage import FEED, ONE_ROW, Clients, stage, status_of, whole_again

LIMIT_S = 3
CONNECT_S = 2
BLACK_HOLE_S = 5
WHOLE_S = 3
OUTAGE_CODES = frozenset({"UNAVAILABLE", "OVERLOADED", "DEADLINE_EXCEEDED"})
SOON_S = 2.5
"""A read on a replica that has fallen silent is answered after so long: two seconds to notice, and the read itself."""
READS = 100
READERS = 5
SETTINGS = {
    "operation_timeout_s": str(LIMIT_S),
    "statement_timeout_s": str(LIMIT_S),
    "connect_timeout_s": str(CONNECT_S),
}


async def restart(_dialect: str, _minutes: float) -> Finding:
    """PostgreSQL crashes and comes back while clients read."""
    async with stage("postgresql") as made, ServerProcess(made.url, **SETTINGS) as server:
        assert made.server is not None
        clients, until = Clients(server.origin), asyncio.Event()
        async with clients.open() as http, asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(clients.ask_on(http, FEED, until, 0.02))
            await asyncio.sleep(1)
            ended = await made.server.terminate_back_ends()
            await asyncio.sleep(1)
            killed = len([one for one in clients.told if not one.fine])
            await made.server.crash()
            whole = await whole_again(server.origin)
            until.set()
    figure = f"{killed} reads lost with {ended} back ends; whole {whole:.1f} s after the start; {dict(clients.codes())}"
    return Finding(
        figure,
        broken(
            ended_back_ends_cost_no_read=not killed,
            whole_within_3_s=whole <= WHOLE_S,
            errors_are_503_UNAVAILABLE=_readable(clients),
        ),
    )


async def black_hole(_dialect: str, _minutes: float) -> Finding:
    """Nothing comes from PostgreSQL for five seconds, and nothing says so."""
    async with (
        stage("postgresql") as made,
        made.proxied() as (proxy, url),
        ServerProcess(url, readiness_timeout_s="1", **SETTINGS) as server,
    ):
        clients, until = Clients(server.origin), asyncio.Event()
        async with clients.open() as http, asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(clients.ask_on(http, FEED, until, 0.05))
            await asyncio.sleep(1)
            proxy.trigger_connectivity_loss()
            await asyncio.sleep(BLACK_HOLE_S - 2)
            alive, ready = await asyncio.gather(*(status_of(server.origin, path) for path in ("/healthz", "/readyz")))
            await asyncio.sleep(2)
            proxy.restore_connectivity()
            whole = await whole_again(server.origin)
            until.set()
            back = await status_of(server.origin, "/readyz")
    longest = max(one.seconds for one in clients.told)
    figure = (
        f"longest answer {longest:.1f} s, alive {alive}, ready {ready}, whole after {whole:.1f} s;"
        f" {dict(clients.codes())}"
    )
    return Finding(
        figure,
        broken(
            errors_within_the_limit=longest <= LIMIT_S + 0.5,
            healthz_is_200=alive == 200,
            readyz_is_503_and_comes_back=(ready, back) == (503, 200),
            whole_within_3_s=whole <= WHOLE_S,
            errors_are_503_UNAVAILABLE=_readable(clients),
        ),
    )


def _readable(clients: Clients) -> bool:
    """Whether every error was one that says that the database is away; of these, what took too long may be 200."""
    return all(
        one.fine or (one.codes <= OUTAGE_CODES and (one.status == 503 or one.codes == {"DEADLINE_EXCEEDED"}))
        for one in clients.told
    )


async def bank(_dialect: str, minutes: float) -> Finding:
    """Sixteen clients move money while PostgreSQL falls silent, again and again."""
    until, ledger = asyncio.Event(), Ledger()
    seconds = max(15.0, min(45.0, minutes * 4))
    async with stage("postgresql", scale=0) as made, made.proxied() as (proxy, url):
        accounts = await open_accounts(made.settings)
        settings = Settings.model_validate(SETTINGS | {"database_url": url})
        async with serving(create_app(settings, identify=by_header)) as origin:
            clients = [Client(origin, {HEADER: ADMIN}, accounts, ledger) for _ in range(CLIENTS)]
            async with asyncio.TaskGroup() as group:
                for number, client in enumerate(clients):
                    group.create_task(client.run(f"client {number}", until))
                end = time.monotonic() + seconds
                while time.monotonic() < end:
                    await asyncio.sleep(2)
                    proxy.trigger_connectivity_loss()
                    await asyncio.sleep(LIMIT_S + 1)
                    proxy.restore_connectivity()
                    await ledger.more_than(len(ledger.done))
                until.set()
            await asyncio.gather(*(client.close() for client in clients))
        await check_books(made.settings, ledger, accounts)
    figure = f"{len(ledger.done)} transfers, {ledger.lost} answers lost, none missing, none twice; {dict(ledger.codes)}"
    return Finding(figure, broken(errors_say_so="INTERNAL_SERVER_ERROR" not in ledger.codes))


async def replicas(_dialect: str, _minutes: float) -> Finding:
    """Two replicas: one dies, then the other; no read is lost, and nobody is turned away."""
    async with (
        stage("postgresql") as made,
        made.proxied() as (one, first),
        made.proxied() as (other, second),
        ServerProcess(made.url, replica_urls=f"{first},{second}", **SETTINGS) as server,
    ):
        clients, lost, ready = Clients(server.origin), list[int](), list[int]()
        async with clients.open() as http:
            for proxy in (None, one, other):
                if proxy is not None:
                    await asyncio.to_thread(proxy.stop)
                clients.told.clear()
                for _ in range(40):
                    await clients.ask(http, ONE_ROW)
                lost.append(sum(not told.fine for told in clients.told))
                ready.append(await status_of(server.origin, "/readyz"))
    figure = f"of 40 reads lost: {lost[1]} with one replica dead, {lost[2]} with both; ready {ready[1:]}"
    return Finding(figure, broken(no_read_lost=sum(lost) == 0, readiness_stays_200=set(ready) == {200}))


async def silent_replica(_dialect: str, _minutes: float) -> Finding:
    """One of two replicas falls silent, then the primary, and nothing says so: a few reads are late, none is lost."""
    async with (
        stage("postgresql") as made,
        made.proxied() as (zero, primary),
        made.proxied() as (one, first),
        made.proxied() as (_, second),
        ServerProcess(primary, replica_urls=f"{first},{second}", **SETTINGS) as server,
    ):
        clients = Clients(server.origin)
        async with clients.open() as http:
            await _read_at_once(clients, http, READS)
            clients.told.clear()
            one.trigger_connectivity_loss()
            await _read_at_once(clients, http, READS)
            late = sum(told.seconds > 1 for told in clients.told)
            zero.trigger_connectivity_loss()
            await _read_at_once(clients, http, READS)
            for proxy in (zero, one):
                proxy.restore_connectivity()
    lost, longest = sum(not told.fine for told in clients.told), max(told.seconds for told in clients.told)
    figure = f"of {len(clients.told)} reads {lost} lost, {late} late, longest {longest:.1f} s; {dict(clients.codes())}"
    few = late <= READERS
    return Finding(figure, broken(no_read_lost=not lost, few_are_late=few, begun_again_soon=longest <= SOON_S))


async def _read_at_once(clients: Clients, http: httpx.AsyncClient, reads: int) -> None:
    """Read so often by a few readers, of one statement and of several in turn."""

    async def read() -> None:
        for number in range(reads // READERS):
            await clients.ask(http, FEED if number % 2 else ONE_ROW)

    await asyncio.gather(*(read() for _ in range(READERS)))
