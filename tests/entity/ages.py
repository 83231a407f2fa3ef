"""Ages and what was found of them: days and times at the ends of calendars, and columns that hold anything."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, DateTime, Enum, Float, ForeignKey, Integer, Numeric, String, Time, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.base import UtcDateTime


class Base(DeclarativeBase):
    pass


class Kind(enum.Enum):
    """What was found."""

    COIN = "coin"
    BONE = "bone"


class Age(Base):
    """A day as key."""

    __tablename__ = "ages"

    began: Mapped[date] = mapped_column(Date, primary_key=True)
    name: Mapped[str] = mapped_column(String(40))

    finds: Mapped[list[Find]] = relationship(back_populates="age", order_by="Find.id", lazy="raise")


class Find(Base):
    """A column of every kind that may be beyond Python."""

    __tablename__ = "finds"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(40))
    began: Mapped[date | None] = mapped_column(ForeignKey("ages.began"))
    day: Mapped[date | None] = mapped_column(Date)
    noted_at: Mapped[datetime | None] = mapped_column(DateTime)
    seen_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    kept_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    at: Mapped[time | None] = mapped_column(Time)
    kind: Mapped[Kind | None] = mapped_column(
        Enum(Kind, native_enum=False, length=10, values_callable=lambda kinds: [kind.value for kind in kinds])
    )
    token: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    payload: Mapped[Any | None] = mapped_column(JSON)
    amount: Mapped[Decimal | None] = mapped_column(Numeric)
    ratio: Mapped[float | None] = mapped_column(Float)
    level: Mapped[int | None] = mapped_column(Integer)
    number: Mapped[int | None] = mapped_column(BigInteger)
    part_of_token: Mapped[uuid.UUID | None] = mapped_column(Uuid)

    age: Mapped[Age | None] = relationship(back_populates="finds", lazy="raise")
    whole: Mapped[Find | None] = relationship(
        primaryjoin="foreign(Find.part_of_token) == remote(Find.token)", viewonly=True, uselist=False, lazy="raise"
    )
    parts: Mapped[list[Find]] = relationship(
        primaryjoin="Find.token == foreign(remote(Find.part_of_token))", viewonly=True, lazy="raise"
    )
