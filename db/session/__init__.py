"""The session of one request, its engines, and how long it may take."""

from db.session.engines import Engines
from db.session.errors import (
    ChangeKept,
    DeadlineExceeded,
    ManagedTransaction,
    OutcomeUnknown,
    OutdatedView,
    ReadOnlyOperation,
    SessionClosed,
    Unreachable,
)
from db.session.reads import Reads, RowsByKey
from db.session.session import Mode, RequestSession

__all__ = [
    "ChangeKept",
    "DeadlineExceeded",
    "Engines",
    "ManagedTransaction",
    "Mode",
    "OutcomeUnknown",
    "OutdatedView",
    "ReadOnlyOperation",
    "Reads",
    "RequestSession",
    "RowsByKey",
    "SessionClosed",
    "Unreachable",
]
