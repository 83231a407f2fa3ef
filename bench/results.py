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
from typing import Any, NamedTuple

from bench.linear import Linear
from bench.load import CONNECTIONS, Sample, generator
from bench.measuring import Measured, Plan
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


def figures(samples: Sequence[Sample]) -> Figures:
    """Medians, the range of the rates, and the most memory that was held."""
    rates = [sample.rps for sample in samples]
    _, rps, p50_ms, p99_ms, cpu_ms, _ = (statistics.median(values) for values in zip(*samples, strict=True))
    return Figures(rps, min(rates), max(rates), p50_ms, p99_ms, cpu_ms, max(sample.memory_mib for sample in samples))


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
    """The run as it is stored."""
    summed = {
        operation: {name: figures(samples) for name, samples in measured.samples.items()}
        for operation, measured in run.measured.items()
    }
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine() | {"load_average": run.load_average},
        "versions": dict(run.versions),
        "plan": run.plan._asdict() | {"connections": CONNECTIONS, "load": "wrk" if generator() else "bench.client"},
        "operations": {
            operation: {name: _rounded(found._asdict()) for name, found in by_server.items()}
            for operation, by_server in summed.items()
        },
        "trellis_is_times_as_fast_as": {
            operation: _rounded(ratios(by_server)) for operation, by_server in summed.items()
        },
        "peak_memory_mib": _rounded(peaks_mib(run)),
        "unanswered": {operation: dict(measured.unanswered) for operation, measured in run.measured.items()},
        "unavailable": dict(run.unavailable),
        "linear": None if run.linear is None else run.linear.as_json(),
    }


def write(run: Run, file: Path) -> None:
    """Store the run."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(as_json(run), indent=2, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    """Where the run took place."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
    }


def _rounded(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: float(f"{number:.4g}") for name, number in numbers.items()}
