"""A quarter of an hour of mixed load: memory stays flat, and so does the time that answers take (promise 15)."""

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

from bench.svg import Drawing
from tests.attacks import shapes
from tests.promises.process import ServerProcess
from tests.promises.trials.finding import Finding, broken, percentile
from tests.promises.trials.stage import FEED, ONE_ROW, Clients, admin_headers, stage

CREATE_TAG = """mutation ($i: CreateTagInput!) {
  createTag(input: $i) { tag { id } errors { ... on UserError { code } } }
}"""
CLIENTS = 4
PAUSE_S = 0.05
SAMPLE_S = 5
WARM_UP = 0.4
"""Of the whole time: until then caches fill."""
MOST_MIB_A_MINUTE = 1
FOLDER = Path(__file__).parents[3] / "var" / "promises"

Sample = tuple[float, float]
"""Minutes since the start, and a figure."""


async def soak(dialect: str, minutes: float) -> Finding:
    """Everything that clients send, and much that they should not, for so many minutes."""
    async with stage(dialect, posts=2_000) as made, ServerProcess(made.url) as server:
        clients, until = Clients(server.origin, await admin_headers(made.settings)), asyncio.Event()
        memory, latency = list[Sample](), list[Sample]()
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(_go_on(clients, random.Random(number), until))
            started, seen = time.monotonic(), 0
            while (passed := time.monotonic() - started) < minutes * 60:
                await asyncio.sleep(SAMPLE_S)
                fresh, seen = clients.told[seen:], len(clients.told)
                memory.append((passed / 60, server.memory_mib()))
                latency.append((passed / 60, percentile([one.seconds * 1000 for one in fresh], 0.99)))
            until.set()
    told, growth = clients.told, slope([point for point in memory if point[0] >= minutes * WARM_UP])
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"soak-{dialect}.svg").write_text(drawn(dialect, memory, latency), encoding="utf-8")
    faults = [one for one in told if one.status >= 500 or one.status == 0 or "INTERNAL_SERVER_ERROR" in one.codes]
    figure = (
        f"{len(told)} requests, {memory[0][1]:.0f} to {memory[-1][1]:.0f} MiB, then {growth:+.2f} MiB a minute,"
        f" p99 {percentile([one.seconds for one in told], 0.99) * 1000:.0f} ms; {len(faults)} faults"
    )
    return Finding(figure, broken(below_1_MiB_a_minute=growth < MOST_MIB_A_MINUTE, no_fault=not faults))


async def _go_on(clients: Clients, dice: random.Random, until: asyncio.Event) -> None:
    async with clients.open() as http:
        while not until.is_set():
            document, variables = asked(dice)
            await clients.ask(http, document, **variables)
            clients.told[-1] = clients.told[-1]._replace(
                body=None, headers={}
            )  # memory of ours is not what is measured
            await asyncio.sleep(PAUSE_S)


def asked(dice: random.Random) -> tuple[str, dict[str, object]]:
    """What one client sends next: what was asked before, what was not, changes, and mistakes."""
    word = shapes.word(dice, 6)
    choices: list[tuple[str, dict[str, object]]] = [
        (FEED, {}),
        (ONE_ROW, {}),
        (f'{{ search(text: "{dice.choice(shapes.COMMON)} {word}") {{ totalCount nodes {{ title }} }} }}', {}),
        (f"{{ {word}: tags(first: {dice.randint(1, 50)}) {{ nodes {{ name }} }} }}", {}),
        ("query ($w: PostFilter) { posts(where: $w, first: 5) { nodes { id } } }", {"w": _filter(dice, word)}),
        ("{ ordersAggregate { count sum { total: totalPrice } } }", {}),
        (f"{{ {word} }}", {}),
        (f"{{ {word}: posts(first: 100000) {{ nodes {{ id }} }} }}", {}),
        (CREATE_TAG, {"i": {"name": word, "slug": word}}),
    ]
    return dice.choice(choices)


def _filter(dice: random.Random, word: str) -> dict[str, object]:
    """One of a few hundred forms."""
    columns = dice.sample(["title", "slug", "summary", "content"], 3)
    comparisons = dice.choices(["contains", "startsWith", "endsWith", "eq", "ne"], k=3)
    return {dice.choice(["and", "or"]): [{name: {how: word}} for name, how in zip(columns, comparisons, strict=True)]}


def slope(points: Sequence[Sample]) -> float:
    """How much a figure grows in a minute, by least squares."""
    if len(points) < 2:
        return 0.0
    middle, mean = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread: float = sum((minute - middle) ** 2 for minute, _ in points)
    rise: float = sum((minute - middle) * (value - mean) for minute, value in points)
    return rise / spread


def drawn(dialect: str, memory: Sequence[Sample], latency: Sequence[Sample]) -> str:
    """Memory above, latency below, over the same minutes."""
    drawing = Drawing(640, f"Memory and latency over a soak on {dialect}")
    for number, (title, points) in enumerate((("Memory, MiB", memory), ("p99 of five seconds, ms", latency))):
        top, most = 20 + number * 180, max((value for _, value in points), default=1) or 1
        end = max((minute for minute, _ in points), default=1) or 1
        drawing.text(0, top, f"{title}: at most {most:.0f}", "title")
        drawing.line((0, top + 150), (640, top + 150), "grid")
        drawing.text(640, top + 165, f"{end:.1f} min", "tick", "end")
        drawing.curve([(640 * minute / end, top + 150 - 130 * value / most) for minute, value in points], "ours")
    return drawing.document(370)
