"""Things in boxes, with labels and with parts: rows full of ties and nulls, to try laws on.

Decimals are fractions of two, so that sums and products are the same on both databases; only `noise` is not, because
SQLite computes with doubles.
"""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Column, ColumnElement, DateTime, Enum, ForeignKey, Numeric, Table, func
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Shape(enum.Enum):
    """What something looks like."""

    FLAT = "flat"
    ROUND = "round"


thing_label = Table(
    "thing_label",
    Base.metadata,
    Column("thing_id", ForeignKey("things.id"), primary_key=True),
    Column("label_id", ForeignKey("labels.id"), primary_key=True),
)


class Box(Base):
    __tablename__ = "boxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    volume: Mapped[float | None]

    things: Mapped[list[Thing]] = relationship(back_populates="box", lazy="raise")


class Label(Base):
    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]

    things: Mapped[list[Thing]] = relationship(secondary=thing_label, back_populates="labels", lazy="raise")


class Thing(Base):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    number: Mapped[int | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    rate: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    is_new: Mapped[bool | None]
    day: Mapped[date | None]
    moment: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    shape: Mapped[Shape | None] = mapped_column(Enum(Shape, native_enum=False, length=10))
    token: Mapped[uuid.UUID | None]
    box_id: Mapped[int | None] = mapped_column(ForeignKey("boxes.id"))
    whole_id: Mapped[int | None] = mapped_column(ForeignKey("things.id"))

    box: Mapped[Box | None] = relationship(back_populates="things", lazy="raise")
    labels: Mapped[list[Label]] = relationship(secondary=thing_label, back_populates="things", lazy="raise")
    whole: Mapped[Thing | None] = relationship(back_populates="parts", remote_side=id, lazy="raise")
    parts: Mapped[list[Thing]] = relationship(back_populates="whole", lazy="raise")

    @hybrid_property
    def worth(self) -> Decimal | None:
        """The price, as often as the number says."""
        return None if self.price is None or self.number is None else self.price * self.number

    @hybrid_property
    def noise(self) -> Decimal | None:
        """What SQLite computes otherwise than on paper."""
        return None if self.number is None else self.rate * self.number

    @hybrid_property
    def length(self) -> int | None:
        """How many characters the text has."""
        return None if self.text is None else len(self.text)

    @worth.inplace.expression
    @classmethod
    def _worth_in_sql(cls) -> ColumnElement[Decimal | None]:
        return cls.price * cls.number

    @noise.inplace.expression
    @classmethod
    def _noise_in_sql(cls) -> ColumnElement[Decimal | None]:
        return cls.rate * cls.number  # type: ignore[return-value]  # mypy loses the None of a product

    @length.inplace.expression
    @classmethod
    def _length_in_sql(cls) -> ColumnElement[int | None]:
        return func.length(cls.text)
