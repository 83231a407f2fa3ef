"""What a run found, as tables for the terminal."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE
from rich.table import Table

from bench import bars
from bench.bars import Verdict
from bench.cold import RUNS, Cold
from bench.linear import FIELDS, ROWS, Curve, Linear, further, longest_over_best, worst_over_best
from bench.operations import OPERATIONS
from bench.results import Figures, Run, peaks_mib, ratios, summed
from bench.servers import FRAISEQL, LEVELS, ONLY, SERVERS, TRELLIS

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
    found = summed(run)
    for operation, measured in run.measured.items():
        by_server = found[operation]
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


def cold_table(cold: Cold) -> Table:
    """A line for each server and way: the first answer, and those after it."""
    table = Table(box=SIMPLE, title="The first runs of feed, one request at a time: ms", title_justify="left")
    table.add_column("server", no_wrap=True)
    table.add_column("", no_wrap=True)
    for title in ("first", f"next {RUNS - 1}", "PostgreSQL's first", "PostgreSQL's next"):
        table.add_column(title, justify="right", no_wrap=True)
    for name, by_way in cold.runs.items():
        title = SERVERS[name].title
        for way, runs in by_way.items():
            table.add_row(title, way, *(_number(ms, 2) for ms in runs), style="bold" if name == TRELLIS else "")
            title = ""
        table.add_section()
    return table


def _add_curve(table: Table, title: str, curve: Curve, sizes: Sequence[int]) -> None:
    cells = [f"{curve[size]:.1f}" if size in curve else "" for size in sizes]
    ends = [f"{longest_over_best(curve):.2f}", f"{worst_over_best(curve):.2f}"] if curve else [NOTHING, NOTHING]
    table.add_row(title, *cells, *ends)


def bars_table(run: Run) -> Table:
    """A line for each operation: the processor time of others as a multiple of ours, and the bar where there is one."""
    title = "CPU of others for a request, as a multiple of ours (in brackets our req/s over theirs), and the bars"
    table = Table(box=SIMPLE, title=title, title_justify="left")
    found = summed(run)
    names = [name for name in SERVERS if name != TRELLIS and any(name in by_server for by_server in found.values())]
    table.add_column("operation", no_wrap=True)
    for name in names:
        table.add_column(SERVERS[name].title, justify="right")
    table.add_column("PostgreSQL's, level by level", justify="right")
    verdicts = {(verdict.whose, verdict.what, verdict.beside): verdict for verdict in bars.verdicts(run)}
    for operation, by_server in found.items():
        ours = by_server.get(TRELLIS)
        if ours is None:
            continue
        cells = []
        for name in names:
            other, verdict = by_server.get(name), verdicts.get(("server", operation, name))
            cells.append("" if other is None else _multiple(other, ours) + _bar(verdict))
        of_postgresql = verdicts.get(("postgresql", operation, LEVELS))
        cells.append("" if of_postgresql is None else f"{of_postgresql.found:.2f}{_bar(of_postgresql)}")
        table.add_row(operation, *cells)
    return table


def _multiple(other: Figures, ours: Figures) -> str:
    return f"{bars.multiple(other, ours):.2f} ({ours.rps / other.rps:.2f})"


def _bar(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    return f" {'≥' if verdict.holds else '<'} {verdict.bar:g}"


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
    but = f" but {SERVERS[FRAISEQL].title}, which wants another," if FRAISEQL in run.processes else ""
    found = [f"Every Python server{but} runs on {run.interpreter}."]
    if verdicts := bars.verdicts(run):
        found.append(_which_hold(verdicts))
    if run.load_average > BUSY:
        found.append(
            f"The load average was {run.load_average} when the run began: somebody else was working too. Compare CPU"
            " ms/req; req/s and latencies say little."
        )
    found += [f"{SERVERS[name].title} is left out: {reason}." for name, reason in run.unavailable.items()]
    found += _left_out(run)
    for operation, measured in run.measured.items():
        for name, reason in measured.unanswered.items():
            found.append(f"{operation} ({OPERATIONS[operation].asks}), {SERVERS[name].title}: {reason}")
    if run.linear is not None:
        found += [f"feed, {what}: {reason}" for what, reason in run.linear.missing.items()]
    if run.cold is not None:
        found += [f"the first runs of feed, {what}: {reason}" for what, reason in run.cold.missing.items()]
    return found


def _left_out(run: Run) -> Iterator[str]:
    """Who was there and is not asked an operation, by name."""
    for operation in run.measured:
        if part := ONLY.get(operation):
            names = [SERVERS[name].title for name in run.processes if name not in part.names]
            if names:
                yield f"{operation} is not asked of {'; '.join(names)}: they {part.reason}."
    for name in run.processes:
        if part := SERVERS[name].only:
            operations = [operation for operation in run.measured if operation not in {*part.names, *ONLY}]
            if operations:
                yield f"{SERVERS[name].title} is not asked {', '.join(operations)}: {part.reason}."


def _which_hold(verdicts: Sequence[Verdict]) -> str:
    missed = [
        f"{_words(verdict)} ({verdict.found:.2f}, not {verdict.bar:g})" for verdict in verdicts if not verdict.holds
    ]
    count = f"{len(verdicts) - len(missed)} of {len(verdicts)} bars hold"
    return f"{count}; not {', '.join(missed)}." if missed else f"{count}."


def _words(verdict: Verdict) -> str:
    if verdict.whose == "process":
        return verdict.what
    beside = f"{verdict.what} beside {SERVERS[verdict.beside].title}"
    return f"PostgreSQL's part of {beside}" if verdict.whose == "postgresql" else beside


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
