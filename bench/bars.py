"""What Trellis is held to: for each bar, what a run found, and whether the bar holds.

Figures and processes enter, verdicts leave. Processor time is compared, for it hardly depends on what else the machine
does. Bars against peers and limits are multiples: what the other takes for a request over what Trellis takes, so that
more is better. Whoever was not measured has no verdict.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from bench.operations import LOOKUP, TRANSFER, WRITE
from bench.results import Figures, Process, Run, summed
from bench.servers import LEVELS, LIMIT, MERCURIUS, ONE_STATEMENT, POSTGRAPHILE, TRELLIS

MOST_MEMORY_MIB = 90
LONGEST_FIRST_ANSWER_MS = 50
LEAST_OF_ONE_STATEMENT = 0.625
"""At most 1.6 times the processor time of the same levels in one statement by hand."""
LEAST_OF_POSTGRESQL = 0.91
"""PostgreSQL takes at most 1.1 times as much as when Trellis reads level by level."""

BY_PEER: Mapping[str, Mapping[str, float]] = {
    POSTGRAPHILE: {
        "feed": 2.5,
        "authors": 2.2,
        "all": 2.2,
        "flat": 2.2,
        "deep": 3.5,
        LOOKUP: 1.2,
        "filtered": 1.2,
    },
    MERCURIUS: {"feed": 0.9, "authors": 0.9, "all": 0.9, "deep": 1.3, "flat": 1.0},
    LIMIT: {LOOKUP: 0.55, WRITE: 0.5, TRANSFER: 0.5},
}
"""The least multiple, by server and operation."""

Whose: TypeAlias = Literal["server", "postgresql", "process"]


class Verdict(NamedTuple):
    """One bar, and what was found."""

    whose: Whose
    """Whose cost: that of a server for a request, that of PostgreSQL, or that of Trellis as a process."""
    what: str
    """An operation, or a measure of the process."""
    beside: str
    """The server that Trellis is compared with; Trellis itself for a measure of the process."""
    bar: float
    found: float

    @property
    def holds(self) -> bool:
        """Multiples have a least value, measures of the process a greatest."""
        return self.found <= self.bar if self.whose == "process" else self.found >= self.bar

    def as_json(self) -> dict[str, Any]:
        """Rounded to four digits."""
        return {**self._asdict(), "found": float(f"{self.found:.4g}"), "holds": self.holds}


def verdicts(run: Run) -> list[Verdict]:
    """Of every bar whose parts were measured, in the order of the table."""
    found = [verdict for operation, by_server in summed(run).items() for verdict in _of_operation(operation, by_server)]
    return [*found, *(_of_process(run.processes[TRELLIS]) if TRELLIS in run.processes else ())]


def least(operation: str, server: str) -> float | None:
    """The bar of an operation beside a server; None where there is none."""
    if server == ONE_STATEMENT:
        return None if operation == LOOKUP else LEAST_OF_ONE_STATEMENT
    return BY_PEER.get(server, {}).get(operation)


def multiple(other: Figures, ours: Figures) -> float:
    """The processor time of another server for a request, as a multiple of ours."""
    return other.cpu_ms / ours.cpu_ms if ours.cpu_ms else float("inf")


def _of_operation(operation: str, by_server: Mapping[str, Figures]) -> Iterator[Verdict]:
    ours = by_server.get(TRELLIS)
    if ours is None:
        return
    for server, other in by_server.items():
        bar = least(operation, server)
        if bar is not None:
            yield Verdict("server", operation, server, bar, multiple(other, ours))
    levels = by_server.get(LEVELS)
    if levels is not None and levels.postgresql_ms is not None and ours.postgresql_ms:
        found = levels.postgresql_ms / ours.postgresql_ms
        yield Verdict("postgresql", operation, LEVELS, LEAST_OF_POSTGRESQL, found)


def _of_process(process: Process) -> Iterator[Verdict]:
    measured = (
        ("memory, MiB at the end", MOST_MEMORY_MIB, process.memory_mib),
        ("first answer, ms", LONGEST_FIRST_ANSWER_MS, process.start.first_ms),
    )
    for what, bar, found in measured:
        if found is not None:
            yield Verdict("process", what, TRELLIS, bar, found)
