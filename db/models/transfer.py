"""Money on its way from one account to another."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ColumnElement, Index, String, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Currency, MinorUnits, TimeOrderedId, references, utcnow
from db.money import decimal_of, to_decimal

if TYPE_CHECKING:
    from db.models.account import Account


class Transfer(Base):
    """An amount that left one account for another. It is never changed afterwards."""

    __tablename__ = "transfers"
    __table_args__ = (
        UniqueConstraint("from_account_id", "idempotency_key"),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("from_account_id <> to_account_id", name="accounts_differ"),
        Index(None, "from_account_id", "created_at", "id"),
        Index(None, "to_account_id", "created_at", "id"),
    )

    id: Mapped[TimeOrderedId]
    amount_minor: Mapped[MinorUnits] = mapped_column("amount", doc="The amount in minor units; more than 0.")
    currency: Mapped[Currency] = mapped_column(doc="The ISO 4217 code of both accounts' currency.")
    idempotency_key: Mapped[str | None] = mapped_column(
        String(100), doc="The sender's own name for the transfer; one account uses a key once."
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow, doc="When the money moved.")
    from_account_id: Mapped[int] = mapped_column(references("accounts.id"), doc="The sending account's number.")
    to_account_id: Mapped[int] = mapped_column(references("accounts.id"), doc="The receiving account's number.")

    from_account: Mapped[Account] = relationship(
        foreign_keys=[from_account_id],
        back_populates="outgoing_transfers",
        lazy="raise",
        doc="The account that the money left.",
    )
    to_account: Mapped[Account] = relationship(
        foreign_keys=[to_account_id],
        back_populates="incoming_transfers",
        lazy="raise",
        doc="The account that the money reached.",
    )

    @hybrid_property
    def amount(self) -> Decimal:
        """How much was moved."""
        return to_decimal(self.amount_minor, self.currency)

    @amount.inplace.expression
    @classmethod
    def _amount_in_sql(cls) -> ColumnElement[Decimal]:
        return decimal_of(cls.amount_minor, cls.currency)
