"""Runs of the bench that never took place, for what is made of runs: tables, numbers, pictures."""

from collections.abc import Mapping

from bench.linear import FIELDS, ROWS, Linear
from bench.load import Sample
from bench.measuring import QUICK, Measured, Start
from bench.operations import OPERATIONS
from bench.results import Process, Run
from bench.servers import SERVERS

RATES = {
    "trellis": 1_400.0,
    "trellis-levels": 1_300.0,
    "postgraphile": 650.0,
    "mercurius": 1_900.0,
    "fraiseql": 300.0,
    "strawberry": 95.0,
    "strawchemy": 40.0,
    "strawberry-sqlalchemy-mapper": 16.0,
    "one-statement": 3_100.0,
    "limit": 2_300.0,
}
"""Requests per second, by the names of servers."""


def make_sample(rps: float = 100.0, memory_mib: float = 80.0) -> Sample:
    """One second of load."""
    return Sample(
        requests=int(rps),
        rps=rps,
        p50_ms=8_000 / rps,
        p99_ms=16_000 / rps,
        cpu_ms=900 / rps,
        memory_mib=memory_mib,
        postgresql_ms=700 / rps,
    )


def make_measured(rates: Mapping[str, float] = RATES, unanswered: Mapping[str, str] | None = None) -> Measured:
    """Three rounds of one operation: as fast as said, a bit slower and a bit faster."""
    samples = {name: [make_sample(rps * part) for part in (1.0, 0.94, 1.05)] for name, rps in rates.items()}
    return Measured(samples, unanswered or {})


def make_linear() -> Linear:
    """Curves of a server that has some fixed cost, and else grows as the question does."""
    rows = {rows: 7.0 + 600 / rows for rows in ROWS}
    fields = {fields: 40.0 + 700 / fields for fields in FIELDS}
    return Linear({"trellis": rows, "limit": {rows: us / 2 for rows, us in rows.items()}}, fields, {})


def make_run(measured: Mapping[str, Measured] | None = None, linear: Linear | None = None) -> Run:
    """All operations on all servers, unless others are given."""
    if measured is None:
        measured = {operation: make_measured() for operation in OPERATIONS}
    versions = dict.fromkeys(SERVERS, "1.0")
    processes = {name: Process(Start(0.5, 12.0), 70.0) for name in SERVERS}
    return Run(QUICK, measured, linear or make_linear(), {}, versions, 0.1, processes)
