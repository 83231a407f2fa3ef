"""Farms and their trees, of which an index finds those of one farm: doubles that hang on the order they are added in.

Regions have a key of two columns, and farms name it; half of the rows are without anything below them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, Double, ForeignKey, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graph.entity import BigInt, Connection, Node, entity, query_type
from tests.entity.serving import Rows, Sample


class Base(DeclarativeBase):
    pass


class RegionRow(Base):
    __tablename__ = "regions"

    country: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(primary_key=True)

    farms: Mapped[list[FarmRow]] = relationship(back_populates="region", lazy="raise")


class FarmRow(Base):
    __tablename__ = "farms"
    __table_args__ = (
        ForeignKeyConstraint(("country", "code"), ("regions.country", "regions.code")),
        Index("ix_farms_region", "country", "code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    country: Mapped[str | None]
    code: Mapped[int | None]

    region: Mapped[RegionRow | None] = relationship(back_populates="farms", lazy="raise")
    trees: Mapped[list[TreeRow]] = relationship(back_populates="farm", lazy="raise")


class TreeRow(Base):
    __tablename__ = "trees"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str | None]
    weight: Mapped[float | None] = mapped_column(Double)
    apples: Mapped[int | None] = mapped_column(BigInteger)
    price: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    planted: Mapped[date | None]
    farm_id: Mapped[int | None] = mapped_column(ForeignKey("farms.id"), index=True)

    farm: Mapped[FarmRow | None] = relationship(back_populates="trees", lazy="raise")


@entity(RegionRow)
class Region(Node):
    country: str
    code: int
    farms: Connection[Farm]


@entity(FarmRow)
class Farm(Node):
    name: str
    region: Region | None
    trees: Connection[Tree]


@entity(TreeRow)
class Tree(Node):
    kind: str | None
    weight: float | None
    apples: BigInt | None
    price: Decimal | None
    planted: date | None
    farm: Farm | None


WEIGHTS = (0.1, 0.2, 0.3)
TREES = 48


def _rows(_scale: int) -> Rows:
    regions = [("AT", 1), ("AT", 2), ("DE", 1), ("DE", 9)]
    farms = [
        (number, f"Farm {number % 5}", regions[number % 3] if number % 4 else (None, None)) for number in range(16)
    ]
    return {
        RegionRow: [{"country": country, "code": code} for country, code in regions],
        FarmRow: [
            {"id": number, "name": name, "country": country, "code": code} for number, name, (country, code) in farms
        ],
        TreeRow: [
            {
                "id": number,
                "kind": (None, "apple", "Pear", "quince")[number % 4],
                # Farms of an even number have the same three weights, each of them in another order.
                "weight": WEIGHTS[(number // 8 + number % 8 // 2) % 3]
                if number < 24
                else (number / 7, None)[number % 2],
                "apples": None if number % 5 == 0 else 2**62 - number % 3,
                "price": None if number % 3 == 0 else Decimal(number % 7) / 10,
                "planted": None if number % 6 == 0 else date(2000 + number % 4, 1, 1),
                "farm_id": number % 8 * 2 if number < 24 else (number % 3 * 2 + 1 if number % 4 else None),
            }
            for number in range(TREES)
        ],
    }


ORCHARD = Sample("orchard", Base.metadata, _rows, query_type(Region, Farm, Tree))
TYPES = (Region, Farm, Tree)
