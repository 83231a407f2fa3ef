"""The worst that we know, at once, beside somebody who wants one row (promise 29)."""

import asyncio
import random

import httpx

from tests.attacks import catalogue
from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken, percentile
from tests.promises.trials.stage import ONE_ROW, PATIENCE_S, Clients, stage

AT_ONCE = 15
LONGEST_S = 1
TRY_S = 12


async def worst(dialect: str, _minutes: float) -> Finding:
    """Fifteen of them, each again as soon as it is answered, and one row every tenth of a second."""
    attacks = [*catalogue.WORK.values(), *catalogue.ANSWERS.values()]
    dice = random.Random(dialect)
    async with stage(dialect, posts=20_000) as made, ServerProcess(made.url) as server:
        clients, until, statuses = Clients(server.origin), asyncio.Event(), list[int]()
        async with clients.open() as http, asyncio.TaskGroup() as group:
            await clients.ask(http, ONE_ROW)
            clients.told.clear()

            async def attack(number: int) -> None:
                while not until.is_set():
                    (request,) = attacks[number % len(attacks)].requests(dice)
                    statuses.append(await _status(http, request.body))

            for number in range(AT_ONCE):
                group.create_task(attack(number))
            for _ in range(TRY_S * 10):
                await asyncio.sleep(0.1)
                await clients.ask(http, ONE_ROW)
                if clients.told[-1].at - clients.told[0].at > TRY_S:
                    break
            until.set()
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
