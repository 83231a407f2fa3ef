"""The worst that we know, at once, beside somebody who wants one row (promise 29)."""

import asyncio
import json
import random
import sys
import time

import httpx

from tests.attacks import catalogue
from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken, percentile
from tests.promises.trials.stage import ONE_ROW, PATIENCE_S, Clients, stage

AT_ONCE = 15
LONGEST_S = 1
TRY_S = 12


async def worst(dialect: str, _minutes: float) -> Finding:
    """Fifteen of them, each again as soon as it is answered, and one row every tenth of a second.

    Who attacks is another process: what it takes to read 15 MB is no time of the server's.
    """
    async with stage(dialect, posts=20_000) as made, ServerProcess(made.url) as server:
        clients = Clients(server.origin)
        async with clients.open() as http:
            await clients.ask(http, ONE_ROW)
            clients.told.clear()
            command = ("-m", "tests.promises.trials.worst", server.origin, dialect)
            attackers = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
            answers = asyncio.create_task(attackers.communicate())
            while not answers.done():
                await asyncio.sleep(0.1)
                await clients.ask(http, ONE_ROW)
        statuses = json.loads((await answers)[0])
    seconds = [one.seconds for one in clients.told]
    middle, longest = percentile(seconds, 0.5), max(seconds)
    figure = f"one row: p50 {middle * 1000:.0f} ms, longest {longest:.2f} s beside {len(statuses)} attacks"
    return Finding(
        figure,
        broken(
            one_row_within_1_s=longest <= LONGEST_S,
            one_row_is_answered=all(one.fine for one in clients.told),
            no_500=500 not in statuses,
        ),
    )


async def attack_all(origin: str, seed: str) -> list[int]:
    """Attack for some seconds; the statuses of the answers."""
    attacks, dice = [*catalogue.WORK.values(), *catalogue.ANSWERS.values()], random.Random(seed)
    until, statuses = time.monotonic() + TRY_S, list[int]()

    async def attack(http: httpx.AsyncClient, number: int) -> None:
        while time.monotonic() < until:
            (request,) = attacks[number % len(attacks)].requests(dice)
            statuses.append(await _status(http, request.body))

    async with Clients(origin).open() as http:
        await asyncio.gather(*(attack(http, number) for number in range(AT_ONCE)))
    return statuses


async def _status(http: httpx.AsyncClient, body: bytes) -> int:
    """Ask, and read the answer without keeping it."""
    headers = {"Content-Type": "application/json"}
    try:
        async with http.stream("POST", "/graphql", content=body, headers=headers, timeout=PATIENCE_S) as answer:
            async for _ in answer.aiter_raw():
                pass
            return answer.status_code
    except httpx.TransportError:
        return 0


if __name__ == "__main__":
    print(json.dumps(asyncio.run(attack_all(*sys.argv[1:]))))  # noqa: T201 - what the trial reads
