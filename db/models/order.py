"""Orders: what a customer buys, line by line."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Index, UniqueConstraint, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Currency, TimeOrderedId, Timestamps, Word, references, text_enum
from db.models.order_line import OrderLine
from db.money import decimal_of, to_decimal

if TYPE_CHECKING:
    from db.models.user import User


class OrderStatus(Word):
    """How far an order has come."""

    PENDING = "pending", "Placed, not paid yet."
    PAID = "paid", "Paid, waiting to be sent."
    SHIPPED = "shipped", "On its way or delivered."
    CANCELLED = "cancelled", "Called off."


class Order(Timestamps, Base):
    """A purchase in one currency. Deleting it takes its lines along."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("id", "currency"),  # the target of the lines' foreign key: lines have their order's currency
        Index(None, "customer_id", "created_at", "id"),
        Index(None, "status", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[TimeOrderedId]
    status: Mapped[OrderStatus] = mapped_column(
        text_enum(OrderStatus),
        default=OrderStatus.PENDING,
        doc="Whether the order is pending, paid, shipped or cancelled.",
    )
    currency: Mapped[Currency] = mapped_column(doc="The ISO 4217 code of the order's currency, for instance EUR.")
    customer_id: Mapped[int] = mapped_column(references("users.id"), doc="The customer's number.")

    customer: Mapped[User] = relationship(back_populates="orders", lazy="raise", doc="Who placed the order.")
    lines: Mapped[list[OrderLine]] = relationship(
        back_populates="order", cascade="all, delete-orphan", passive_deletes=True, lazy="raise", doc="What is ordered."
    )

    @hybrid_property
    def total_price_minor(self) -> int:
        """The sum of the lines, in minor units."""
        return sum(line.total_price_minor for line in self.lines)

    @total_price_minor.inplace.expression
    @classmethod
    def _total_price_minor_in_sql(cls) -> ColumnElement[Any]:
        return (
            select(func.coalesce(func.sum(OrderLine.total_price_minor), 0))
            .where(OrderLine.order_id == cls.id)
            .correlate_except(OrderLine)
            .scalar_subquery()
        )

    @hybrid_property
    def total_price(self) -> Decimal:
        """The sum of the lines."""
        return to_decimal(self.total_price_minor, self.currency)

    @total_price.inplace.expression
    @classmethod
    def _total_price_in_sql(cls) -> ColumnElement[Decimal]:
        return decimal_of(cls.total_price_minor, cls.currency)
