"""The change log: which rows have changed, and in which order the transactions are told that have changed them.

Triggers write changes, and one process of all gives positions to their transactions (`db.changes`). No value of a row
is kept but its key. Why: docs/decisions/0069-the-change-log.md.
"""

from datetime import datetime

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import utcnow
from db.own.base import Feature, OwnBase

MAX_KIND = 8


class Change(OwnBase, feature=Feature.CHANGES):
    """One row of a table that one transaction has changed."""

    __tablename__ = "trellis_changes"

    transaction_id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, doc="Of the transaction; where none has ids, of its group."
    )
    id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, autoincrement=False, doc="In the order of the transaction's changes."
    )
    table_name: Mapped[str] = mapped_column(Text, doc="The table, as `MetaData` has it.")
    row_key: Mapped[str] = mapped_column(Text, doc="The values of the key, as a JSON list.")
    kind: Mapped[str] = mapped_column(String(MAX_KIND), doc="`insert`, `update`, `delete` or `truncate`.")
    changed_columns: Mapped[str] = mapped_column(
        Text, doc="The names of the columns that an update has changed, as a JSON list; else an empty one."
    )


class ChangePosition(OwnBase, feature=Feature.CHANGES):
    """The place of a transaction in the order of all. The newest row is never deleted: numbers go on from there."""

    __tablename__ = "trellis_change_positions"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transaction_id: Mapped[int] = mapped_column(BigInteger, doc="As in the changes; they ascend together.")
    numbered_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When it got its place.")
