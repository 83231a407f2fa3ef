"""What logs and metrics cost: processor time of a request without and with them, in one server, taking turns.

`python -m bench.telemetry 400` prints a line for each operation. Requests come as ASGI, without a network: over HTTP,
where a request takes more, shares are smaller. Turns are some requests in a row, for lines and sums are made for some
at once; what the thread takes that writes the lines is measured at the rate of one request after the other, for it
wakes by the clock. Lines go to a pipe that is read, as where a log is collected.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO, cast

import uvloop
from pydantic import SecretStr
from starlette.applications import Starlette

from bench.database import database
from bench.trellis_app import identify
from bench.usage import FEED, SIZE, SLUG, Asks, asking
from graph.app import create_app
from graph.settings import LogFormat, LoggedOperations, Settings
from graph.telemetry.lines import OperationLines
from graph.telemetry.record import Listener, Listeners
from graph.telemetry.writing import line_writer

TURN = 32
"""Requests in a row."""
WARM = 10
STRETCH = 2_000
"""Requests in a row, for what threads take."""


class LinesLost(Exception):
    """Not every operation has a line."""


class Costs(NamedTuple):
    """What one operation takes, in microseconds of processor time."""

    without: float
    """With neither logs nor metrics: the median of the turns."""
    more: float
    """What they add to the event loop: the median of the differences of two turns that follow each other."""
    thread: float
    """What the thread takes that writes the lines."""

    @property
    def share(self) -> float:
        """What they add, as a share of a request without them."""
        return (self.more + self.thread) / self.without


class Heard(NamedTuple):
    """Who hears of requests, at once and later."""

    listening: Sequence[Listener]
    gathering: Sequence[Listener]

    def hear(self, listeners: Listeners) -> None:
        """Nobody else does from now on."""
        listeners.listening[:] = self.listening
        listeners.gathering[:] = self.gathering


NOBODY = Heard((), ())


async def costs(app: Starlette, ask: Asks, both: Heard, rounds: int) -> Costs:
    """What one operation takes where nobody hears of it, and with logs and metrics."""
    listeners: Listeners = app.state.listeners
    NOBODY.hear(listeners)
    answer = await ask(app)
    assert b'"errors"' not in answer, answer
    ways = NOBODY, both
    took: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    gc.disable()
    for number in range(rounds + WARM):
        for which in (0, 1) if number % 2 else (1, 0):
            ways[which].hear(listeners)
            turn_us = await _turn_us(app, ask, listeners)
            if number >= WARM:
                took[which].append(turn_us)
        if number % 50 == 0:
            gc.collect()
    gc.enable()
    beside = []
    for way in ways:
        way.hear(listeners)
        beside.append(await _others_us(app, ask))
        listeners.flush()
    without, together = took
    more = statistics.median(after - before for before, after in zip(without, together, strict=True))
    return Costs(statistics.median(without), more, beside[1] - beside[0])


async def _turn_us(app: Starlette, ask: Asks, listeners: Listeners) -> float:
    """What a request takes of this thread."""
    began = time.thread_time_ns()
    for _ in range(TURN):
        await ask(app)
    listeners.flush()
    return (time.thread_time_ns() - began) / 1_000 / TURN


async def _others_us(app: Starlette, ask: Asks) -> float:
    """What all other threads take meanwhile, for each request."""
    began = time.process_time_ns() - time.thread_time_ns()
    for _ in range(STRETCH):
        await ask(app)
    return (time.process_time_ns() - time.thread_time_ns() - began) / 1_000 / STRETCH


async def measure(url: str, rounds: int, log: TextIO) -> Mapping[str, Costs]:
    """Serve the database, and compare."""
    settings = Settings(database_url=SecretStr(url), usage_interval_s=3_600, log_format=LogFormat.JSON)
    app = create_app(settings, identify=identify)
    write = line_writer(settings, log)
    lines = OperationLines(write, LoggedOperations.ALL, settings.slow_operation_s)
    listeners: Listeners = app.state.listeners
    async with app.router.lifespan_context(app):
        posts = json.loads(await asking("{ posts(first: 1) { nodes { slug } } }", {})(app))
        slug = json.dumps(posts["data"]["posts"]["nodes"][0]["slug"])
        listeners.flush()
        both = Heard([*listeners.listening], [lines])
        asked = {"look-up": asking(SLUG % slug, {}), "feed": asking(FEED, {"first": 50})}
        found = {name: await costs(app, ask, both, rounds) for name, ask in asked.items()}
    write.close()
    return found


def measured(url: str, rounds: int) -> Mapping[str, Costs]:
    """What is measured while another process reads the log. Raises `LinesLost` where operations have no line."""
    with subprocess.Popen(["wc", "-l"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        found = uvloop.run(measure(url, rounds, cast(TextIO, reader.stdin)))
        written, _ = reader.communicate()
    expected = len(found) * ((rounds + WARM) * TURN + STRETCH)
    if int(written) != expected:
        raise LinesLost(f"{expected} operations have {int(written)} lines")
    return found


def main() -> None:
    """Own a database, and measure on it."""
    parser = argparse.ArgumentParser(prog="python -m bench.telemetry", description="What logs and metrics cost.")
    parser.add_argument("rounds", type=int, nargs="?", default=400)
    rounds = parser.parse_args().rounds
    sys.stdout.write(f"{rounds} rounds, load average {os.getloadavg()[0]:.1f}\n")
    with database(SIZE) as url:
        found = measured(url, rounds)
    for name, cost in found.items():
        sys.stdout.write(
            f"{name}: {cost.without:.0f} µs, logs and metrics {cost.more:+.1f} µs and {cost.thread:.1f} µs of a thread"
            f" ({cost.share:+.2%})\n"
        )


if __name__ == "__main__":
    main()
