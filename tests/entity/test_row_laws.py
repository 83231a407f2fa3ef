"""Whatever is asked of rows without a key, they answer what the same rows answer that have one.

The things of `tests.entity.things` are shown a second time by a model that knows no key of theirs.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Mapped, relationship

from db.views import Keyless
from graph.entity import Connection, Row, entity, query_type
from graph.entity.directions import is_ordered
from graph.entity.registry import Entity, entity_of
from tests.entity import things, things_types
from tests.entity.asking import measures_of, spelled
from tests.entity.conftest import Filled
from tests.entity.laws import Both, tried
from tests.entity.questions import Subject, Where, some_order, some_where
from tests.entity.reckoning import Row as PlainRow
from tests.entity.reckoning import on_the_wire
from tests.entity.serving import Sample, serve
from tests.entity.things_rows import SAMPLE as THINGS
from tests.entity.things_types import Box, Label


class Likeness(Keyless, things.Base):
    """The rows of things, by a model that takes nothing for a key."""

    __table__ = things.Thing.__table__

    box: Mapped[things.Box | None] = relationship(viewonly=True, lazy="raise")
    labels: Mapped[list[things.Label]] = relationship(
        secondary=things.thing_label,
        primaryjoin=lambda: things.Thing.__table__.c.id == things.thing_label.c.thing_id,
        secondaryjoin=lambda: things.Label.id == things.thing_label.c.label_id,
        viewonly=True,
        lazy="raise",
    )


@entity(Likeness, plural="likenesses")
class LikenessOfThing(Row):
    text: str | None
    number: int | None
    price: Decimal | None
    rate: Decimal
    is_new: bool | None
    day: date | None
    moment: datetime | None
    shape: things.Shape | None
    token: uuid.UUID | None
    box: Box | None
    labels: Connection[Label]


LIKENESS = entity_of(LikenessOfThing)
SAMPLE = Sample(THINGS.name, THINGS.metadata, THINGS.rows, query_type(*things_types.TYPES, LikenessOfThing))
VALUES = [name for name, attribute in LIKENESS.attributes.items() if is_ordered(attribute)]
SHOWN = f"{' '.join(VALUES)} box {{ name }} labels {{ totalCount }}"


class Likenesses(Subject):
    """What is asked about: the rows of both are the same."""

    def of(self, entity: Entity) -> Sequence[PlainRow]:
        return super().of(entity_of(things_types.Thing) if entity is LIKENESS else entity)


SUBJECT = Likenesses(SAMPLE, *things_types.TYPES)


@pytest.fixture
async def served(filled: Filled) -> AsyncIterator[Both]:
    sqlite, postgresql = await filled(THINGS, "sqlite"), await filled(THINGS, "postgresql")
    async with serve(sqlite, SAMPLE) as first, serve(postgresql, SAMPLE) as second:
        yield {"sqlite": first, "postgresql": second}


ANSWER = f"""{{
  nodes {{ {SHOWN} }}
  totalCount
  pageInfo {{ hasNextPage }}
  aggregate {{ {measures_of(LIKENESS)} groupBy(by: $group) {{ nodes {{ count }} }} }}
}}"""
WITH_KEY = f"""
query ($where: ThingFilter, $order: [ThingSort!], $group: [ThingGroupBy!]!) {{
  found: things(where: $where, orderBy: $order, first: 100) {ANSWER}
}}
"""
WITHOUT_KEY = f"""
query ($where: LikenessOfThingFilter, $order: [LikenessOfThingSort!], $group: [LikenessOfThingGroupBy!]!,
       $size: Int!, $offset: Int!) {{
  found: likenesses(where: $where, orderBy: $order, limit: $size, offset: $offset) {ANSWER}
}}
"""


@tried(4)
@given(
    where=some_where(SUBJECT, LIKENESS),
    order=some_order(LIKENESS),
    size=st.integers(0, 20),
    offset=st.integers(0, 30),
    group=st.sampled_from(["NUMBER", "BOX", "SHAPE"]),
)
async def test_rows_answer_alike_with_a_key_and_without(
    where: Where, order: list[Any], size: int, offset: int, group: str, served: Both
) -> None:
    """In an order by all that is compared, what the order takes for equal is equal."""
    terms = spelled([*order[:1], *(((name,), "ASC") for name in VALUES)])
    asked = {"where": on_the_wire(where), "order": terms, "group": [{"value": group}]}
    for api in served.values():
        refusals = await api.errors(WITH_KEY, **asked)
        assert await api.errors(WITHOUT_KEY, **asked, size=size, offset=offset) == refusals
        if refusals:
            continue
        whole = (await api.ask(WITH_KEY, **asked))["found"]
        page = (await api.ask(WITHOUT_KEY, **asked, size=size, offset=offset))["found"]
        assert page["nodes"] == whole["nodes"][offset : offset + size]
        assert page["totalCount"] == whole["totalCount"]
        assert page["aggregate"] == whole["aggregate"]
        assert page["pageInfo"]["hasNextPage"] is (whole["totalCount"] > offset + size)
