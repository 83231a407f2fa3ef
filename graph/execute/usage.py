"""What a run used: the seam to whoever counts, and the answer to those who ask what is deprecated.

A run leaves its coordinates, its client and its time with a `UsageRecorder`. Nothing is kept here.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol, TypeAlias
from weakref import ref

from graph.client import Client
from graph.deprecations import day_of
from graph.prepare.coordinates import OperationCoordinates, SchemaCoordinates
from graph.prepare.operation import PreparedOperation

Ran: TypeAlias = tuple[Client, OperationCoordinates, Collection[str], float, bool]
"""One run: who asked, what the document uses and what the values of its variables, its seconds, and whether it failed.

A plain tuple, for one is made at each request.
"""


class UsageRecorder(Protocol):
    """Counts what is used. It never waits and never raises."""

    def record(self, ran: Ran) -> None:
        """Count one run."""


class Usage:
    """What operations of one schema use, told to a recorder if there is one."""

    def __init__(self, coordinates: SchemaCoordinates) -> None:
        self.recorder: UsageRecorder | None = None
        """Who counts; None: nobody."""
        self._coordinates = coordinates

    def ran(
        self,
        client: Client,
        operation: PreparedOperation,
        variables: Mapping[str, Any] | None,
        duration_s: float,
        failed: bool,
    ) -> None:
        """An operation was run."""
        if self.recorder is not None:
            used = operation.coordinates or self.of(operation)
            in_variables = used.in_variables(variables) if used.variables else ()
            self.recorder.record((client, used, in_variables, duration_s, failed))

    def of(self, operation: PreparedOperation) -> OperationCoordinates:
        """What a prepared operation uses, kept with it."""
        if operation.coordinates is None:
            operation.coordinates = self._coordinates.of(operation.node, operation.fragments)
            operation.coordinates.operation = ref(operation)
        return operation.coordinates

    def deprecations_asked(
        self,
        extensions: Mapping[str, Any] | None,
        operation: PreparedOperation,
        variables: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """`extensions.deprecations`, for those who ask for it."""
        if not (extensions and extensions.get("deprecations")):
            return {}
        reasons = self._coordinates.reasons
        uses: dict[str, dict[str, Any]] = {}
        for use in self.of(operation).deprecated:
            _noted(uses, use.coordinate, reasons)["locations"].append({"line": use.line, "column": use.column})
        for name, coordinate in _in_variables(self.of(operation), variables or {}, reasons):
            _noted(uses, coordinate, reasons)["variables"].append(name)
        return {"deprecations": list(uses.values())}


def _in_variables(
    used: OperationCoordinates, given: Mapping[str, Any], reasons: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The names of variables whose values use something deprecated, with its coordinate."""
    for name, shape in used.variables:
        found: set[str] = set()
        shape.collect(given.get(name), found)
        yield from ((name, coordinate) for coordinate in sorted(found) if coordinate in reasons)


def _noted(uses: dict[str, dict[str, Any]], coordinate: str, reasons: Mapping[str, str]) -> dict[str, Any]:
    if coordinate not in uses:
        reason = reasons[coordinate]
        day = day_of(reason)
        uses[coordinate] = {
            "coordinate": coordinate,
            "reason": reason,
            "date": day and day.isoformat(),
            "locations": [],
            "variables": [],
        }
    return uses[coordinate]
