"""A line in the log for each operation, and for each request that came to none.

The record of a request enters, dictionaries of JSON's values leave. No token, no e-mail address and no value that a
client has sent is in them: operations are told by name and hash, statements by their SQL, people by their ids.
"""

import hashlib
from collections.abc import Sequence
from heapq import nlargest
from http import HTTPStatus
from math import inf
from typing import Any

from db.trace import SentStatement
from graph.settings import LoggedOperations
from graph.telemetry.record import OK, OperationRecord, RequestRecord
from graph.telemetry.writing import Line, Write, milliseconds, moment
from graph.viewer import NOBODY, Viewer

MAX_STATEMENTS = 20
"""How many statements of a slow operation are told: the slowest."""
MAX_SQL = 2_000
"""Characters of a statement."""


class OperationLines:
    """Writes a line for each operation."""

    def __init__(self, write: Write, which: LoggedOperations, slow_s: float) -> None:
        """`slow_s`: seconds from which an operation is slow; 0: none is."""
        self._write = write
        self._all = which is LoggedOperations.ALL
        self._slow_s = slow_s or inf

    def __call__(self, record: RequestRecord) -> None:
        """Write the lines of a request that was answered."""
        operations = record.operations
        if len(operations) > 1 and record.code is None:
            for each in operations:
                self._tell(record, each, each.code, each.seconds)
            return
        operation = operations[-1] if operations else None
        self._tell(record, operation, record.code or (operation.code if operation else OK), record.seconds)

    def _tell(self, record: RequestRecord, operation: OperationRecord | None, code: str, seconds: float) -> None:
        is_slow = seconds >= self._slow_s
        if code == OK and not (self._all or is_slow):
            return
        line: dict[str, Any] = {
            "time": moment(record.ended),
            "level": "warning" if is_slow else "info" if code == OK else _level(record.status, code),
            "event": "operation",
            "request_id": record.request_id,
            "status": record.status,
            "code": code,
            "duration_ms": milliseconds(seconds),
            "client": record.client.name,
            "client_version": record.client.version,
            **(NOBODY_ASKS if record.viewer is NOBODY else viewer_told(record.viewer)),
        }
        if operation is not None:
            line.update(operation.described)
            line["statements"] = operation.statements
            line["rows"] = operation.rows
            line["points"] = operation.points
            if operation.cache:
                line["cache"] = operation.cache
            if is_slow:
                line["sent"] = _slowest(operation)
        self._write(line)


def _level(status: int, code: str) -> str:
    if code == "INTERNAL_SERVER_ERROR":
        return "error"
    return "info" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "warning"


def viewer_told(viewer: Viewer) -> Line:
    """Who asks. Providers may use an address for an id: of such a one a hash is told."""
    if viewer.key_id is not None:
        return {"viewer_kind": "key", "viewer": viewer.key_id}
    if viewer.id is None:
        return {"viewer_kind": "machine" if viewer.roles else "nobody", "viewer": None}
    if isinstance(viewer.id, int):
        return {"viewer_kind": "user", "viewer": viewer.id}
    told = str(viewer.id)
    if "@" in told:
        told = f"sha256:{hashlib.sha256(told.encode(errors='surrogatepass')).hexdigest()}"
    return {"viewer_kind": "user", "viewer": told}


NOBODY_ASKS = viewer_told(NOBODY)


def _slowest(operation: OperationRecord) -> Sequence[Line]:
    """The slowest statements in their order."""
    sent = list(enumerate(operation.sent))
    slowest = sorted(nlargest(MAX_STATEMENTS, sent, key=lambda numbered: numbered[1].ms))
    return [_statement(statement) for _, statement in slowest]


def _statement(sent: SentStatement) -> Line:
    return {"sql": sent.sql[:MAX_SQL], "ms": round(sent.ms, 3), "rows": sent.rows, "database": sent.database}
