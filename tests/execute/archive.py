"""An archive: texts of any length, documents, owners that many papers share, and fields that are computed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import sqlalchemy
import strawberry
from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from strawberry.scalars import JSON
from strawberry.types import Info

from graph.entity import Connection, Node, computed, entity, query_type
from tests.entity.serving import Rows, Sample

LETTERS = 1_000
"""Of each long text."""


class Base(DeclarativeBase):
    pass


class OwnerRow(Base):
    __tablename__ = "owners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    story: Mapped[str] = mapped_column(Text)

    papers: Mapped[list[PaperRow]] = relationship(back_populates="owner", lazy="raise")


class PaperRow(Base):
    __tablename__ = "papers"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(Text)
    data: Mapped[Any] = mapped_column(sqlalchemy.JSON)
    weight: Mapped[float]
    owner_id: Mapped[int] = mapped_column(ForeignKey("owners.id"))

    owner: Mapped[OwnerRow] = relationship(back_populates="papers", lazy="raise")


@entity(OwnerRow)
class Owner(Node):
    name: str
    story: str
    papers: Connection[Paper]


NAPS_S = 0.004
"""Of the resolver that takes its time."""

CALLS: list[str] = []
"""Every call of a resolver, by its name."""


@entity(PaperRow)
class Paper(Node):
    title: str
    text: str | None
    data: JSON
    weight: float
    owner: Owner

    @computed(needs=["title"])
    def loud(self, times: int = 1) -> str:
        """Made of columns and arguments alone."""
        CALLS.append("loud")
        return self.title.upper() * times

    @computed(needs=["title"])
    async def quiet(self) -> str:
        """The same, to be waited for."""
        CALLS.append("quiet")
        return self.title.lower()

    @computed(needs=["title"])
    def named(self, info: Info[Any, Any]) -> str:
        """Made of its own place."""
        CALLS.append("named")
        return f"{info.path.key}"

    @computed(needs=["title"])
    def words(self) -> list[str]:
        """A list, completed one by one."""
        CALLS.append("words")
        return self.title.split()

    @computed(needs=["title"])
    def letters(self) -> list[str]:
        """A list that can be gone through once."""
        CALLS.append("letters")
        return iter(self.title)  # type: ignore[return-value]  # resolvers may return any iterable

    @computed(needs=["title"])
    async def letters_later(self) -> list[str]:
        """The same, to be waited for."""
        CALLS.append("lettersLater")
        return iter(self.title)  # type: ignore[return-value]  # resolvers may return any iterable

    @computed(needs=["id"])
    def idle(self) -> bool:
        """Takes its time, and the processor's."""
        CALLS.append("idle")
        until = time.perf_counter() + NAPS_S
        while time.perf_counter() < until:
            pass
        return True

    @computed(needs=["title"])
    def folded(self) -> Fold:
        """An object of no table."""
        CALLS.append("folded")
        return Fold(inside=self.title)

    @computed(needs=["title"])
    def torn(self) -> str | None:
        """Always an error."""
        CALLS.append("torn")
        raise ValueError(self.title)

    @computed(needs=["title"])
    async def torn_later(self) -> str | None:
        """The same, to be waited for."""
        CALLS.append("tornLater")
        raise ValueError(self.title)


@strawberry.type
class Fold:
    """What a resolver makes."""

    inside: str


@strawberry.type
class Query(query_type(Owner, Paper)):  # type: ignore[misc]  # made while running
    """The house's fields, and lists without an end."""

    @strawberry.field
    def endless(self) -> list[str | None]:
        """Goes on until nobody wants more."""

        def lines() -> Iterator[str]:
            while True:
                CALLS.append("endless")
                yield "line"

        return lines()  # type: ignore[return-value]  # resolvers may return any iterable

    @strawberry.field
    async def endless_later(self) -> list[str]:
        """The same, to be waited for."""

        async def lines() -> AsyncIterator[str]:
            while True:
                CALLS.append("endless")
                yield "line"

        return lines()  # type: ignore[return-value]  # resolvers may return any iterable


def rows(scale: int) -> Rows:
    """Three owners, and forty papers of each, with control characters, quotes and letters of several bytes."""
    text = 'Ä "quoted"\\\t\x01 😀 日本 '
    long = (text * LETTERS)[:LETTERS]
    return {
        OwnerRow: [{"name": f"Owner {number}", "story": long} for number in range(3)],
        PaperRow: [
            {
                "title": f"Paper {number} {text}",
                "text": None if number % 4 == 0 else long,
                "data": {"list": [number, None, {"deep": text}], "number": 2**60},
                "weight": number / 7,
                "owner_id": 1 + number % 3,
            }
            for number in range(120 * scale)
        ],
    }


ARCHIVE = Sample("archive", Base.metadata, rows, Query)
