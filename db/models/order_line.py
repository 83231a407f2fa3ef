"""The lines of orders."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKeyConstraint, Index, Numeric, cast
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Currency, Id, Line, MinorUnits
from db.money import decimal_of, to_decimal

if TYPE_CHECKING:
    from db.models.order import Order


class OrderLine(Base):
    """One thing in an order: how many, and what each costs."""

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["order_id", "currency"], ["orders.id", "orders.currency"], ondelete="CASCADE"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("unit_price >= 0", name="unit_price_is_not_negative"),
        Index(None, "order_id", "id"),
    )

    id: Mapped[Id]
    description: Mapped[Line] = mapped_column(doc="What is bought.")
    quantity: Mapped[int] = mapped_column(doc="How many of it; at least 1.")
    unit_price_minor: Mapped[MinorUnits] = mapped_column("unit_price", doc="What one costs, in minor units.")
    order_id: Mapped[uuid.UUID] = mapped_column(doc="The order's UUID.")
    currency: Mapped[Currency] = mapped_column(doc="The order's currency.")

    order: Mapped[Order] = relationship(back_populates="lines", lazy="raise", doc="The order that the line belongs to.")

    @hybrid_property
    def unit_price(self) -> Decimal:
        """What one costs."""
        return to_decimal(self.unit_price_minor, self.currency)

    @unit_price.inplace.expression
    @classmethod
    def _unit_price_in_sql(cls) -> ColumnElement[Decimal]:
        return decimal_of(cls.unit_price_minor, cls.currency)

    @hybrid_property
    def total_price_minor(self) -> int:
        """Quantity times unit price, in minor units."""
        return self.quantity * self.unit_price_minor

    @total_price_minor.inplace.expression
    @classmethod
    def _total_price_minor_in_sql(cls) -> ColumnElement[Any]:
        return cast(cls.unit_price_minor, Numeric()) * cls.quantity  # as whole numbers, they might pass 64 bits

    @hybrid_property
    def total_price(self) -> Decimal:
        """Quantity times unit price."""
        return to_decimal(self.quantity * self.unit_price_minor, self.currency)

    @total_price.inplace.expression
    @classmethod
    def _total_price_in_sql(cls) -> ColumnElement[Decimal]:
        return decimal_of(cls.total_price_minor, cls.currency)
