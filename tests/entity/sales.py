"""Views as people have them: with a key that is told, without a key, and with rows that repeat.

Tables of a shop and three views over them; a table whose rows nothing tells apart. The SQL of the views is the same on
every database.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import DDL, JSON, Column, ForeignKey, String, Table, event
from sqlalchemy.orm import DeclarativeBase, Mapped, foreign, mapped_column, relationship

from db.views import Keyless, View


class Base(DeclarativeBase):
    pass


stocked = Table("stocked", Base.metadata, Column("shop_id", ForeignKey("shop.id")), Column("code", String(20)))


class Shop(Base):
    """A table with a key."""

    __tablename__ = "shop"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)

    sales: Mapped[list[Sale]] = relationship(back_populates="shop", lazy="raise")
    lines: Mapped[list[SaleLine]] = relationship(back_populates="shop", lazy="raise", viewonly=True)
    total: Mapped[ShopTotal | None] = relationship(back_populates="shop", lazy="raise", viewonly=True, uselist=False)
    goods: Mapped[list[Good]] = relationship(
        secondary=stocked,
        primaryjoin=lambda: Shop.id == stocked.c.shop_id,
        secondaryjoin=lambda: foreign(stocked.c.code) == Good.code,
        lazy="raise",
        viewonly=True,
    )


class Sale(Base):
    """What the views are made of."""

    __tablename__ = "sale"

    id: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shop.id"))
    product: Mapped[str | None] = mapped_column(String(40))
    amount: Mapped[int | None]
    day: Mapped[date | None]

    shop: Mapped[Shop | None] = relationship(back_populates="sales", lazy="raise")


class SaleLine(Keyless, View, Base):
    """A view without a key: rows repeat, and every value may be null."""

    __tablename__ = "sale_lines"

    shop_id: Mapped[int | None] = mapped_column(ForeignKey("shop.id"))
    product: Mapped[str | None] = mapped_column(String(40))
    id: Mapped[int | None] = mapped_column(doc="A column of that name, which is no key.")
    day: Mapped[date | None]

    shop: Mapped[Shop | None] = relationship(back_populates="lines", lazy="raise", viewonly=True)


class ShopTotal(View, Base):
    """A view with a key that is told, which refers to a table."""

    __tablename__ = "shop_totals"

    shop_id: Mapped[int] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    sales: Mapped[int]
    amount: Mapped[int | None]

    shop: Mapped[Shop] = relationship(back_populates="total", lazy="raise", viewonly=True)


class Good(Keyless, Base):
    """A table without a key, which others name by a column that may repeat."""

    __tablename__ = "good"

    code: Mapped[str | None] = mapped_column(String(20))
    label: Mapped[str | None] = mapped_column(String(20))


class Note(Keyless, Base):
    """Nothing to put rows in order by."""

    __tablename__ = "note"

    body: Mapped[Any | None] = mapped_column(JSON)


for sql in (
    "CREATE VIEW sale_lines AS SELECT shop_id, product, amount AS id, day FROM sale",
    "CREATE VIEW shop_totals AS SELECT shop_id, count(*) AS sales, sum(amount) AS amount FROM sale"
    " WHERE shop_id IS NOT NULL GROUP BY shop_id",
):
    event.listen(Base.metadata, "after_create", DDL(sql))  # type: ignore[no-untyped-call]  # SQLAlchemy's
