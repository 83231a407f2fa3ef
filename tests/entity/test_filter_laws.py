"""Laws of filtering: whatever is asked, both databases find the rows that plain Python finds."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from tests.entity.laws import Both, tried
from tests.entity.reckoning import ATTRIBUTES, TO_MANY, TO_ONE, TYPES, Refused, meaning, on_the_wire
from tests.entity.serving import global_id
from tests.entity.things import Shape
from tests.entity.things_rows import BOXES, NUMBERS, PRICES, TEXTS, THINGS, TOKENS, VOLUMES
from tests.entity.things_types import Thing

Where = dict[str, Any]

some_text = st.one_of(
    st.sampled_from([text for text in TEXTS if text is not None]),
    st.text(alphabet="aAbB%_/\\'\"äÄßΣσς日😀 \n[^*?", max_size=3),
)
some_moment = st.sampled_from(
    [
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, tzinfo=UTC) + timedelta(microseconds=1),
        datetime(2024, 1, 1, tzinfo=UTC) - timedelta(days=1),
    ]
)

VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "Thing": {
        "text": some_text,
        "number": st.sampled_from([*NUMBERS[1:], 2, 2**31 - 1, -(2**31)]),
        "price": st.sampled_from(
            [
                *PRICES[1:],
                Decimal("0.2500"),
                Decimal("0.254"),
                Decimal("-0.504"),
                Decimal("12345678901234.56"),
                Decimal(0),
            ]
        ),
        "isNew": st.booleans(),
        "day": st.sampled_from([date(1969, 12, 31), date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)]),
        "moment": some_moment,
        "shape": st.sampled_from(Shape),
        "token": st.sampled_from(TOKENS[1:]),
        "worth": st.sampled_from([Decimal("0.75"), Decimal("1.75"), Decimal(0), Decimal("-0.5")]),
        "length": st.integers(0, 4),
        "id": st.sampled_from([global_id(Thing, number) for number in (1, 7, 40, 41, -1, 2**40)]),
    },
    "Box": {
        "name": st.sampled_from(["north", "south", "NORTH", ""]),
        "volume": st.sampled_from([*VOLUMES[1:], 0.0, 1e300]),
        "id": st.sampled_from([global_id(TYPES["Box"], number) for number in (1, 3, 99)]),
    },
    "Label": {
        "text": st.one_of(st.sampled_from(["red", "Red", "grün", "GRÜN"]), some_text),
        "id": st.sampled_from([global_id(TYPES["Label"], number) for number in (1, 4)]),
    },
}

EQUALITY = ("eq", "ne", "in", "notIn", "isNull")
ORDER = (*EQUALITY, "lt", "lte", "gt", "gte")
TEXT = (
    *ORDER,
    *("contains", "startsWith", "endsWith"),
    *("eqIgnoreCase", "containsIgnoreCase", "startsWithIgnoreCase", "endsWithIgnoreCase"),
)
OPERATORS = {"isNew": EQUALITY, "shape": EQUALITY, "id": EQUALITY[:-1], "text": TEXT, "name": TEXT}


def rarely(draw: st.DrawFn) -> bool:
    """Something that people seldom send, and that must not be misunderstood when they do."""
    return draw(st.integers(0, 29)) == 0


@st.composite
def some_comparisons(draw: st.DrawFn, operators: tuple[str, ...], values: st.SearchStrategy[Any]) -> Any:
    if rarely(draw):
        return draw(st.sampled_from([{}, None, {"eq": None}, {"in": []}, {"notIn": []}]))
    chosen = draw(st.lists(st.sampled_from(operators), min_size=1, max_size=2, unique=True))
    return {name: draw(operand(name, values)) for name in chosen}


def operand(operator: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    if operator == "isNull":
        return st.booleans()
    return st.lists(values, max_size=3) if operator in ("in", "notIn") else values


@st.composite
def some_where(draw: st.DrawFn, kind: str = "Thing", depth: int = 3) -> Where:
    """A filter on rows of this kind, most of them asking for something."""
    if rarely(draw):
        return {}
    deeper = ["and", "or", "not", *TO_ONE[kind], *TO_MANY[kind]] if depth else []
    names = st.one_of(st.sampled_from([*ATTRIBUTES[kind], "id"]), st.sampled_from(deeper or ["id"]))
    chosen = draw(st.lists(names, min_size=1, max_size=2, unique=True))
    return {name: draw(some_member(kind, name, depth - 1)) for name in chosen}


@st.composite
def some_member(draw: st.DrawFn, kind: str, name: str, depth: int) -> Any:
    if name in ("and", "or"):
        return draw(st.lists(some_where(kind, depth), min_size=0 if rarely(draw) else 1, max_size=3))
    if name == "not":
        return draw(some_where(kind, depth))
    if name in TO_ONE[kind]:
        return draw(some_where(TO_ONE[kind][name], depth))
    if name in TO_MANY[kind]:
        quantifier = draw(st.sampled_from(["some", "none", "every", "count"]))
        if quantifier == "count":
            return {"count": draw(some_comparisons(ORDER, st.integers(0, 4)))}
        return {quantifier: draw(some_where(TO_MANY[kind][name], depth))}
    return draw(some_comparisons(OPERATORS.get(name, ORDER), VALUES[kind][name]))


ROOT = """
query ($where: ThingFilter) {
  things(where: $where, first: 100) { totalCount nodes { id } }
  thingsAggregate(where: $where) { count }
}
"""

IN_BOXES = """
query ($where: ThingFilter) {
  boxes { nodes { things(where: $where, first: 100) { totalCount nodes { id } aggregate { count } } } }
}
"""


@tried(90)
@given(where=some_where())
@example(where={"text": {"eqIgnoreCase": "ΟΔΟΣ"}})
@example(where={"or": [{"and": []}]})
@example(where={"not": {"box": {"things": {"every": {"number": {"gt": 0}}}}}})
@example(where={"id": {"in": []}})
async def test_a_filter_finds_what_python_finds(where: Where, both: Both) -> None:
    try:
        test = meaning("Thing", where)
    except Refused:
        for api in both.values():
            assert await api.errors(ROOT, where=on_the_wire(where))
        return
    expected = [global_id(Thing, row.id) for row in THINGS if test is None or test(row)]
    for api in both.values():
        found = await api.ask(ROOT, where=on_the_wire(where))
        assert [node["id"] for node in found["things"]["nodes"]] == expected
        assert found["things"]["totalCount"] == found["thingsAggregate"]["count"] == len(expected)


@tried(25)
@given(where=some_where(depth=2))
async def test_a_filter_finds_the_same_below_every_parent(where: Where, both: Both) -> None:
    try:
        test = meaning("Thing", where)
    except Refused:
        return
    for api in both.values():
        found = (await api.ask(IN_BOXES, where=on_the_wire(where)))["boxes"]["nodes"]
        for box, shown in zip(BOXES, found, strict=True):
            expected = [global_id(Thing, row.id) for row in box.things if test is None or test(row)]
            assert [node["id"] for node in shown["things"]["nodes"]] == expected
            assert shown["things"]["totalCount"] == shown["things"]["aggregate"]["count"] == len(expected)
