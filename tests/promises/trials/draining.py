"""SIGTERM while requests are in flight (promise 13)."""

import asyncio
import signal
import time

from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.stage import FEED, LOST, TAGS, Clients, stage, status_of

IN_FLIGHT = 4
GRACE_S = 10
HELD_S = 2
ORPHANS_S = 6


async def drain(_dialect: str, _minutes: float) -> Finding:
    """With one process and with two workers: what is in flight ends with 200, the exit status is 0."""
    figures, bars = list[str](), dict[str, bool]()
    async with stage("postgresql") as made:
        for workers in (1, 2):
            async with ServerProcess(made.url, "--workers", str(workers)) as server:
                await asyncio.sleep(1)  # the second worker may still be starting
                clients, others, until = Clients(server.origin), Clients(server.origin), asyncio.Event()
                async with clients.open() as http, others.open() as more, asyncio.TaskGroup() as group:
                    async with made.locked("tags"):
                        asked = [asyncio.create_task(clients.ask(http, TAGS)) for _ in range(IN_FLIGHT)]
                        group.create_task(others.ask_on(more, FEED, until, 0.01))
                        await asyncio.sleep(1)
                        server.tell(signal.SIGTERM)
                        await asyncio.sleep(HELD_S)
                        until.set()
                        open_ = await status_of(server.origin, "/healthz", 2)
                    await asyncio.gather(*asked)
                    status, took = await server.ended(GRACE_S + 5)
                fine = sum(told.fine for told in clients.told)
                figures.append(f"{workers}: {fine} of {IN_FLIGHT} answered, exit {status} after {HELD_S + took:.1f} s")
                bars |= {
                    f"{workers}_in_flight_end_with_200": fine == IN_FLIGHT,
                    f"{workers}_exit_0": status == 0,
                    f"{workers}_newcomers_are_refused_or_served": open_ in (0, 200),
                    f"{workers}_none_hangs": all(told.seconds < 5 for told in others.told),
                    f"{workers}_no_wrong_answer": all(
                        told.fine or told.status == 503 or any(LOST in code for code in told.codes)
                        for told in others.told
                    ),
                }
    return Finding("; ".join(figures), broken(**bars))


async def orphans(_dialect: str, _minutes: float) -> Finding:
    """The parent of two workers is killed: they end, too."""
    async with stage("sqlite", scale=1) as made, ServerProcess(made.url, "--workers", "2") as server:
        await asyncio.sleep(2)
        before = len(server.family())
        server.tell(signal.SIGKILL)
        started = time.monotonic()
        while server.family() and time.monotonic() - started < ORPHANS_S:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.1)
        left, took = len(server.family()), time.monotonic() - started
    return Finding(f"of {before} processes, {left} left after {took:.1f} s", broken(no_orphans=not left))
