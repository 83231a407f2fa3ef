"""A diary that several programs have written: every kind of moment, and keys that are moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from db.base import UtcDateTime
from tests.entity.serving import Rows


class Base(DeclarativeBase):
    pass


class Moment(TypeDecorator[datetime]):
    """A type of somebody's, over SQLAlchemy's."""

    impl = DateTime(timezone=True)
    cache_ok = True


class Day(Base):
    """A parent whose key is a moment."""

    __tablename__ = "days"

    begins_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    name: Mapped[str]

    entries: Mapped[list[Entry]] = relationship(back_populates="of_day", lazy="raise")


class Entry(Base):
    """A row of moments."""

    __tablename__ = "entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    day_at: Mapped[datetime] = mapped_column(ForeignKey("days.begins_at"), index=True)
    zoned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    local_at: Mapped[datetime | None] = mapped_column(DateTime, index=True)
    kept_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    decorated_at: Mapped[datetime | None] = mapped_column(Moment)
    day: Mapped[date | None]
    hour: Mapped[time | None]

    of_day: Mapped[Day] = relationship(back_populates="entries", lazy="raise")


NOON = datetime(2024, 2, 29, 12, tzinfo=UTC)
# The very first and the very last moment of Python are no moments to asyncpg: the ends of time stand for infinity.
MOMENTS = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(2023, 12, 31, 23, 30, tzinfo=UTC),
    datetime(2024, 1, 1, 0, 30, tzinfo=UTC),
    NOON,
    NOON,
    NOON + timedelta(microseconds=1),
    NOON + timedelta(seconds=1),
    datetime(9999, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC),
)
DAYS = (NOON.replace(hour=0), NOON.replace(hour=0, day=28), datetime(2023, 12, 31, 23, tzinfo=UTC))
ENTRIES = 40


def rows(scale: int) -> Rows:
    """The same moments again and again, in an order that nothing else has."""

    def entry(number: int) -> dict[str, object]:
        at = MOMENTS[number * 5 % len(MOMENTS)]
        is_null = number % 7 == 3
        return {
            "id": number,
            "day_at": DAYS[number % 2],
            "zoned_at": None if is_null else at,
            "local_at": None if is_null else at.replace(tzinfo=None),
            "kept_at": at,
            "decorated_at": None if is_null else at,
            "day": None if is_null else at.date(),
            "hour": None if is_null else at.time(),
        }

    return {
        Day: [{"begins_at": at, "name": f"day {number}"} for number, at in enumerate(DAYS)],
        Entry: [entry(number) for number in range(1, ENTRIES * scale + 1)],
    }
