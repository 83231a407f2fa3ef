"""The GraphQL types of things."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal

from graph.entity import Connection, Node, entity, query_type
from tests.entity import things
from tests.entity.things import Shape


@entity(things.Box)
class Box(Node):
    name: str | None
    volume: float | None
    things: Connection[Thing]


@entity(things.Label)
class Label(Node):
    text: str
    things: Connection[Thing]


@entity(things.Thing)
class Thing(Node):
    text: str | None
    number: int | None
    price: Decimal | None
    rate: Decimal
    is_new: bool | None
    day: date | None
    moment: datetime | None
    shape: Shape | None
    token: uuid.UUID | None
    worth: Decimal | None
    noise: Decimal | None
    length: int | None
    box: Box | None
    labels: Connection[Label]
    whole: Thing | None
    parts: Connection[Thing]


TYPES = (Box, Label, Thing)
Query = query_type(*TYPES)
