"""Ports, ships and crates: few rows, with nulls and circles among them, for fields that the house did not write."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from tests.entity.serving import Rows


class Base(DeclarativeBase):
    pass


class Port(Base):
    __tablename__ = "ports"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    depth: Mapped[int | None]

    ships: Mapped[list[Ship]] = relationship(back_populates="port", lazy="raise")


class Ship(Base):
    __tablename__ = "ships"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    tonnage: Mapped[int]
    port_id: Mapped[int | None] = mapped_column(ForeignKey("ports.id"))
    tug_id: Mapped[int | None] = mapped_column(ForeignKey("ships.id"))

    port: Mapped[Port | None] = relationship(back_populates="ships", lazy="raise")
    tug: Mapped[Ship | None] = relationship(remote_side=id, lazy="raise")
    crates: Mapped[list[Crate]] = relationship(back_populates="ship", lazy="raise")


class Crate(Base):
    __tablename__ = "crates"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    weight: Mapped[int | None]
    ship_id: Mapped[int] = mapped_column(ForeignKey("ships.id"))

    ship: Mapped[Ship] = relationship(back_populates="crates", lazy="raise")


SHIPS = 9


def rows(_scale: int) -> Rows:
    """Three ports, nine ships of which every fourth is at sea, and two crates on every second ship."""
    ships = range(1, SHIPS + 1)
    return {
        Port: [{"name": "Cuxhaven", "depth": 12}, {"name": "Zadar", "depth": None}, {"name": "Vik", "depth": 3}],
        Ship: [
            {
                "name": f"Ship {number}",
                "tonnage": number * 10,
                "port_id": None if number % 4 == 0 else number % 3 + 1,
                "tug_id": None if number % 3 == 0 else number // 2 + 1,
            }
            for number in ships
        ],
        Crate: [
            {"label": f"Crate {number}.{place}", "weight": place * number or None, "ship_id": number}
            for number in ships
            if number % 2
            for place in range(2)
        ],
    }
