"""What became of one subscription or live query: noted as it goes, told once at its end, written as a line of the log.

The start of a subscription has a line as any operation has; this one is of its end. No value of a client is in it.
"""

from collections.abc import Callable
from time import perf_counter, time
from typing import Any, TypeAlias

from graph.telemetry.lines import viewer_told
from graph.telemetry.record import OK, OperationRecord, RequestRecord
from graph.telemetry.writing import Write, milliseconds, moment


class SubscriptionRecord:
    """One subscription, or one live query."""

    def __init__(self, request: RequestRecord, operation: OperationRecord, transport: str) -> None:
        self.request = request
        """What began it."""
        self.operation = operation
        self.transport = transport
        self.events = 0
        self.bytes = 0
        """Of its events, as they were told."""
        self.statements = 0
        self.rows = 0
        self.seconds = 0.0
        self.code = OK
        """Why it has ended; `OK` where its client or its resolver has ended it."""
        self._began = perf_counter()

    def add(self, event: OperationRecord) -> None:
        """An event was answered."""
        self.events += 1
        self.statements += event.statements
        self.rows += event.rows

    def tell(self, bytes_: int) -> None:
        """An answer of a live query was told, which others may have been told, too."""
        self.events += 1
        self.bytes += bytes_

    def end(self, code: str = OK) -> None:
        """It has ended."""
        self.seconds = perf_counter() - self._began
        self.code = code


SubscriptionListener: TypeAlias = Callable[[SubscriptionRecord], None]
"""Hears of each subscription when it has ended. It never waits and never raises."""


class SubscriptionLines:
    """Writes a line for each subscription that has ended."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def __call__(self, record: SubscriptionRecord) -> None:
        """Write it."""
        line: dict[str, Any] = {
            "time": moment(time()),
            "level": "info",
            "event": "subscription ended",
            "request_id": record.request.request_id,
            "transport": record.transport,
            "code": record.code,
            "duration_ms": milliseconds(record.seconds),
            "client": record.request.client.name,
            "client_version": record.request.client.version,
        }
        line |= viewer_told(record.request.viewer)
        line |= record.operation.described
        line |= {"events": record.events, "bytes": record.bytes}
        line |= {"statements": record.statements, "rows": record.rows}
        self._write(line)
