"""A request over its limit is answered in time, whatever it waits for (promise 10)."""

import asyncio
from collections.abc import Sequence

from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken
from tests.promises.trials.stage import TAGS, Clients, Told, stage

LIMIT_S = 2.0
LATE_S = 0.2
TRIES = 3
SEVERAL = (
    "{"
    + " ".join(f'a{n}: tags(first: {n}, where: {{name: {{ne: "{n}"}}}}) {{ totalCount }}' for n in range(1, 6))
    + "}"
)


async def deadlines(_dialect: str, _minutes: float) -> Finding:
    """A lock that is not given, a pool that is taken, and a network that has fallen silent."""
    late: dict[str, float] = {}
    codes: set[str] = set()
    settings = {"operation_timeout_s": str(LIMIT_S), "statement_timeout_s": str(LIMIT_S)}
    async with stage("postgresql") as made, made.proxied() as (proxy, url):
        async with ServerProcess(made.url, pool_size="2", **settings) as server, made.locked("tags"):
            late["a lock"] = _late(told := await _asked(server, TAGS, 1))
            codes |= _codes(told)
            late["a full pool"] = _late(told := await _asked(server, TAGS, 6))
            codes |= _codes(told) - {"OVERLOADED"}  # who waits for a place may be sent away sooner
        async with ServerProcess(url, **settings) as server:
            assert (await _asked(server, SEVERAL, 1))[0].fine
            proxy.trigger_connectivity_loss()
            late["silence"] = _late(told := await _asked(server, SEVERAL, 1))
            codes |= _codes(told) - {"UNAVAILABLE"}  # the second try finds nobody to connect to
            proxy.restore_connectivity()
    figure = ", ".join(f"{what} {seconds * 1000:+.0f} ms" for what, seconds in late.items())
    return Finding(
        f"beyond {LIMIT_S:.0f} s: {figure}; {', '.join(sorted(codes))}",
        broken(within_200_ms=max(late.values()) <= LATE_S, code_DEADLINE_EXCEEDED=codes <= {"DEADLINE_EXCEEDED"}),
    )


async def _asked(server: ServerProcess, document: str, at_once: int) -> Sequence[Told]:
    clients = Clients(server.origin, patience_s=5 * LIMIT_S)
    async with clients.open() as http:
        for _ in range(TRIES if at_once == 1 else 1):
            await asyncio.gather(*(clients.ask(http, document) for _ in range(at_once)))
            if clients.told[-1].fine:
                break
    return clients.told


def _late(told: Sequence[Told]) -> float:
    """How late the latest was; of tries one after the other, the least, for the machine may be busy."""
    return (
        min(one.seconds for one in told) - LIMIT_S if len(told) == TRIES else max(it.seconds for it in told) - LIMIT_S
    )


def _codes(told: Sequence[Told]) -> frozenset[str]:
    return frozenset(code for one in told for code in one.codes)
