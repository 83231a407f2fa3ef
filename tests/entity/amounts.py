"""Numbers that doubles round: decimals with and without a scale, single precision, 64 bits, JSON."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, REAL, BigInteger, Double, Float, ForeignKey, Numeric, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.sql import ColumnElement
from strawberry import scalars

from graph.entity import BigInt, Connection, Node, entity, query_type
from tests.entity.serving import Rows, Sample


class Base(DeclarativeBase):
    pass


class LedgerRow(Base):
    __tablename__ = "ledgers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    amounts: Mapped[list[AmountRow]] = relationship(back_populates="ledger", lazy="raise")

    @hybrid_property
    def total(self) -> Decimal:
        """What its amounts are worth together."""
        return sum((amount.worth or Decimal(0) for amount in self.amounts), Decimal(0))

    @total.inplace.expression
    @classmethod
    def _total_in_sql(cls) -> ColumnElement[Any]:
        return (
            select(func.coalesce(func.sum(AmountRow.worth), 0))
            .where(AmountRow.ledger_id == cls.id)
            .correlate_except(AmountRow)
            .scalar_subquery()
        )


class AmountRow(Base):
    __tablename__ = "amounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2), index=True)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(6, 4))
    free: Mapped[Decimal | None] = mapped_column(Numeric())
    whole: Mapped[int | None] = mapped_column(BigInteger)
    single: Mapped[float | None] = mapped_column(REAL)
    narrow: Mapped[float | None] = mapped_column(Float(24))
    double: Mapped[float | None] = mapped_column(Double)
    weight: Mapped[Decimal | None] = mapped_column(Float(asdecimal=True))
    payload: Mapped[Any | None] = mapped_column(JSON)
    ledger_id: Mapped[int | None] = mapped_column(ForeignKey("ledgers.id"))

    ledger: Mapped[LedgerRow | None] = relationship(back_populates="amounts", lazy="raise")

    @hybrid_property
    def worth(self) -> Decimal | None:
        """The price at the rate."""
        return None if self.price is None or self.rate is None else self.price * self.rate


@entity(AmountRow)
class Amount(Node):
    price: Decimal | None
    rate: Decimal | None
    free: Decimal | None
    whole: BigInt | None
    single: float | None
    narrow: float | None
    double: float | None
    weight: Decimal | None
    payload: scalars.JSON | None
    worth: Decimal | None
    ledger: Ledger | None


@entity(LedgerRow)
class Ledger(Node):
    name: str
    total: Decimal
    amounts: Connection[Amount]


PRICES = ("0.10", "0.20", "-0.30", "850000.10", "-1249.99", "0.00", "9999999999.99", None, "0.07", "0.10")
RATES = ("0.1000", "1.0001", "0.3333", "2.0000", "-0.0001", "0.7000", None, "1.0000", "0.1000", "0.1000")
FREE = ("1e-12", "2e-12", "1E+30", "-1E+30", "1000000000000000000", "0.1", "0.2", "0", None, "-0.3")
WHOLE = (2**63 - 1, 2**63 - 1, -(2**63), 2**53 + 1, 0, -1, None, 2**62, 3, 3)
SINGLES = (0.1, 0.2, -0.3, 16777216.0, 1e38, 1e-45, None, 0.0, 0.1, 3.5)
DOUBLES = (0.1, 1e308, -1e308, 5e-324, 2.0**53, -0.0, None, 1e23, 0.3, 123456789.0)
DOCUMENTS: tuple[Any, ...] = (
    {"n": [2**70]},
    [0.1],
    [Decimal("0.1000000000000000055")],
    [1e23],
    {"a": 2**64 + 1},
    0.5,
    None,
    1,
    [-(2**90)],
    2,
)


def rows(_scale: int) -> Rows:
    """Ten amounts of three ledgers."""
    decimals = (tuple(None if it is None else Decimal(it) for it in texts) for texts in (PRICES, RATES, FREE))
    columns = zip(*decimals, WHOLE, SINGLES, DOUBLES, DOCUMENTS, strict=True)
    names = ("price", "rate", "free", "whole", "single", "double", "payload")
    made = [dict(zip(names, values, strict=True)) for values in columns]
    return {
        LedgerRow: [{"id": number, "name": name} for number, name in enumerate("abc", 1)],
        AmountRow: [
            {
                "id": number,
                "ledger_id": number % 2 + 1,
                "narrow": row["single"],
                "weight": None if row["price"] is None else Decimal(str(number)) / 10,
                **row,
            }
            for number, row in enumerate(made, 1)
        ],
    }


SAMPLE = Sample("amounts", Base.metadata, rows, query_type(Amount, Ledger))
