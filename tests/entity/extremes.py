"""Specimens in drawers: a column of every type that has an order, with the ends of each type among its values."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime, time
from decimal import Decimal

from sqlalchemy import CHAR, REAL, BigInteger, DateTime, Double, Enum, ForeignKey, Numeric, SmallInteger
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class State(enum.Enum):
    """How well something is kept."""

    WHOLE = "whole"
    BROKEN = "broken"


class Drawer(Base):
    __tablename__ = "drawers"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    opened_on: Mapped[date | None]

    specimens: Mapped[list[Specimen]] = relationship(back_populates="drawer", lazy="raise")


class Specimen(Base):
    __tablename__ = "specimens"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    badge: Mapped[str | None] = mapped_column(CHAR(5))
    small: Mapped[int | None] = mapped_column(SmallInteger)
    number: Mapped[int | None]
    large: Mapped[int | None] = mapped_column(BigInteger)
    amount: Mapped[Decimal | None] = mapped_column(Numeric(20, 4))
    share: Mapped[Decimal | None] = mapped_column(Numeric)
    ratio: Mapped[float | None] = mapped_column(Double)
    single: Mapped[float | None] = mapped_column(REAL)
    is_kept: Mapped[bool | None]
    day: Mapped[date | None]
    moment: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    noted_at: Mapped[datetime | None]
    at: Mapped[time | None]
    token: Mapped[uuid.UUID | None]
    state: Mapped[State | None] = mapped_column(Enum(State, native_enum=False, length=10))
    drawer_id: Mapped[int | None] = mapped_column(ForeignKey("drawers.id"))

    drawer: Mapped[Drawer | None] = relationship(back_populates="specimens", lazy="raise")
