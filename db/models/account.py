"""Accounts that hold money."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ColumnElement, Index
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from db.base import Base, Currency, Id, MinorUnits, Timestamps, references
from db.money import decimal_of, to_decimal

if TYPE_CHECKING:
    from db.models.transfer import Transfer
    from db.models.user import User


class Account(Timestamps, Base):
    """Money of one user in one currency. The balance is never negative."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("balance >= 0", name="balance_is_not_negative"),
        Index(None, "owner_id", "id"),
    )

    id: Mapped[Id]
    currency: Mapped[Currency] = mapped_column(doc="The ISO 4217 code of the account's currency, for instance EUR.")
    balance_minor: Mapped[MinorUnits] = mapped_column(
        "balance", default=0, doc="What the account holds, in minor units."
    )
    owner_id: Mapped[int] = mapped_column(references("users.id"), doc="The owner's number.")

    owner: Mapped[User] = relationship(back_populates="accounts", lazy="raise", doc="Whom the account belongs to.")
    outgoing_transfers: WriteOnlyMapped[Transfer] = relationship(
        foreign_keys="Transfer.from_account_id",
        back_populates="from_account",
        passive_deletes="all",
        doc="Transfers out of the account.",
    )
    incoming_transfers: WriteOnlyMapped[Transfer] = relationship(
        foreign_keys="Transfer.to_account_id",
        back_populates="to_account",
        passive_deletes="all",
        doc="Transfers into the account.",
    )

    @hybrid_property
    def balance(self) -> Decimal:
        """What the account holds."""
        return to_decimal(self.balance_minor, self.currency)

    @balance.inplace.expression
    @classmethod
    def _balance_in_sql(cls) -> ColumnElement[Decimal]:
        return decimal_of(cls.balance_minor, cls.currency)
