"""What clients use of the schema, counted by day: uses of coordinates, runs of operations, and the operations.

Each process adds to the counts of the others. Nothing refers to anything: a row without its operation is of one that
was not kept. Days are of UTC.
"""

from datetime import date
from typing import Annotated

from sqlalchemy import BigInteger, Date, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.own.base import Feature, OwnBase

MAX_CLIENT = 100
"""Characters of a client's name, and of its version."""
HASH = 64
"""Characters of a SHA-256 in hexadecimal."""

Day = Annotated[date, mapped_column(Date, primary_key=True)]
ClientName = Annotated[str, mapped_column(String(MAX_CLIENT), primary_key=True)]
Count = Annotated[int, mapped_column(BigInteger)]


class UsageCount(OwnBase, feature=Feature.USAGE):
    """How many runs of one client used a coordinate on a day."""

    __tablename__ = "trellis_usage_counts"

    day: Mapped[Day]
    client: Mapped[ClientName]
    version: Mapped[ClientName]
    coordinate: Mapped[str] = mapped_column(Text, primary_key=True, doc="Empty: uses whose coordinate was lost.")
    uses: Mapped[Count]


class UsageRun(OwnBase, feature=Feature.USAGE):
    """How often one client ran an operation on a day."""

    __tablename__ = "trellis_usage_runs"

    day: Mapped[Day]
    client: Mapped[ClientName]
    version: Mapped[ClientName]
    operation: Mapped[str] = mapped_column(String(HASH), primary_key=True, doc="Empty: operations that were not kept.")
    runs: Mapped[Count]
    failed: Mapped[Count] = mapped_column(doc="Runs whose answer had errors.")
    duration_us: Mapped[Count] = mapped_column(doc="Microseconds of all runs together.")


class UsageOperation(OwnBase, feature=Feature.USAGE):
    """An operation without the values that clients wrote into it."""

    __tablename__ = "trellis_usage_operations"

    hash: Mapped[str] = mapped_column(String(HASH), primary_key=True, doc="The SHA-256 of the document.")
    last_day: Mapped[date] = mapped_column(Date, doc="When it was last run; the operation goes with its runs.")
    name: Mapped[str] = mapped_column(Text, doc="Empty for an operation without a name.")
    document: Mapped[str] = mapped_column(Text)
    coordinates: Mapped[str] = mapped_column(Text, doc="What the document uses, one coordinate a line.")
