"""The rows of things as plain objects, for whoever reckons without a database."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.entity import things
from tests.entity.serving import Rows, Sample
from tests.entity.things import Shape
from tests.entity.things_types import Query

TEXTS = (None, "", "a", "A", "b", "B%", "_b", "a/b", "ä", "Ä", "ß", "ΟΔΟΣ", "οδος", "日本", "😀", "a\\b", "'")
NUMBERS = (None, -1, 0, 1, 3)
PRICES = (None, Decimal("0.25"), Decimal("1.75"), Decimal("-0.50"))
RATES = (Decimal("0.10"), Decimal("0.30"), Decimal("0.70"))
DAYS = (None, date(1969, 12, 31), date(2024, 2, 29))
MOMENTS = (None, datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=1))
TOKENS = (None, uuid.UUID(int=1), uuid.UUID(int=2**127))
VOLUMES = (None, 0.1, 2.5)


@dataclass(eq=False)
class BoxRow:
    id: int
    name: str | None
    volume: float | None
    things: list[ThingRow] = field(default_factory=list)


@dataclass(eq=False)
class LabelRow:
    id: int
    text: str
    things: list[ThingRow] = field(default_factory=list)


@dataclass(eq=False)
class ThingRow:
    id: int
    text: str | None
    number: int | None
    price: Decimal | None
    rate: Decimal
    is_new: bool | None
    day: date | None
    moment: datetime | None
    shape: Shape | None
    token: uuid.UUID | None
    box: BoxRow | None
    whole: ThingRow | None
    labels: list[LabelRow]
    parts: list[ThingRow] = field(default_factory=list)

    @property
    def worth(self) -> Decimal | None:
        return None if self.price is None or self.number is None else self.price * self.number

    @property
    def length(self) -> int | None:
        return None if self.text is None else len(self.text)


def make_boxes() -> list[BoxRow]:
    names = ("north", None, "south", "north", "empty")
    return [BoxRow(number, name, VOLUMES[number % 3]) for number, name in enumerate(names, 1)]


def make_things(boxes: list[BoxRow], labels: list[LabelRow], times: int) -> list[ThingRow]:
    chance = Random(11)
    made: list[ThingRow] = []
    for number in range(1, times + 1):
        thing = ThingRow(
            id=number,
            text=chance.choice(TEXTS),
            number=chance.choice(NUMBERS),
            price=chance.choice(PRICES),
            rate=chance.choice(RATES),
            is_new=chance.choice((None, False, True)),
            day=chance.choice(DAYS),
            moment=chance.choice(MOMENTS),
            shape=chance.choice((None, *Shape)),
            token=chance.choice(TOKENS),
            box=chance.choice((None, *boxes[:-1])),
            whole=chance.choice((None, *made[:6])),
            labels=chance.sample(labels, chance.choice((0, 1, 3))),
        )
        made.append(thing)
        for owner in (thing.box, *thing.labels):
            if owner is not None:
                owner.things.append(thing)
        if thing.whole is not None:
            thing.whole.parts.append(thing)
    return made


LABELS = [LabelRow(number, text) for number, text in enumerate(("red", "Red", "grün", "GRÜN"), 1)]
BOXES = make_boxes()
THINGS = make_things(BOXES, LABELS, 40)

COLUMNS = ("id", "text", "number", "price", "rate", "is_new", "day", "moment", "shape", "token")


def thing_columns(thing: ThingRow) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in COLUMNS} | {
        "box_id": thing.box and thing.box.id,
        "whole_id": thing.whole and thing.whole.id,
    }


def rows(_scale: int) -> Rows:
    """The rows of every table."""
    return {
        things.Box: [{"id": box.id, "name": box.name, "volume": box.volume} for box in BOXES],
        things.Label: [{"id": label.id, "text": label.text} for label in LABELS],
        things.Thing: [thing_columns(thing) for thing in THINGS],
        things.thing_label: [
            {"thing_id": thing.id, "label_id": label.id} for thing in THINGS for label in thing.labels
        ],
    }


SAMPLE = Sample("things", things.Base.metadata, rows, Query)
