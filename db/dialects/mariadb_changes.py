"""The change log on MariaDB and MySQL.

Names and keys enter, SQL leaves. Nothing is executed here.
"""

from collections.abc import Sequence
from typing import Any

from db.dialects.change_log import ChangeLogDialect, LogNames, Recorded, TableKey


class MariaDBChangeLog(ChangeLogDialect):
    """Triggers that name the columns of their table."""

    has_signals = False

    def create(self, names: LogNames) -> Sequence[str]:
        """Triggers need the tables alone."""
        return ()

    def drop(self, names: LogNames) -> Sequence[str]:
        """A trigger goes with its table."""
        return ()

    def record(self, names: LogNames, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """Triggers of a table."""
        raise NotImplementedError("This database has no log of changes yet.")

    def forget(self, table: TableKey, partition: str | None = None) -> Sequence[str]:
        """Take the triggers away."""
        return ()

    def number(self, names: LogNames) -> str:
        """Give positions."""
        raise NotImplementedError("This database has no log of changes yet.")

    def waiting(self, names: LogNames) -> str | None:
        """No change waits for another transaction."""
        return None

    def begin_anew(self, names: LogNames) -> str | None:
        """The log counts by itself."""
        return None

    def recorded(self, names: LogNames) -> str:
        """The triggers of ours."""
        return "SELECT 1 FROM DUAL WHERE FALSE"

    def read_recorded(self, rows: Sequence[Any]) -> list[Recorded]:
        """None."""
        return []
