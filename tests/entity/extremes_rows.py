"""The rows of specimens: values at the ends of their types, beside one another, with nulls and ties."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.entity import extremes
from tests.entity.extremes import State
from tests.entity.extremes_types import Query
from tests.entity.serving import Rows, Sample

TICK = timedelta(microseconds=1)
FIRST = datetime.combine(date.min, time.min, UTC)
LAST = datetime.combine(date.max, time.max, UTC)
NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)


def local(moment: datetime) -> datetime:
    """The moment as a clock on the wall shows it."""
    return moment.replace(tzinfo=None)


VALUES: Mapping[str, Sequence[Any]] = {
    "text": (
        "",
        "a",
        "A",
        " a ",
        "\u00e4",
        "a\u0308",
        "ß",
        "ẞ",
        "ﬁ",
        "Σας",
        "ΣΑΣ",
        "İ",
        "\u0131",  # i without its dot
        "日本",
        "😀",
        "%_\\/",
        "\n",
    ),
    "badge": ("", "a", "ab", "abcde", "A"),
    "small": (-(2**15), -1, 0, 2**15 - 1),
    "number": (-(2**31), -1, 0, 1, 2**31 - 1),
    "large": (-(2**57), -1, 0, 2**53 + 1, 2**53, 2**57),
    "amount": tuple(map(Decimal, ("0", "0.0001", "-0.0001", "0.1", "99999999999.9999", "-99999999999.9999"))),
    "share": tuple(map(Decimal, ("0", "0.1", "0.2", "0.000000000001", "0.000000000002", "-12345.678", "1000000"))),
    "ratio": (0.0, 0.1, 1 / 3, -0.25, 1e300, 2.5e-300),
    "single": (0.0, 0.5, -1.5, 16_777_216.0),
    "is_kept": (False, True),
    "day": (date.min, date.max, date(1970, 1, 1), date(2024, 2, 29)),
    "moment": (FIRST, LAST, LAST - TICK, NEW_YEAR, NEW_YEAR + TICK),
    "noted_at": tuple(map(local, (FIRST, FIRST + TICK, LAST, NEW_YEAR, NEW_YEAR - TICK))),
    "at": (time.min, time.max, time(12), time(12, 0, 0, 1)),
    "token": (uuid.UUID(int=0), uuid.UUID(int=1), uuid.UUID(int=2**128 - 1), uuid.UUID(int=2**127)),
    "state": tuple(State),
    "drawer_id": (1, 2, 3),
}
SPECIMENS = 60


def rows(_scale: int) -> Rows:
    """The rows of both tables. The last drawer is empty."""
    chance = Random(5)
    labels = ("", "x", "Ärmel", "x")
    days = (date.min, None, date.max, date.max)
    return {
        extremes.Drawer: [{"label": label, "opened_on": day} for label, day in zip(labels, days, strict=True)],
        extremes.Specimen: [
            {name: chance.choice((None, *values)) for name, values in VALUES.items()} for _ in range(SPECIMENS)
        ],
    }


EXTREMES = Sample("extremes", extremes.Base.metadata, rows, Query)
