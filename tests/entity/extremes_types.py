"""The GraphQL types of specimens and drawers."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time
from decimal import Decimal

from graph.entity import BigInt, Connection, LocalDateTime, Node, entity, query_type
from tests.entity import extremes
from tests.entity.extremes import State


@entity(extremes.Drawer)
class Drawer(Node):
    label: str
    opened_on: date | None
    specimens: Connection[Specimen]


@entity(extremes.Specimen)
class Specimen(Node):
    text: str | None
    badge: str | None
    small: int | None
    number: int | None
    large: BigInt | None
    amount: Decimal | None
    share: Decimal | None
    ratio: float | None
    single: float | None
    is_kept: bool | None
    day: date | None
    moment: datetime | None
    noted_at: LocalDateTime | None
    at: time | None
    token: uuid.UUID | None
    state: State | None
    drawer: Drawer | None


TYPES = (Drawer, Specimen)
Query = query_type(*TYPES)
