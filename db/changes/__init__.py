"""The change log: which rows have changed, in the order of the transactions that changed them.

Triggers record, one relay of all processes numbers, followers read and tell listeners. No table of an application is
named here. Why: docs/decisions/0069-the-change-log.md.
"""

from db.changes.feed import Batch, Feed, Kind, Listener, Lost, Resync, RowChange

__all__ = ["Batch", "Feed", "Kind", "Listener", "Lost", "Resync", "RowChange"]
