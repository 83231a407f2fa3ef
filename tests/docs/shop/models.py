"""The models that the pages on views and functions show."""

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from db.row_functions import row_function
from db.views import Keyless, View


class Base(DeclarativeBase):
    """The base of these models alone."""


class Shop(Base):
    """Where things are sold."""

    __tablename__ = "shops"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class MonthlySales(View, Base):
    """What was sold in a month."""

    __tablename__ = "monthly_sales"

    month: Mapped[date] = mapped_column(primary_key=True)
    shop_id: Mapped[int] = mapped_column(ForeignKey("shops.id"), primary_key=True)
    total: Mapped[Decimal]

    shop: Mapped[Shop] = relationship(lazy="raise", viewonly=True)


class SaleLine(Keyless, View, Base):  # a table without a primary key: class SaleLine(Keyless, Base)
    """One thing that was sold."""

    __tablename__ = "sale_lines"

    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shops.id"))
    product: Mapped[str | None]

    shop: Mapped[Shop | None] = relationship(lazy="raise", viewonly=True)


class User(Base):
    """Somebody."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    full_name = row_function("users_full_name", Text(), doc="Both names.")
