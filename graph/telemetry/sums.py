"""What `/metrics` says of operations: how many, of which kind, what became of them, how long they took, what they read.

Records enter one by one and are added up as plain numbers; names come from documents that are known, and only so many.
"""

import platform
from collections.abc import Iterator
from importlib.metadata import version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from graph.durations import Durations
from graph.telemetry.described import INVALID, described
from graph.telemetry.record import OK, OperationRecord, RequestRecord

OTHER = "other"
MAX_NAMES = 200
"""How many names of operations are told apart; later ones are `other`."""
MAX_CODES = 100
"""How many codes of errors are: resolvers may make up their own."""


class OperationSums(Collector):
    """The sums over all operations of one process."""

    def __init__(self) -> None:
        self._ended: dict[tuple[str, str, str], int] = {}
        self._taken: dict[tuple[str, str], _Taken] = {}
        self._names: set[str] = {""}
        self._codes: set[str] = {OK}

    def __call__(self, record: RequestRecord) -> None:
        """Add a request that was answered."""
        operations = record.operations
        for operation in operations:
            seconds = record.seconds if len(operations) == 1 else operation.seconds
            self._add(operation, record.code or operation.code, seconds)

    def _add(self, operation: OperationRecord, code: str, seconds: float) -> None:
        told = described(operation)
        kind = told["type"] or INVALID
        # Only documents that were registered have names that are known: others may have any.
        name = "" if operation.asked.prepared is None else _one_of(self._names, told["operation"] or "", MAX_NAMES)
        ended = kind, name, code if code == OK else _one_of(self._codes, code, MAX_CODES)
        self._ended[ended] = self._ended.get(ended, 0) + 1
        taken = self._taken.get((kind, name))
        if taken is None:
            taken = self._taken[kind, name] = _Taken()
        taken.durations.add(seconds)
        taken.statements += operation.statements
        taken.rows += operation.rows
        taken.points += operation.points

    def collect(self) -> Iterator[Metric]:
        """Everything so far."""
        labels = ["type", "operation"]
        ended = CounterMetricFamily(
            "trellis_operations", "Operations by type, name and outcome: OK, or a code.", labels=[*labels, "outcome"]
        )
        for told, number in list(self._ended.items()):
            ended.add_metric(told, number)
        yield ended
        duration = HistogramMetricFamily(
            "trellis_operation_duration_seconds", "Seconds that operations took, by type and name.", labels=labels
        )
        statements = CounterMetricFamily("trellis_operation_statements", "Statements that they sent.", labels=labels)
        rows = CounterMetricFamily("trellis_operation_rows", "Rows that their loaders read.", labels=labels)
        points = CounterMetricFamily("trellis_operation_points", "Points that they cost.", labels=labels)
        for of, taken in list(self._taken.items()):
            duration.add_metric(of, taken.durations.told(), taken.durations.seconds)
            statements.add_metric(of, taken.statements)
            rows.add_metric(of, taken.rows)
            points.add_metric(of, taken.points)
        yield from (duration, statements, rows, points)
        build = GaugeMetricFamily("trellis_build_info", "What runs; always 1.", labels=["version", "python"])
        build.add_metric([version("trellis"), platform.python_version()], 1)
        yield build


class _Taken:
    """What operations of one type and name have taken."""

    __slots__ = ("durations", "points", "rows", "statements")

    def __init__(self) -> None:
        self.durations = Durations()
        self.statements = self.rows = self.points = 0


def _one_of(known: set[str], name: str, most: int) -> str:
    """The name, or `other` where there are too many."""
    if name in known:
        return name
    if len(known) > most:
        return OTHER
    known.add(name)
    return name
