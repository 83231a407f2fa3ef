"""The rows of things: full of ties and nulls."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

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


BOXES = ("north", None, "south", "north", "empty")
LABELS = ("red", "Red", "grün", "GRÜN")
THINGS = 40


def rows(_scale: int) -> Rows:
    """The rows of every table. The last box is empty; a thing is a part of one of the first six at most."""
    chance = Random(11)
    made, pairs = [], []
    for number in range(1, THINGS + 1):
        made.append(
            {
                "text": chance.choice(TEXTS),
                "number": chance.choice(NUMBERS),
                "price": chance.choice(PRICES),
                "rate": chance.choice(RATES),
                "is_new": chance.choice((None, False, True)),
                "day": chance.choice(DAYS),
                "moment": chance.choice(MOMENTS),
                "shape": chance.choice((None, *Shape)),
                "token": chance.choice(TOKENS),
                "box_id": chance.choice((None, *range(1, len(BOXES)))),
                "whole_id": chance.choice((None, *range(1, min(number, 7)))),
            }
        )
        labels = chance.sample(range(1, len(LABELS) + 1), chance.choice((0, 1, 3)))
        pairs += [{"thing_id": number, "label_id": label} for label in labels]
    return {
        things.Box: [{"name": name, "volume": VOLUMES[number % 3]} for number, name in enumerate(BOXES, 1)],
        things.Label: [{"text": text} for text in LABELS],
        things.Thing: made,
        things.thing_label: pairs,
    }


SAMPLE = Sample("things", things.Base.metadata, rows, Query)
