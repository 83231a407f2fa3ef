"""Laws of aggregates: whatever is counted, summed and grouped, both databases reckon as plain Python does."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.entity.laws import Both, tried
from tests.entity.reckoning import on_the_wire
from tests.entity.serving import global_id
from tests.entity.things_rows import BOXES, THINGS, ThingRow
from tests.entity.things_types import Box

MEASURES = """
  count
  min { text number price day moment shape worth length }
  max { text number price day moment shape worth length }
  sum { number price worth length }
  avg { number price length }
"""

GROUPED: dict[str, Callable[[ThingRow], Any]] = {
    "TEXT": lambda thing: thing.text,
    "NUMBER": lambda thing: thing.number,
    "PRICE": lambda thing: on_the_wire(thing.price),
    "IS_NEW": lambda thing: thing.is_new,
    "DAY": lambda thing: on_the_wire(thing.day),
    "SHAPE": lambda thing: on_the_wire(thing.shape),
    "TOKEN": lambda thing: on_the_wire(thing.token),
    "BOX": lambda thing: thing.box and global_id(Box, thing.box.id),
}

KEY = "key { text number price isNew day shape token box { id } }"
NAMES = dict(zip(GROUPED, ["text", "number", "price", "isNew", "day", "shape", "token", "box"], strict=True))

WHOLE = f"query ($where: ThingFilter) {{ thingsAggregate(where: $where) {{ {MEASURES} }} }}"

GROUPS = f"""
query ($fields: [ThingGroupField!]!, $having: ThingHaving, $first: Int) {{
  thingsAggregate {{ groupBy(fields: $fields, having: $having, first: $first) {{ {KEY} {MEASURES} }} }}
}}
"""

IN_BOXES = f"""
query ($fields: [ThingGroupField!]!) {{
  boxes {{ nodes {{ things {{ aggregate {{ {MEASURES} groupBy(fields: $fields) {{ {KEY} {MEASURES} }} }} }} }} }}
}}
"""


def number(value: Any) -> Any:
    """A decimal or a big integer as a number, so that forms of writing do not matter."""
    return Decimal(value) if isinstance(value, str) else value


def extreme(rows: Sequence[ThingRow], choose: Callable[[list[Any]], Any], name: str) -> Any:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    if name == "shape":
        values = [shape.name for shape in values]
    return on_the_wire(choose(values)) if values else None


def summed(rows: Sequence[ThingRow], name: str) -> Any:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return sum(values) if values else None


def averaged(rows: Sequence[ThingRow], name: str) -> Any:
    values = [getattr(row, name) for row in rows if getattr(row, name) is not None]
    return pytest.approx(float(sum(values)) / len(values)) if values else None


def check(found: Any, rows: Sequence[ThingRow]) -> None:
    """Compare what was answered with what Python reckons over these rows."""
    assert found["count"] == len(rows)
    for function, choose in (("min", min), ("max", max)):
        for name, value in found[function].items():
            expected = extreme(rows, choose, name)
            assert (number(value) == number(expected)) if name in ("price", "worth") else (value == expected)
    assert {name: number(value) for name, value in found["sum"].items()} == {
        name: summed(rows, name) for name in found["sum"]
    }
    assert {name: None if value is None else float(value) for name, value in found["avg"].items()} == {
        name: averaged(rows, name) for name in found["avg"]
    }


def grouped(rows: Sequence[ThingRow], fields: Sequence[str]) -> dict[tuple[Any, ...], list[ThingRow]]:
    groups: dict[tuple[Any, ...], list[ThingRow]] = defaultdict(list)
    for row in rows:
        groups[tuple(GROUPED[field](row) for field in fields)].append(row)
    return groups


def key_of(group: Any, fields: Sequence[str]) -> tuple[Any, ...]:
    """What a group shares; nothing else may be told of it."""
    key = group["key"] | {"box": group["key"]["box"] and group["key"]["box"]["id"]}
    assert not any(key[name] for field, name in NAMES.items() if field not in fields)
    return tuple(key[NAMES[field]] for field in fields)


some_fields = st.lists(st.sampled_from(list(GROUPED)), min_size=1, max_size=3, unique=True)


@tried(12)
@given(least=st.integers(-2, 4), text=st.sampled_from(["a", "", "nowhere"]))
async def test_the_whole_is_summed_as_python_sums(least: int, text: str, both: Both) -> None:
    where = {"number": {"gte": least}, "text": {"contains": text}}
    rows = [
        row
        for row in THINGS
        if row.number is not None and row.number >= least and row.text is not None and text in row.text
    ]
    for api in both.values():
        check((await api.ask(WHOLE, where=where))["thingsAggregate"], rows)


@tried(12)
@given(fields=some_fields, least=st.integers(0, 4), first=st.integers(0, 50))
async def test_groups_are_those_of_python(fields: list[str], least: int, first: int, both: Both) -> None:
    expected = {key: rows for key, rows in grouped(THINGS, fields).items() if len(rows) >= least}
    sizes = sorted((len(rows) for rows in expected.values()), reverse=True)
    shown = []
    for api in both.values():
        having = {"count": {"gte": least}}
        found = (await api.ask(GROUPS, fields=fields, having=having, first=first))["thingsAggregate"]["groupBy"]
        assert [group["count"] for group in found] == sizes[:first]
        for group in found:
            check(group, expected[key_of(group, fields)])
        shown.append([key_of(group, fields) for group in found])
    assert shown[0] == shown[1]


@tried(8)
@given(fields=some_fields)
async def test_every_parent_has_groups_of_its_own(fields: list[str], both: Both) -> None:
    for api in both.values():
        found = (await api.ask(IN_BOXES, fields=fields))["boxes"]["nodes"]
        for box, shown in zip(BOXES, found, strict=True):
            aggregate, expected = shown["things"]["aggregate"], grouped(box.things, fields)
            check(aggregate, box.things)
            assert {key_of(group, fields) for group in aggregate["groupBy"]} == set(expected)
            for group in aggregate["groupBy"]:
                check(group, expected[key_of(group, fields)])
