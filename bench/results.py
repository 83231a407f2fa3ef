"""What a run found, in numbers and as `results.json`.

Samples enter, figures and a plain dict leave. A quick or partial run is kept below `var/bench/`, so that the numbers
in the repository always come from a whole one.
"""

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from bench.cold import Cold
from bench.linear import Linear
from bench.load import CONNECTIONS, Sample, generator
from bench.measuring import Measured, Plan, Start
from bench.servers import TRELLIS

FILE = Path(__file__).parent / "results.json"


class Figures(NamedTuple):
    """The samples of one server and one operation, summed up: medians, and the highest peak of memory."""

    rps: float
    rps_min: float
    rps_max: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    memory_mib: float
    postgresql_ms: float | None
    """Processor time of PostgreSQL's back ends; None where they are elsewhere."""

    @property
    def both_ms(self) -> float | None:
        """Processor time of the server and of PostgreSQL together."""
        return None if self.postgresql_ms is None else self.cpu_ms + self.postgresql_ms


class Process(NamedTuple):
    """One server as a process, before and after everything that was measured."""

    start: Start
    memory_mib: float | None
    """What it held at the end; None for one that had stopped."""


class Run(NamedTuple):
    """A whole run."""

    plan: Plan
    measured: Mapping[str, Measured]
    """By the names of operations."""
    linear: Linear | None
    unavailable: Mapping[str, str]
    """Servers that could not be had, and why."""
    versions: Mapping[str, str]
    load_average: float
    """Of the machine when the run began."""
    processes: Mapping[str, Process] = MappingProxyType({})
    """By the names of servers."""
    cold: Cold | None = None
    interpreter: str = ""
    """Of every Python server: which it is, and how it was built."""


def figures(samples: Sequence[Sample]) -> Figures:
    """Medians, the range of the rates, and the most memory that was held."""
    rates = [sample.rps for sample in samples]
    medians = {
        name: statistics.median(getattr(sample, name) for sample in samples)
        for name in ("rps", "p50_ms", "p99_ms", "cpu_ms")
    }
    behind = [sample.postgresql_ms for sample in samples if sample.postgresql_ms is not None]
    return Figures(
        **medians,
        rps_min=min(rates),
        rps_max=max(rates),
        memory_mib=max(sample.memory_mib for sample in samples),
        postgresql_ms=statistics.median(behind) if behind else None,
    )


def summed(run: Run) -> dict[str, dict[str, Figures]]:
    """The figures of every operation and server."""
    return {
        operation: {name: figures(samples) for name, samples in measured.samples.items()}
        for operation, measured in run.measured.items()
    }


def peaks_mib(run: Run) -> dict[str, float]:
    """The most memory that each server held in the whole run."""
    peaks: dict[str, float] = {}
    for measured in run.measured.values():
        for name, samples in measured.samples.items():
            peaks[name] = max(peaks.get(name, 0.0), figures(samples).memory_mib)
    return peaks


def ratios(by_server: Mapping[str, Figures]) -> dict[str, float]:
    """Requests per second of Trellis over those of each other server."""
    if TRELLIS not in by_server:
        return {}
    ours = by_server[TRELLIS].rps
    return {name: ours / found.rps for name, found in by_server.items() if name != TRELLIS}


def as_json(run: Run) -> dict[str, Any]:
    """What a run found, as it is stored."""
    found = summed(run)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine() | {"load_average": run.load_average},
        "versions": dict(run.versions),
        "interpreter": run.interpreter,
        "plan": run.plan._asdict() | {"connections": CONNECTIONS, "load": "wrk" if generator() else "bench.client"},
        "operations": {
            operation: {name: _told(found) for name, found in by_server.items()}
            for operation, by_server in found.items()
        },
        "trellis_is_times_as_fast_as": {
            operation: _rounded(ratios(by_server)) for operation, by_server in found.items()
        },
        "processes": {name: _of_process(process) for name, process in run.processes.items()},
        "peak_memory_mib": _rounded(peaks_mib(run)),
        "unanswered": {operation: dict(measured.unanswered) for operation, measured in run.measured.items()},
        "unavailable": dict(run.unavailable),
        "linear": None if run.linear is None else run.linear.as_json(),
        "cold": None if run.cold is None else run.cold.as_json(),
    }


def write(stored: Mapping[str, Any], file: Path) -> None:
    """Store what a run found."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(stored, indent=2, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    """Where the run took place."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _told(found: Figures) -> dict[str, float]:
    return _rounded(found._asdict() | {"both_ms": found.both_ms})


def _of_process(process: Process) -> dict[str, float]:
    start = process.start
    return _rounded({"start_cpu_s": start.cpu_s, "first_request_ms": start.first_ms, "memory_mib": process.memory_mib})


def _rounded(numbers: Mapping[str, float | None]) -> dict[str, float]:
    """What is known, in four digits."""
    return {name: float(f"{number:.4g}") for name, number in numbers.items() if number is not None}
