"""Clients that leave: nothing stays behind, and what nobody waits for stops (promises 8 and 9)."""

import asyncio
import random
import re
import time

import httpx

from tests.attacks import shapes
from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.stage import FEED, ONE_ROW, TAGS, Clients, Stage, begun, stage

LEAVERS = 500
AT_ONCE = 25
SETTLED_S = 5
WAITING = 10
POOL = 4

LEFT_OPEN = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
        AND backend_type = 'client backend'
"""
"""Back ends that work, or are idle in a transaction."""


async def leavers(dialect: str, _minutes: float) -> Finding:
    """500 requests, whose clients leave at random within 50 ms; five seconds later nothing is held for them."""
    dice = random.Random(dialect)
    async with stage(dialect, posts=3_000) as made, ServerProcess(made.url) as server:
        for _ in range(LEAVERS // AT_ONCE):
            await asyncio.gather(
                *(_leave(server.origin, _document(dice), dice.uniform(0, 0.05)) for _ in range(AT_ONCE))
            )
        await asyncio.sleep(SETTLED_S)
        checked_out, open_ = await _checked_out(server.origin), await _left_open(made)
        clients = Clients(server.origin)
        async with clients.open() as http:
            told = await clients.ask(http, FEED)
    figure = f"{LEAVERS} left: {checked_out} connections checked out, {open_} open on PostgreSQL"
    return Finding(
        figure, broken(none_checked_out=not checked_out, no_transaction_open=not open_, others_are_served=told.fine)
    )


async def _leave(origin: str, document: str, after_s: float) -> None:
    writer = await begun(origin, document)
    await asyncio.sleep(after_s)
    writer.close()


def _document(dice: random.Random) -> str:
    word = shapes.word(dice, 4)
    return dice.choice(
        [
            FEED,
            ONE_ROW,
            f'{{ search(text: "{dice.choice(shapes.COMMON)} or {word}") {{ totalCount nodes {{ title }} }} }}',
            f'{{ posts(where: {{content: {{containsIgnoreCase: "{word}"}}}}) {{ totalCount nodes {{ title }} }} }}',
        ]
    )


async def _checked_out(origin: str) -> int | str:
    """By what `/metrics` says; "unknown" where it is not for everybody."""
    async with httpx.AsyncClient(verify=False) as http:
        metrics = (await http.get(f"{origin}/metrics")).text
    found = re.search(r'trellis_pool_connections\{pool="primary",state="checked_out"\} ([\d.]+)', metrics)
    return int(float(found[1])) if found else "unknown"


async def _left_open(made: Stage) -> int:
    if made.server is None:
        return 0
    async with made.connection() as connection:
        return int(await connection.fetchval(LEFT_OPEN))


async def abandoned(_dialect: str, _minutes: float) -> Finding:
    """Clients leave queries that wait for a lock, and others that wait for a connection: all stop within a second."""
    async with (
        stage("postgresql") as made,
        ServerProcess(made.url, pool_size=str(POOL)) as server,
        made.locked("tags"),
    ):
        writers = [await begun(server.origin, TAGS) for _ in range(WAITING)]
        async with asyncio.timeout(20):
            while await _left_open(made) < POOL + 1:  # noqa: ASYNC110 - nothing tells; one holds the lock
                await asyncio.sleep(0.05)
        started = time.monotonic()
        for writer in writers:
            writer.close()
        while await _left_open(made) > 1 and time.monotonic() - started < 20:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        took = time.monotonic() - started
    return Finding(f"{WAITING} waiting queries left: stopped after {took:.2f} s", broken(within_1_s=took <= 1))
