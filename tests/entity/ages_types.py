"""The GraphQL types of ages and finds."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal

from strawberry.scalars import JSON

from graph.entity import BigInt, Connection, Node, computed, entity, query_type
from tests.entity import ages
from tests.entity.ages import Kind
from tests.entity.serving import Sample


@entity(ages.Age)
class Age(Node):
    began: date
    name: str
    finds: Connection[Find]


@entity(ages.Find)
class Find(Node):
    name: str | None
    day: date | None
    noted_at: datetime | None
    seen_at: datetime | None
    kept_at: datetime | None
    at: time | None
    kind: Kind | None
    token: uuid.UUID | None
    payload: JSON | None
    amount: Decimal | None
    ratio: float | None
    level: int | None
    number: BigInt | None
    age: Age | None
    whole: Find | None
    parts: Connection[Find]

    @computed(needs=["day"])
    def weekday(self) -> int | None:
        """The day of the week, from 1."""
        return None if self.day is None else self.day.isoweekday()  # type: ignore[attr-defined]


AGES = Sample("ages", ages.Base.metadata, lambda _scale: {}, query_type(Age, Find))
