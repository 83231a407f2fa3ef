"""A whole run: every server started, every operation measured, the tables printed, the numbers stored."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from bench import bars, cold, interpreter, linear, plot, report, results
from bench.cold import Cold
from bench.cores import Cores
from bench.database import server_version
from bench.installing import PLACE, Unavailable, node_version
from bench.linear import Linear
from bench.load import generator
from bench.measuring import FULL, QUICK, Start, begin, measure
from bench.operations import FEED, OPERATIONS, Operation
from bench.processes import Running, running
from bench.results import Process, Run
from bench.servers import FRAISEQL, LEVELS, LIMIT, ON_NODE, SERVERS, TRELLIS, versions
from db.settings import HOUSE

PLOT = HOUSE / "docs" / "images" / "bench.svg"
COLD_ROUNDS, COLD_ROUNDS_WHEN_QUICK = 15, 5
LEFT_OUT_WHEN_QUICK = frozenset({LEVELS, FRAISEQL, "strawberry-sqlalchemy-mapper"})


class Asked(NamedTuple):
    """What the command line says."""

    quick: bool
    only: frozenset[str] | None
    servers: frozenset[str] | None

    @property
    def whole(self) -> bool:
        """Whether the numbers may stand in the repository."""
        return not self.quick and self.only is None and self.servers is None

    def operations(self) -> list[Operation]:
        """In the order of the table."""
        return [operation for name, operation in OPERATIONS.items() if self.only is None or name in self.only]

    def names_of_servers(self) -> list[str]:
        """In the order of the table."""
        if self.servers is not None:
            return [name for name in SERVERS if name in self.servers]
        return [name for name in SERVERS if not (self.quick and name in LEFT_OUT_WHEN_QUICK)]


def compare(asked: Asked, url: str, cores: Cores, console: Console) -> Run:
    """Measure and report."""
    if not generator():
        console.print("wrk is not installed (apt-get install wrk); our own client makes the load.")
    with ExitStack() as stack, console.status("") as status:
        servers, unavailable = _start(asked, url, cores, stack, status.update)
        starts = {running.server.name: begin(running) for running in servers}
        run = _measure(asked, url, servers, unavailable, status.update)
        # Before the curves: feeds of 10,000 rows, which not all are asked for, leave a larger heap.
        run = run._replace(processes=_processes(servers, starts), linear=_linear(asked, servers, status.update))
        run = run._replace(cold=_cold(asked, url, servers, status.update))
    console.print(report.operations_table(run))
    if any(running.server.name == TRELLIS for running in servers):
        console.print(report.bars_table(run))
    console.print(report.processes_table(run))
    if run.linear is not None:
        console.print(report.linear_table(run.linear))
    if run.cold is not None:
        console.print(report.cold_table(run.cold))
    for remark in report.remarks(run):
        console.print(remark, style="dim", markup=False)
    _store(asked, run, console)
    return run


def _start(
    asked: Asked, url: str, cores: Cores, stack: ExitStack, tell: Callable[[str], None]
) -> tuple[list[Running], dict[str, str]]:
    """Every server that can be had, and why the others cannot."""
    servers: list[Running] = []
    unavailable: dict[str, str] = {}
    for name in asked.names_of_servers():
        tell(f"starting {SERVERS[name].title}; the first time, it is installed")
        try:
            servers.append(stack.enter_context(running(SERVERS[name], url, cores.server)))
        except Unavailable as reason:
            unavailable[name] = str(reason)
    return servers, unavailable


def _measure(
    asked: Asked, url: str, servers: Sequence[Running], unavailable: dict[str, str], tell: Callable[[str], None]
) -> Run:
    load_average = os.getloadavg()[0]
    plan = QUICK if asked.quick else FULL
    measured = {operation.name: measure(operation, servers, plan, tell) for operation in asked.operations()}
    found = versions() | {"postgresql": asyncio.run(server_version(url))}
    if peer := next((running.server.name for running in servers if running.server.name in ON_NODE), None):
        found["node"] = node_version(peer)
    words = str(interpreter.chosen())
    return Run(plan, measured, None, unavailable, found, round(load_average, 2), interpreter=words)


def _processes(servers: Sequence[Running], starts: Mapping[str, Start]) -> dict[str, Process]:
    return {running.server.name: Process(starts[running.server.name], _memory_mib(running)) for running in servers}


def _memory_mib(running: Running) -> float | None:
    try:
        return running.memory_mib()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _linear(asked: Asked, servers: Sequence[Running], tell: Callable[[str], None]) -> Linear | None:
    """Only as part of a run over feed."""
    if asked.only is not None and FEED not in asked.only:
        return None
    pair = [running for running in servers if running.server.name in (TRELLIS, LIMIT)]
    trellis = next((running for running in pair if running.server.name == TRELLIS), None)
    return linear.measure(pair, trellis, linear.QUICK if asked.quick else linear.FULL, tell)


def _cold(asked: Asked, url: str, servers: Sequence[Running], tell: Callable[[str], None]) -> Cold | None:
    """Only as part of a run over feed, and last."""
    if asked.only is not None and FEED not in asked.only:
        return None
    return cold.measure(servers, url, COLD_ROUNDS_WHEN_QUICK if asked.quick else COLD_ROUNDS, tell)


def _store(asked: Asked, run: Run, console: Console) -> None:
    file = results.FILE if asked.whole else PLACE / "results.json"
    picture = PLOT if asked.whole else PLACE / "bench.svg"
    results.write(results.as_json(run) | {"bars": [verdict.as_json() for verdict in bars.verdicts(run)]}, file)
    plot.write(run, picture)
    console.print(f"Stored in {_short(file)}, drawn in {_short(picture)}.")


def _short(file: Path) -> str:
    return str(file.relative_to(HOUSE))
