"""Where the time of one operation goes: by layer and by function, over real HTTP.

An operation and a database enter, tables on the terminal leave. Trellis runs as always, with a profiler that is
switched on when it is warm: once for a document that it knows, once for documents that it has never seen.
"""

import http.client
import json
import pstats
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from bench.answers import ANSWER_TIMEOUT_S, NoAnswer, ask
from bench.cores import Cores
from bench.installing import PLACE
from bench.layers import Function, Profile, seconds_by_layer
from bench.load import LoadFailed, apply
from bench.operations import Operation
from bench.processes import Running, running
from bench.profiled import FILE, START, STOP
from bench.servers import SERVERS, TRELLIS, Launch, Server, settings_of_trellis, uvicorn
from db.settings import HOUSE

SECONDS = 3
FUNCTIONS = 30
WRITE_TIMEOUT_S = 30
COMPILED = "compiled code under the loop: sockets, asyncpg's decoding"


class Profiled(NamedTuple):
    """What the profiler saw of some requests."""

    profile: Profile
    requests: int
    cpu_s: float
    """Of the whole process, the profiler's own part included."""


def profile(operation: Operation, url: str, cores: Cores, console: Console) -> None:
    """Run the operation again and again, and print what takes how long."""
    with running(_server(), url, cores.server) as trellis:
        try:
            ask(trellis, operation)
            apply(trellis, operation, SECONDS)
            plain_ms = apply(trellis, operation, SECONDS).cpu_ms
            new = _watch(trellis, lambda: _ask_anew(trellis, operation, SECONDS))
            known = _watch(trellis, lambda: apply(trellis, operation, SECONDS).requests)
        except (NoAnswer, LoadFailed) as failure:
            console.print(f"Trellis cannot answer {operation.name}: {failure}", markup=False)
            return
    console.print(_layers(operation, known, new))
    console.print(
        f"Processor time for a request whose document is known: {plain_ms:.2f} ms without the profiler,"
        f" {1000 * known.cpu_s / known.requests:.2f} ms with it. The profiler makes small functions look dearer.\n",
        highlight=False,
    )
    console.print(_functions(known, by_own_time=True))
    console.print(_functions(known, by_own_time=False))
    console.print(f"The whole profile: {_short(str(_file()))}; `python -m pstats` reads it.", highlight=False)


def _server() -> Server:
    def launch(url: str, port: int) -> Launch:
        _file().parent.mkdir(parents=True, exist_ok=True)
        command = uvicorn("bench.profiled:create_app", port, "--factory")
        return Launch(command, HOUSE, settings_of_trellis(url) | {FILE: str(_file())})

    return replace(SERVERS[TRELLIS], launch=launch)


def _file() -> Path:
    return PLACE / "profile.pstats"


def _watch(trellis: Running, load: Callable[[], int]) -> Profiled:
    """Profile while something asks; it tells how many requests it made."""
    with _switched_on(trellis):
        requests = load()
    stats = pstats.Stats(str(_file()))
    found = cast(Profile, vars(stats)["stats"])  # documented by what `print_stats` prints alone
    return Profiled(found, requests, json.loads(_file().with_suffix(".json").read_text())["cpu_s"])


@contextmanager
def _switched_on(trellis: Running) -> Iterator[None]:
    _file().unlink(missing_ok=True)
    trellis.process.send_signal(START)
    try:
        yield
    finally:
        trellis.process.send_signal(STOP)
        deadline = time.monotonic() + WRITE_TIMEOUT_S
        while not _file().exists():
            if time.monotonic() > deadline:
                raise LoadFailed("the profile was not written")
            time.sleep(0.05)


def _ask_anew(trellis: Running, operation: Operation, seconds: float) -> int:
    """Ask the same with documents that no cache holds, one at a time; tell how many."""
    asked = json.loads(trellis.server.body(operation))
    connection = http.client.HTTPConnection("127.0.0.1", trellis.port, timeout=ANSWER_TIMEOUT_S)
    deadline, count = time.monotonic() + seconds, 0
    try:
        while time.monotonic() < deadline:
            body = json.dumps(asked | {"query": f"# {time.monotonic_ns()}\n{asked['query']}"})
            connection.request("POST", "/graphql", body, {"content-type": "application/json"})
            connection.getresponse().read()
            count += 1
    finally:
        connection.close()
    return count


def _layers(operation: Operation, known: Profiled, new: Profiled) -> Table:
    table = Table(box=SIMPLE, title=f"{operation.name}: {operation.asks}", title_justify="left")
    table.add_column("layer, own time")
    for title in ("known document, ms", "share", "new document, ms", "share"):
        table.add_column(title, justify="right")
    columns = [_ms_by_layer(profiled) for profiled in (known, new)]
    for layer in columns[0]:
        cells = [
            cell
            for column in columns
            for cell in (f"{column[layer]:.3f}", f"{column[layer] / sum(column.values()):.0%}")
        ]
        table.add_row(layer, *cells)
    wholes = [cell for column in columns for cell in (f"{sum(column.values()):.3f}", "100%")]
    table.add_row("a request, under the profiler", *wholes, style="bold")
    return table


def _ms_by_layer(profiled: Profiled) -> dict[str, float]:
    seconds = seconds_by_layer(profiled.profile, f"{HOUSE}/")
    seconds[COMPILED] = max(0.0, profiled.cpu_s - sum(seconds.values()))
    return {layer: 1000 * taken / profiled.requests for layer, taken in seconds.items()}


def _functions(profiled: Profiled, *, by_own_time: bool) -> Table:
    """The functions that take most, themselves or with all that they call."""
    title = "Functions by their own time" if by_own_time else "Functions by all that they cause"
    table = Table(box=SIMPLE, title=title, title_justify="left")
    for heading in ("own ms", "cumulative ms", "calls"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("function, for a request", overflow="fold")

    def weight(item: tuple[Function, tuple[int, int, float, float, Any]]) -> float:
        return item[1][2] if by_own_time else item[1][3]

    found = sorted(profiled.profile.items(), key=weight, reverse=True)
    for (file, line, name), (_, calls, own, cumulative, _) in found[:FUNCTIONS]:
        where = name if file == "~" else f"{_short(file)}:{line} {name}"
        times = (f"{1000 * seconds / profiled.requests:.3f}" for seconds in (own, cumulative))
        table.add_row(*times, f"{calls / profiled.requests:.1f}", where)
    return table


def _short(file: str) -> str:
    return file.rpartition("/site-packages/")[2].removeprefix(f"{HOUSE}/")
