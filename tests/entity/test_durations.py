"""Durations, bytes and times with an offset, which every database keeps in some form."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Interval, LargeBinary, Time
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db import durations
from db.durations import Duration
from db.kinds import OffsetTime
from graph.entity import Node, entity, query_type
from tests.databases import Database
from tests.entity.laws import tried
from tests.entity.serving import Api, Sample, fill, serve


class Base(DeclarativeBase):
    pass


class RecordingRow(Base):
    __tablename__ = "recordings"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    lasts: Mapped[timedelta | None] = mapped_column(Interval)
    begins_at: Mapped[time | None] = mapped_column(Time(timezone=True))


@entity(RecordingRow)
class Recording(Node):
    """A recording."""

    digest: bytes
    lasts: timedelta | None
    begins_at: OffsetTime | None


ROWS: list[dict[str, Any]] = [
    {"digest": b"", "lasts": timedelta(days=1, seconds=-1), "begins_at": time(12, tzinfo=UTC)},
    {
        "digest": b"\x00\xff",
        "lasts": timedelta(microseconds=1),
        "begins_at": time(12, tzinfo=timezone(timedelta(hours=1))),
    },
    {"digest": b"a", "lasts": None, "begins_at": None},
]
SAMPLE = Sample("recordings", Base.metadata, lambda _scale: {RecordingRow: ROWS}, query_type(Recording))


@pytest.fixture
async def recordings(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, SAMPLE)
    async with serve(blank_database, SAMPLE) as api:
        yield api


async def test_they_are_shown_ordered_and_paged(recordings: Api) -> None:
    document = """
      query ($after: String) {
        recordings(first: 1, after: $after, orderBy: [{lasts: DESC}]) { edges { cursor node { digest lasts } } }
      }
    """
    seen, after = [], None
    for _ in ROWS:
        (edge,) = (await recordings.ask(document, after=after))["recordings"]["edges"]
        seen.append(edge["node"])
        after = edge["cursor"]
    assert seen == [
        {"digest": "", "lasts": "PT23H59M59S"},
        {"digest": "AP8=", "lasts": "PT0.000001S"},
        {"digest": "YQ==", "lasts": None},
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ('{lasts: {eq: "PT86399S"}}', [""]),
        ('{lasts: {lt: "PT1S"}}', ["AP8="]),
        ('{digest: {in: ["YQ==", "AP8="]}}', ["AP8=", "YQ=="]),
        ('{digest: {gt: "AP8="}}', ["YQ=="]),
        ('{beginsAt: {eq: "12:00:00Z"}}', [""]),
        ('{beginsAt: {lt: "12:00:00Z"}}', ["AP8="]),
    ],
)
async def test_they_are_compared(where: str, found: list[str], recordings: Api) -> None:
    nodes = (await recordings.ask(f"{{ recordings(where: {where}) {{ nodes {{ digest }} }} }}"))["recordings"]["nodes"]
    assert [node["digest"] for node in nodes] == found


async def test_they_are_aggregated_and_found_by_their_ids(recordings: Api) -> None:
    found = await recordings.ask(
        "{ recordingsAggregate { min { lasts } max { lasts } } recordings { nodes { id digest } } }"
    )
    assert found["recordingsAggregate"] == {"min": {"lasts": "PT0.000001S"}, "max": {"lasts": "PT23H59M59S"}}
    for node in found["recordings"]["nodes"]:
        assert await recordings.ask("query ($id: ID!) { recording(id: $id) { digest } }", id=node["id"]) == {
            "recording": {"digest": node["digest"]}
        }


PARTS = st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(-(10**15), 10**15))


@tried(examples=200)
@given(PARTS)
def test_a_duration_is_read_as_it_is_written(parts: tuple[int, int, int]) -> None:
    found = durations.duration(durations.in_iso_8601(Duration(*parts)))
    assert durations.parts(found) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("P1Y2M3DT4H5M6.5S", (14, 3, 14_706_500_000)),
        ("P2W", (0, 14, 0)),
        ("-P1M", (-1, 0, 0)),
        ("P-1M1DT-0.5S", (-1, 1, -500_000)),
        ("PT0S", (0, 0, 0)),
    ],
)
def test_every_part_may_have_a_sign(text: str, parts: tuple[int, int, int]) -> None:
    assert durations.parts(durations.duration(text)) == parts


@pytest.mark.parametrize("text", ["", "P", "PT", "1D", "P1H", "PT1.1234567S", "P1DT", "P1.5D", "P١D"])  # noqa: RUF001 - digits
def test_other_texts_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        durations.duration(text)
