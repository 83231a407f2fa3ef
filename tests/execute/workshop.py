"""A workshop: shelves of tools, with numbers among them that their GraphQL types refuse."""

from __future__ import annotations

from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from tests.entity.serving import Rows

TOO_LARGE = 2**40
"""More than an Int holds, less than the column does."""


class Kind(Enum):
    """What a tool does."""

    CUTS = "cuts"
    HOLDS = "holds"


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    best_id: Mapped[int | None]
    capacity: Mapped[int] = mapped_column(BigInteger)
    rank: Mapped[int | None] = mapped_column(BigInteger)

    tools: Mapped[list[Tool]] = relationship(back_populates="shelf", lazy="raise")


class Tool(Base):
    __tablename__ = "tools"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weight: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[float | None]
    parts: Mapped[int]
    word: Mapped[str]
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelves.id"))

    shelf: Mapped[Shelf] = relationship(back_populates="tools", lazy="raise")

    @hybrid_property
    def part_weight(self) -> int:
        """What a part weighs; some tools have none."""
        return self.weight // self.parts

    @hybrid_property
    def kind(self) -> Kind | str:
        """What the tool does; a word that nobody knows stays as it is."""
        return Kind(self.word) if self.word in ("cuts", "holds") else self.word


def rows(_scale: int) -> Rows:
    """Two shelves and five tools: the second is too heavy, the fourth endless, the fifth in no parts and of no kind."""
    too_large = {"capacity": TOO_LARGE, "rank": TOO_LARGE}
    return {
        Shelf: [
            {"name": "Left", "best_id": 1, "capacity": 10, "rank": None},
            {"name": "Right", "best_id": 404, **too_large},
        ],
        Tool: [
            _tool("Axe", 900, 60.5, 2, "cuts", 1),
            _tool("Bench", TOO_LARGE, None, 4, "holds", 1),
            _tool("Chisel", 200, 20.0, 1, "cuts", 1),
            _tool("Drill", 700, float("inf"), 7, "cuts", 2),
            _tool("Eraser", 10, 3.25, 0, "rubs", 2),
        ],
    }


def _tool(name: str, weight: int, length: float | None, parts: int, word: str, shelf: int) -> dict[str, Any]:
    return {"name": name, "weight": weight, "length": length, "parts": parts, "word": word, "shelf_id": shelf}
