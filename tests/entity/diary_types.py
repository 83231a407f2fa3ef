"""The GraphQL types of a diary."""

from __future__ import annotations

from datetime import date, datetime, time

from graph.entity import Connection, Node, entity, query_type
from tests.entity import diary
from tests.entity.serving import Sample


@entity(diary.Day, keys=["begins_at"])
class Day(Node):
    begins_at: datetime
    name: str
    entries: Connection[Entry]


@entity(diary.Entry)
class Entry(Node):
    day_at: datetime
    zoned_at: datetime | None
    local_at: datetime | None
    kept_at: datetime
    decorated_at: datetime | None
    day: date | None
    hour: time | None
    of_day: Day


SAMPLE = Sample("diary", diary.Base.metadata, diary.rows, query_type(Day, Entry))
