"""The session of one request, its engines, and how long it may take."""

from db.session.connection import Transaction
from db.session.engines import Engines
from db.session.session import DeadlineExceeded, Mode, RequestSession, SessionClosed, is_transient

__all__ = ["DeadlineExceeded", "Engines", "Mode", "RequestSession", "SessionClosed", "Transaction", "is_transient"]
