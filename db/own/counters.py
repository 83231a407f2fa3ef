"""How often names were hit of late: what limits of sign-in and of operations are counted by, in all processes."""

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.own.base import Feature, OwnBase

MAX_COUNTED_NAME = 100


class Counter(OwnBase, feature=Feature.COUNTERS):
    """The hits of one name. Texts that are names of people or machines are digested first."""

    __tablename__ = "trellis_counters"

    name: Mapped[str] = mapped_column(String(MAX_COUNTED_NAME), primary_key=True)
    state: Mapped[str] = mapped_column(Text, doc="As `graph.rates.records` writes it.")
    ends: Mapped[int] = mapped_column(
        BigInteger, index=True, doc="When nothing of it counts any more, in seconds since 1970."
    )
