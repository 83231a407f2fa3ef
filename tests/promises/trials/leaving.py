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
PATIENCE_S = 45
"""A busy machine takes longer, and then the figure says how long; a leak never ends."""
WAITING = 10
POOL = 4

LEFT_OPEN = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
        AND backend_type = 'client backend'
"""
"""Back ends that work, or are idle in a transaction."""


async def leavers(dialect: str, _minutes: float) -> Finding:
    """500 requests, whose clients leave at random within 50 ms; soon nothing is held for them."""
    dice = random.Random(dialect)
    async with stage(dialect, posts=3_000) as made, ServerProcess(made.url) as server:
        for _ in range(LEAVERS // AT_ONCE):
            await asyncio.gather(
                *(_leave(server.origin, _document(dice), dice.uniform(0, 0.05)) for _ in range(AT_ONCE))
            )
        started = time.monotonic()
        while (held := [await _checked_out(server.origin), await _left_open(made)]) != [0, 0]:
            if time.monotonic() - started > PATIENCE_S:
                break
            await asyncio.sleep(0.2)
        settled = time.monotonic() - started
        clients = Clients(server.origin)
        async with clients.open() as http:
            told = await clients.ask(http, FEED)
    figure = f"{LEAVERS} left: {held[0]} connections checked out, {held[1]} open on PostgreSQL after {settled:.1f} s"
    bars = broken(none_is_left=held == [0, 0], within_5_s=settled <= SETTLED_S, others_are_served=told.fine)
    return Finding(figure, bars)


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


async def _checked_out(origin: str) -> int:
    """By what `/metrics` says; -1 where it says nothing."""
    async with httpx.AsyncClient(verify=False, timeout=PATIENCE_S) as http:
        metrics = (await http.get(f"{origin}/metrics")).text
    found = re.search(r'trellis_pool_connections\{pool="primary",state="checked_out"\} ([\d.]+)', metrics)
    return int(float(found[1])) if found else -1


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
            while await _left_open(made) < 1 + 1:  # noqa: ASYNC110 - nothing tells; one holds the lock
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)  # others wait for the lock, too, and the rest for a connection
        started = time.monotonic()
        for writer in writers:
            writer.close()
        while await _left_open(made) > 1 and time.monotonic() - started < 20:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        took = time.monotonic() - started
    return Finding(f"{WAITING} waiting queries left: stopped after {took:.2f} s", broken(within_1_s=took <= 1))
