"""Visits to places: moments around changes of the clocks, ties and nulls, to group by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import JSON, DateTime, ForeignKey, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from strawberry import scalars

from db.dialects import variants
from graph.entity import Connection, Node, entity, query_type
from graph.entity.scalars import LocalDateTime
from tests.entity.serving import Rows, Sample


class Base(DeclarativeBase):
    pass


class VisitedPlace(Base):
    __tablename__ = "places"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    stars: Mapped[int]

    visits: Mapped[list[PlaceVisit]] = relationship(back_populates="place", lazy="raise")


class PlaceVisit(Base):
    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    local_at: Mapped[datetime | None]
    day: Mapped[date | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    people: Mapped[int | None]
    share: Mapped[float | None]
    paid: Mapped[bool | None]
    meta: Mapped[Any | None] = mapped_column(variants(JSON(), lambda of: of.json(none_as_null=True)))
    value: Mapped[int]
    place_id: Mapped[int | None] = mapped_column(ForeignKey("places.id"))

    place: Mapped[VisitedPlace | None] = relationship(back_populates="visits", lazy="raise")


@entity(VisitedPlace)
class Place(Node):
    name: str | None
    stars: int
    visits: Connection[Visit]


@entity(PlaceVisit)
class Visit(Node):
    at: datetime | None
    local_at: LocalDateTime | None
    day: date | None
    price: Decimal | None
    people: int | None
    share: float | None
    paid: bool | None
    meta: scalars.JSON | None
    value: int
    place: Place | None


class PlainPlace(NamedTuple):
    """A place in Python."""

    id: int
    name: str | None
    stars: int


class PlainVisit(NamedTuple):
    """A visit in Python."""

    id: int
    at: datetime | None
    local_at: datetime | None
    day: date | None
    price: Decimal | None
    people: int | None
    share: float | None
    paid: bool | None
    meta: dict[str, Any] | None
    value: int
    place: PlainPlace | None


PLACES = [PlainPlace(1, "cave", 2), PlainPlace(2, "beach", 2), PlainPlace(3, None, 5), PlainPlace(4, "cave", 1)]

CHANGES = [  # of the clocks: in Berlin, New York, Havana (at midnight) and Beirut (at midnight)
    *(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)),
    *(datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC)),
    *(datetime(2026, 3, 8, 5, tzinfo=UTC), datetime(2026, 11, 1, 5, tzinfo=UTC)),
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    *(datetime(2024, 12, 31, 23, 30, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
]
SEED = 14
VISITS = 90


def _visits() -> Sequence[PlainVisit]:
    dice = Random(SEED)

    def some(*values: Any) -> Any:
        return dice.choice([None, *values])

    def moment() -> datetime:
        return dice.choice(CHANGES) + timedelta(minutes=30 * dice.randint(-6, 6))

    return [
        PlainVisit(
            number,
            some(moment(), moment(), moment()),
            some(moment().replace(tzinfo=None)),
            some(moment().date(), moment().date()),
            some(*(Decimal(dice.randint(-900, 900)) / 100 for _ in range(4))),
            some(*range(-3, 30)),
            some(*(dice.randint(-40, 40) / 8 for _ in range(4))),
            some(True, False),
            some({"kind": "a", "n": [1]}, {"kind": "b"}, {"kind": None}, {"n": [2, 3]}, {"kind": {"y": 1, "x": 2}}),
            dice.randint(0, 3),
            some(*PLACES),
        )
        for number in range(1, VISITS + 1)
    ]


ALL = list(_visits())


def rows(_scale: int) -> Rows:
    """All rows."""
    visits = [{**visit._asdict(), "place_id": None if visit.place is None else visit.place.id} for visit in ALL]
    for visit in visits:
        del visit["place"]
    return {VisitedPlace: [place._asdict() for place in PLACES], PlaceVisit: visits}


SAMPLE = Sample("visits", Base.metadata, rows, query_type(Place, Visit))
