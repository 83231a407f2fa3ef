"""What a run found, as tables for the terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.table import Table

from bench.linear import FIELDS, ROWS, Curve, Linear, further, longest_over_best, worst_over_best
from bench.operations import OPERATIONS
from bench.results import Figures, Run, figures, peaks_mib, ratios
from bench.servers import SERVERS, TRELLIS

NOTHING = "-"
BUSY = 0.5
"""A load average above says that the cores were not ours alone."""


def operations_table(run: Run) -> Table:
    """A line for each server and operation."""
    table = Table(box=SIMPLE, title="Requests per second", title_justify="left")
    table.add_column("operation", no_wrap=True)
    table.add_column("server", no_wrap=True)
    for title in (
        "req/s",
        "range",
        "p50 ms",
        "p99 ms",
        "CPU ms/req",
        "of PostgreSQL",
        "sum",
        "peak MiB",
        "Trellis has",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for operation, measured in run.measured.items():
        by_server = {name: figures(samples) for name, samples in measured.samples.items()}
        times = ratios(by_server)
        label = operation
        for name, server in SERVERS.items():
            if name in by_server:
                ratio = f"{times[name]:.2f} x" if name in times else ""
                style = "bold" if name == TRELLIS else ""
                table.add_row(label, server.title, *_cells(by_server[name]), ratio, style=style)
            elif name in measured.unanswered:
                table.add_row(label, server.title, *[NOTHING] * 8, "", style="dim")
            else:
                continue
            label = ""
        table.add_section()
    return table


def linear_table(linear: Linear) -> Table:
    """Time per item and for one item more, by size; the ends are 1 when cost grows as the question does."""
    table = Table(
        box=SIMPLE, title="Whether cost grows as the question does: µs for one of so many", title_justify="left"
    )
    table.add_column("")
    sizes = sorted({*ROWS, *FIELDS})
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column("longest/best", justify="right", no_wrap=True)
    table.add_column("worst/best", justify="right", no_wrap=True)
    curves = {f"a row of feed, {SERVERS[name].title}": curve for name, curve in linear.per_row.items()}
    for title, curve in (curves | {"a field of a new document": linear.per_field}).items():
        _add_curve(table, title, curve, sizes)
        _add_curve(table, "  one more", further(curve), sizes)
    return table


def _add_curve(table: Table, title: str, curve: Curve, sizes: Sequence[int]) -> None:
    cells = [f"{curve[size]:.1f}" if size in curve else "" for size in sizes]
    ends = [f"{longest_over_best(curve):.2f}", f"{worst_over_best(curve):.2f}"] if curve else [NOTHING, NOTHING]
    table.add_row(title, *cells, *ends)


def processes_table(run: Run) -> Table:
    """A line for each server: how it starts, and what it holds at the end."""
    table = Table(box=SIMPLE, title="Servers as processes", title_justify="left")
    table.add_column("server", no_wrap=True)
    for title in ("CPU s to listening", "first answer ms", "MiB at the end", "peak MiB"):
        table.add_column(title, justify="right", no_wrap=True)
    peaks = peaks_mib(run)
    for name, (start, memory_mib) in run.processes.items():
        numbers = (start.cpu_s, 2), (start.first_ms, 1), (memory_mib, 0), (peaks.get(name), 0)
        style = "bold" if name == TRELLIS else ""
        table.add_row(SERVERS[name].title, *(_number(*number) for number in numbers), style=style)
    return table


def remarks(run: Run) -> list[str]:
    """Whether the machine was quiet, and why there are gaps, a sentence each."""
    found = []
    if run.load_average > BUSY:
        found.append(
            f"The load average was {run.load_average} when the run began: somebody else was working too. Compare CPU"
            " ms/req; req/s and latencies say little."
        )
    found += [f"{SERVERS[name].title} is left out: {reason}." for name, reason in run.unavailable.items()]
    for operation, measured in run.measured.items():
        for name, reason in measured.unanswered.items():
            found.append(f"{operation} ({OPERATIONS[operation].asks}), {SERVERS[name].title}: {reason}")
    if run.linear is not None:
        found += [f"feed, {what}: {reason}" for what, reason in run.linear.missing.items()]
    return found


def _cells(found: Figures) -> list[str]:
    return [
        f"{found.rps:,.0f}",
        f"{found.rps_min:,.0f}-{found.rps_max:,.0f}",
        f"{found.p50_ms:.1f}",
        f"{found.p99_ms:.1f}",
        f"{found.cpu_ms:.2f}",
        _number(found.postgresql_ms, 2),
        _number(found.both_ms, 2),
        f"{found.memory_mib:.0f}",
    ]


def _number(known: float | None, digits: int) -> str:
    return NOTHING if known is None else f"{known:,.{digits}f}"
