"""The GraphQL types of ages and finds."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal

from strawberry.scalars import JSON

from graph.entity import BigInt, Connection, Node, Schema, computed, entity, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import Crud, Right, mutation_type
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
        return None if self.day is None else self.day.isoweekday()


DIGGER = Viewer(1, frozenset({"digger"}))

_all_ages = Crud(Age, ["began", "name"], may=lambda _viewer, _row: True, create=Right("digger"))
_all_finds = Crud(
    Find,
    ["name", "day", "noted_at", "seen_at", "kept_at", "at", "kind", "payload", "number"],
    may=lambda _viewer, _row: True,
    create=Right("digger"),
)

AGES = Sample("ages", ages.Base.metadata, lambda _scale: {}, query_type(Age, Find))
SCHEMA = Schema(
    AGES.query,
    Settings.model_construct(),
    mutation=mutation_type(
        [_all_ages.create, _all_ages.create_many, _all_finds.create, _all_finds.update, _all_finds.delete]
    ),
)
