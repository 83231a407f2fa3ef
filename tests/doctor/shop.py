"""A shop with many sales and no index but those of its keys: what a doctor has something to say about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.base import JSON_DOCUMENT


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    sales: Mapped[list[Sale]] = relationship(back_populates="customer", lazy="raise")


class Sale(Base):
    __tablename__ = "sales"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    amount: Mapped[int]
    weight: Mapped[int | None]
    sold_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    note: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSON_DOCUMENT)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))

    customer: Mapped[Customer] = relationship(back_populates="sales", lazy="raise")


class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
