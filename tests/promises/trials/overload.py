"""More clients than there are connections: some are sent away, in words that they understand (promises 11 and 27)."""

import asyncio
import time

from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken, percentile
from tests.promises.trials.stage import FEED, TAGS, Clients, stage, status_of

POOL = 5
CLIENTS = 200
FLOOD_S = 8
CALM_S = 2
DEAR = '{ posts(where: {content: {containsIgnoreCase: "nothing there"}}) { totalCount nodes { author { name } } } }'


async def flood(dialect: str, _minutes: float) -> Finding:
    """200 clients at once for some seconds, on a pool of five; readiness is asked meanwhile."""
    async with stage(dialect, posts=6_000) as made, ServerProcess(made.url, pool_size=str(POOL)) as server:
        clients, until, ready = Clients(server.origin), asyncio.Event(), list[int]()
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(_go_on(clients, DEAR if number % 2 else FEED, until))
            for _ in range(4):
                await asyncio.sleep(FLOOD_S / 4)
                ready.append(await status_of(server.origin, "/readyz", 30))
            until.set()
        await asyncio.sleep(CALM_S)
        after = Clients(server.origin)
        async with after.open() as http:
            for _ in range(20):
                await after.ask(http, FEED)
    told = clients.told
    away = [one for one in told if one.status == 503]
    calm = percentile([one.seconds for one in after.told], 0.5)
    figure = (
        f"{len(told)} answers, {len(away)} of them 503 (p50 {percentile([one.seconds for one in away], 0.5):.2f} s),"
        f" the last after {max(one.seconds for one in told):.1f} s;"
        f" then {calm * 1000:.0f} ms; {dict(clients.codes()) or 'no code'}"
    )
    return Finding(
        figure,
        broken(
            some_are_sent_away=bool(away),
            with_Retry_After_and_OVERLOADED=all(
                one.codes == {"OVERLOADED"} and "retry-after" in one.headers for one in away
            ),
            no_other_error=all(one.fine for one in told if one.status != 503),
            nobody_waits_for_5_s=max(one.seconds for one in told) < 5,
            readiness_stays_200=set(ready) == {200},
            normal_after_2_s=all(one.fine for one in after.told) and calm < 0.5,
        ),
    )


async def _go_on(clients: Clients, document: str, until: asyncio.Event) -> None:
    """One of the many, with a pool of its own: a pool of 200 connections would itself take most of the time."""
    async with clients.open() as http:
        await clients.ask_on(http, document, until)


async def locked(_dialect: str, _minutes: float) -> Finding:
    """A table that nobody may read: those who can have no connection are told at once, and others are served."""
    async with stage("postgresql") as made, ServerProcess(made.url, pool_size=str(POOL)) as server:
        clients = Clients(server.origin)
        async with clients.open() as http:
            async with made.locked("tags"):
                asked = [asyncio.create_task(clients.ask(http, TAGS)) for _ in range(60)]
                started = time.monotonic()
                while len(clients.told) < 60 - POOL and time.monotonic() - started < 35:  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.05)
                waited = time.monotonic() - started
                ready = await status_of(server.origin, "/readyz", 30)
            await asyncio.gather(*asked)
    figure = f"{60 - POOL} without a connection are told after {waited:.1f} s; {dict(clients.codes())}"
    return Finding(
        figure,
        broken(
            within_3_s=waited <= 3,
            only_OVERLOADED=clients.codes().keys() <= {"OVERLOADED", "DEADLINE_EXCEEDED"},
            readiness_stays_200=ready == 200,
        ),
    )
