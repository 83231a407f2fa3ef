"""Groups are what Python makes of the same rows, whatever they share, in any order, however their pages are cut."""

import base64
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import exact_json
from graph.context import ContextFactory
from tests.databases import StatementRecorder
from tests.entity import visits
from tests.entity.conftest import Filled
from tests.entity.laws import Both, tried
from tests.entity.reckoning import variance
from tests.entity.serving import Api, global_id, serve
from tests.entity.visits import PlainPlace, PlainVisit

Read = Callable[[PlainVisit], Any]
Show = Callable[[Any], Any]
Group = list[PlainVisit]

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Beirut", "Asia/Kathmandu")
UNITS = ("HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


@pytest.fixture
async def served(filled: Filled) -> AsyncIterator[Both]:
    sqlite, postgresql = await filled(visits.SAMPLE, "sqlite"), await filled(visits.SAMPLE, "postgresql")
    async with serve(sqlite, visits.SAMPLE) as first, serve(postgresql, visits.SAMPLE) as second:
        yield {"sqlite": first, "postgresql": second}


@pytest.fixture
async def api(dialect: str, filled: Filled) -> AsyncIterator[Api]:
    async with serve(await filled(visits.SAMPLE, dialect), visits.SAMPLE) as found:
        yield found


def first_day(day: date, unit: str) -> date:
    """The first day of a unit."""
    if unit == "WEEK":
        return day - timedelta(days=day.isoweekday() - 1)
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(unit)
    return day if months is None else date(day.year, (day.month - 1) // months * months + 1, 1)


def start(moment: datetime, unit: str, zone: str) -> datetime:
    """The first moment at which the clocks of a zone show the unit: found by going back a quarter of an hour a time."""
    there = ZoneInfo(zone)
    local = moment.astimezone(there)
    if unit == "HOUR":
        return moment - timedelta(minutes=local.minute, seconds=local.second)
    day = first_day(local.date(), unit)
    midnight = datetime(day.year, day.month, day.day, tzinfo=there)
    later = midnight.replace(fold=1)
    # As PostgreSQL has it: of a midnight that the clocks show twice the later one.
    return max(midnight.astimezone(UTC), later.astimezone(UTC)) if _is_shown(midnight) else midnight.astimezone(UTC)


def local_start(moment: datetime, unit: str) -> datetime:
    """The same of a moment in no zone."""
    return start(moment.replace(tzinfo=UTC), unit, "UTC").replace(tzinfo=None)


def _is_shown(local: datetime) -> bool:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    return back.replace(tzinfo=None) == local.replace(tzinfo=None)


def multiple(value: Any, step: Decimal) -> Decimal:
    """The nearest multiple, halves away from zero."""
    return (Decimal(str(value)) / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def itself(value: Any) -> Any:
    return value


def in_digits(value: Decimal) -> str:
    return f"{value.normalize():f}"


class By(NamedTuple):
    """Something to group by, its value in Python, and the value as the API shows it."""

    asked: Mapping[str, Any]
    read: Read
    show: Show = itself


def part(name: str, convert: Callable[[Any], Any]) -> Read:
    return lambda row: None if (value := getattr(row, name)) is None else convert(value)


def at_path(path: Sequence[str]) -> Read:
    """A part of the JSON value, as a text that equal parts share."""

    def read(row: PlainVisit) -> str | None:
        value: Any = row.meta
        for key in path:
            if isinstance(value, dict):
                value = value.get(key)
            elif isinstance(value, list):
                value = value[int(key)] if key.isdigit() and int(key) < len(value) else None
            else:
                value = None
        if isinstance(value, dict):
            value = dict(sorted(value.items()))
        return None if value is None else exact_json.dumps(value)

    return read


def of_place(read: Callable[[PlainPlace], Any]) -> Read:
    return lambda row: None if row.place is None else read(row.place)


def rounded(name: str, step: str, convert: Callable[[Any], Any], show: Show = itself) -> By:
    read = part(name, lambda value: convert(multiple(value, Decimal(step))))
    return By({name: {"roundTo": step}}, read, show)


def all_by() -> Iterator[By]:
    """Everything that visits are grouped by."""
    for name in ("paid", "people", "share", "value"):
        yield By({"value": name.upper()}, part(name, itself))
    yield By({"value": "PRICE"}, part("price", itself), in_digits)
    yield By({"value": "LOCAL_AT"}, part("local_at", itself), datetime.isoformat)
    for unit in UNITS:
        for zone in ZONES:
            asked = {"at": {"unit": unit, "timeZone": zone}}
            yield By(asked, part("at", partial(start, unit=unit, zone=zone)), datetime.isoformat)
        yield By({"localAt": {"unit": unit}}, part("local_at", partial(local_start, unit=unit)), datetime.isoformat)
    for unit in UNITS[1:]:
        yield By({"day": {"unit": unit}}, part("day", partial(first_day, unit=unit)), date.isoformat)
    yield from (rounded("people", "10", int), rounded("people", "3", int), rounded("share", "0.5", float))
    yield rounded("price", "2.5", Decimal, in_digits)
    for path in (["kind"], ["n", "0"], ["kind", "x"], ["nothing"]):
        yield By({"meta": {"at": path}}, at_path(path), exact_json.loads)
    yield By({"place": {"value": "NAME"}}, of_place(lambda place: place.name))
    yield By({"place": {"stars": {"roundTo": 2}}}, of_place(lambda place: int(multiple(place.stars, Decimal(2)))))


Reduce = Callable[[Group], Any]

REDUCE: Mapping[str, Callable[[list[Decimal]], Any]] = {
    "min": min,
    "max": max,
    "sum": sum,
    "avg": lambda values: sum(values) / len(values),
    "variance": lambda values: variance(values) if len(values) > 1 else None,
}


def measured(function: str, name: str) -> Reduce:
    def read(group: Group) -> Any:
        values = [value for row in group if (value := getattr(row, name)) is not None]
        if not values:
            return None
        exact = [Decimal(str(value)) for value in values]
        return REDUCE[function](exact)

    return read


FILTERS: Mapping[str, Callable[[PlainVisit], bool]] = {
    "{people: {gt: 9}}": lambda row: row.people is not None and row.people > 9,
    "{not: {paid: {eq: true}}}": lambda row: row.paid is not True,
    "{place: {stars: {lte: 2}}}": lambda row: row.place is not None and row.place.stars <= 2,
    "{}": lambda _row: True,
}
"""Filters of rows, and what they mean."""

DIRECTIONS = ("ASC", "DESC", "ASC_NULLS_FIRST", "DESC_NULLS_FIRST")


def of_first(order: str, direction: str, name: str) -> Reduce:
    """A value of the row of a group that comes first in an order; of equal ones, the first or the last by the key."""

    def read(group: Group) -> Any:
        found = first_of(group, order, direction)
        return None if found is None else getattr(found, name)

    return read


def first_of(group: Group, order: str, direction: str) -> PlainVisit | None:
    down = direction.startswith("DESC")
    rows = sorted(group, key=lambda row: row.id, reverse=down)
    nulls = [row for row in rows if getattr(row, order) is None]
    others = sorted((row for row in rows if row not in nulls), key=lambda row: getattr(row, order), reverse=down)
    rows = nulls + others if direction.endswith("NULLS_FIRST") else others + nulls
    return rows[0] if rows else None


def within(fits: Callable[[PlainVisit], bool], reduce: Reduce) -> Reduce:
    return lambda group: reduce([row for row in group if fits(row)])


@st.composite
def some_term(draw: st.DrawFn, keys: int) -> tuple[str, Any]:
    """A term of an order, and what it orders by: a measure, a value of the first row, or places in the key."""
    direction = draw(st.sampled_from(DIRECTIONS))
    kind = draw(st.sampled_from(("key", "keys", "count", "first", "measure", "measure", "distinct")))
    if kind == "keys":
        return f"{{key: {{direction: {direction}}}}}", (range(keys), direction)
    if kind == "key":
        at = draw(st.integers(0, keys - 1))
        return f"{{key: {{at: {at}, direction: {direction}}}}}", ([at], direction)
    asked, reduce = draw(some_measure(kind, direction))
    if draw(st.booleans()):
        where = draw(st.sampled_from([*FILTERS]))
        asked, reduce = f"where: {where}, {asked}", within(FILTERS[where], reduce)
    return f"{{{asked}}}", (reduce, direction)


@st.composite
def some_measure(draw: st.DrawFn, kind: str, direction: str) -> tuple[str, Reduce]:
    name = draw(st.sampled_from(("price", "people", "share")))
    if kind == "count":
        return f"count: {direction}", len
    if kind == "distinct":
        return f"of: {name.upper()}, countDistinct: {direction}", lambda group: len(different(name, group))
    if kind == "first":
        order, way = draw(st.sampled_from(("price", "people", "at"))), draw(st.sampled_from(DIRECTIONS))
        return f"orderBy: [{{{order}: {way}}}], first: {{{name}: {direction}}}", of_first(order, way, name)
    function = draw(st.sampled_from([*REDUCE]))
    return f"{function}: {{{name}: {direction}}}", measured(function, name)


def different(name: str, rows: Group) -> set[Any]:
    return {getattr(row, name) for row in rows} - {None}


@st.composite
def some_having(draw: st.DrawFn) -> tuple[str, Callable[[Group], bool]]:
    """What is asked of groups, and whether it holds of one."""
    where = draw(st.sampled_from(["", *FILTERS]))
    looked_at = FILTERS[where or "{}"]
    least, quantifier = draw(st.integers(0, 3)), draw(st.sampled_from(("", "some", "every", "none")))
    asked, inner = draw(st.sampled_from([*FILTERS])), f", where: {where}" if where else ""

    def holds(group: Group) -> bool:
        rows = [row for row in group if looked_at(row)]
        fits = [row for row in rows if FILTERS[asked](row)]
        found = {"some": bool(fits), "every": len(fits) == len(rows), "none": not fits}.get(quantifier, True)
        return len(rows) >= least and found

    said = f", {quantifier}: {asked}" if quantifier else ""
    return f"{{count: {{gte: {least}}}{said}{inner}}}", holds


def _measure(reduce: Reduce, groups: Mapping[tuple[Any, ...], Group], key: tuple[Any, ...]) -> Any:
    return reduce(groups[key])


def in_order(groups: Mapping[tuple[Any, ...], Group], terms: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The keys of groups in order: the last term is sorted by first."""
    found = list(groups)
    places = range(len(found[0]) if found else 0)
    steps: list[tuple[Callable[[tuple[Any, ...]], Any], str]] = []
    for by, direction in [*terms, *([] if terms else [(len, "DESC")]), (places, "ASC")]:
        if callable(by):
            steps.append((partial(_measure, by, groups), direction))
        else:
            steps += [(itemgetter(at), direction) for at in by]
    for read, direction in reversed(steps):
        nulls = [key for key in found if read(key) is None]
        others = [key for key in found if read(key) is not None]
        others.sort(key=read, reverse=direction.startswith("DESC"))
        found = nulls + others if direction.endswith("NULLS_FIRST") else others + nulls
    return found


QUERY = """query ($by: [VisitGroupBy!]!,
    $first: Int, $after: String, $last: Int, $before: String) { visitsAggregate { groupBy(
        by: $by, orderBy: %(order)s, having: %(having)s, first: $first, after: $after, last: $last, before: $before) {
      totalCount
      nodes { keys count sum { price people } stddev { price people } any { paid } every { paid }
        newest: first(orderBy: [{at: DESC}]) { id } dearest: first(orderBy: [{price: DESC_NULLS_FIRST}]) { id price } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } } }"""


async def walked(api: Api, size: int, by: Sequence[Any], *, forward: bool, **asked: str) -> list[Any]:
    """All groups, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        window = {"first": size, "after": cursor} if forward else {"last": size, "before": cursor}
        page = (await api.ask(QUERY % asked, by=by, **window))["visitsAggregate"]["groupBy"]
        found = found + page["nodes"] if forward else page["nodes"] + found
        assert len(found) <= page["totalCount"]
        if not page["pageInfo"]["hasNextPage" if forward else "hasPreviousPage"]:
            assert len(found) == page["totalCount"]
            return found
        cursor = page["pageInfo"]["endCursor" if forward else "startCursor"]


def check_measures(group: Group, node: Mapping[str, Any]) -> None:
    """Compare what is computed over a group."""
    total = measured("sum", "people")(group)
    assert node["sum"]["people"] == (None if total is None else str(total))
    for name in ("price", "people"):
        expected, found = measured("variance", name)(group), node["stddev"][name]
        assert (found is None) is (expected is None)
        assert found is None or float(found) ** 2 == pytest.approx(float(expected))
    paid = [row.paid for row in group if row.paid is not None]
    assert node["any"]["paid"] is (any(paid) if paid else None)
    assert node["every"]["paid"] is (all(paid) if paid else None)
    for name, order, direction in (("newest", "at", "DESC"), ("dearest", "price", "DESC_NULLS_FIRST")):
        first = first_of(group, order, direction)
        assert first is not None
        assert node[name]["id"] == global_id(visits.Visit, first.id)


@tried(10)
@given(data=st.data())
async def test_groups_are_what_python_makes_of_the_rows(data: st.DataObject, served: Both) -> None:
    by = data.draw(st.lists(st.sampled_from([*all_by()]), min_size=1, max_size=2))
    terms = data.draw(st.lists(some_term(len(by)), max_size=2))
    having = data.draw(st.lists(some_having(), max_size=2))
    groups: dict[tuple[Any, ...], Group] = defaultdict(list)
    for row in visits.ALL:
        groups[tuple(one.read(row) for one in by)].append(row)
    groups = {key: group for key, group in groups.items() if all(holds(group) for _, holds in having)}
    keys = in_order(groups, [term for _, term in terms])
    shown = [[None if value is None else one.show(value) for one, value in zip(by, key, strict=True)] for key in keys]
    wanted = f"[{', '.join(one for one, _ in having)}]"
    asked = {"order": f"[{', '.join(one for one, _ in terms)}]", "having": wanted}
    size = data.draw(st.integers(max(1, len(keys) // 4), 40))
    for dialect, api in served.items():
        for forward in (True, False):
            found = await walked(api, size, [one.asked for one in by], forward=forward, **asked)
            assert [node["keys"] for node in found] == shown, dialect
            assert [node["count"] for node in found] == [len(groups[key]) for key in keys], dialect
            for key, node in zip(keys, found, strict=True):
                check_measures(groups[key], node)


async def test_parts_of_values_stand_in_the_key_beside_the_rows_of_relations(api: Api) -> None:
    page = await api.ask(
        """{ visitsAggregate { groupBy(
          by: [{value: PLACE}, {at: {unit: YEAR}}], orderBy: [{key: {}}], first: 1
        ) { nodes { key { place { name } at people } keys } } } }"""
    )
    (group,) = page["visitsAggregate"]["groupBy"]["nodes"]
    year = min(row.at.year for row in visits.ALL if row.at is not None and row.place is visits.PLACES[0])
    first = f"{year}-01-01T00:00:00+00:00"
    assert group == {"key": {"place": {"name": "cave"}, "at": first, "people": None}, "keys": [None, first]}


async def test_pages_of_groups_of_all_parents_cost_one_statement_and_their_numbers_another(
    api: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        found = await api.ask(
            """{ places { nodes { visits { aggregate { groupBy(by: [{at: {unit: MONTH}}], first: 2,
              orderBy: [{max: {people: DESC}}]) {
                totalCount nodes { keys max { people } } pageInfo { hasNextPage endCursor }
            } } } } } }"""
        )
    # The places, a page of groups of each, and how many there are.
    assert len(seen) == 3
    for place, node in zip(visits.PLACES, found["places"]["nodes"], strict=True):
        groups: dict[Any, list[int]] = defaultdict(list)
        for row in visits.ALL:
            if row.place is place:
                month = None if row.at is None else f"{row.at:%Y-%m}-01T00:00:00+00:00"
                groups[month] += [] if row.people is None else [row.people]
        shown = node["visits"]["aggregate"]["groupBy"]
        most = sorted((max(people) for people in groups.values() if people), reverse=True)
        assert shown["totalCount"] == len(groups)
        assert [group["max"]["people"] for group in shown["nodes"]] == most[:2]
        assert all(max(groups[group["keys"][0]]) == group["max"]["people"] for group in shown["nodes"])
        assert shown["pageInfo"]["hasNextPage"] is (len(groups) > 2)


ELEVEN_VALUES = ", ".join(["{value: PAID}"] * 11)
ELEVEN_TERMS = ", ".join(["{count: ASC}"] * 11)
REFUSED = {
    "by: []": "by: this is empty; name what the rows of a group share, or leave `groupBy` out.",
    f"by: [{ELEVEN_VALUES}]": "at most 10 values at once; name fewer.",
    'by: [{at: {unit: DAY, timeZone: "Mars/Base"}}]': "by[0].at.timeZone: 'Mars/Base' is no time zone; send an",
    'by: [{at: {unit: DAY, timeZone: "../etc/passwd"}}]': "is no time zone; send an IANA name",
    'by: [{localAt: {unit: DAY, timeZone: "UTC"}}]': "this value is in no time zone; leave `timeZone` out.",
    "by: [{day: {unit: HOUR}}]": "by[0].day.unit: days have no hours; group by DAY or more.",
    "by: [{people: {roundTo: 0}}]": "rounded to a multiple of a number above zero, as 10.",
    'by: [{people: {roundTo: "0.5"}}]': "rounded to a multiple of a whole number, as 10.",
    'by: [{price: {roundTo: "1e31"}}]': "by[0].price.roundTo: numbers are rounded to a multiple of a number above zero",
    "by: [{meta: {at: []}}]": "by[0].meta.at: a path has from 1 to 50 keys",
    'by: [{meta: {at: ["\\u0000"]}}]': "by[0].meta.at: ",
    "by: [{value: PAID}], orderBy: [{key: {at: 1}}]": "key.at: 1 is no place in `by`; it must be from 0 to 0.",
    f"by: [{{value: PAID}}], orderBy: [{ELEVEN_TERMS}]": "at most 10 terms; send fewer.",
    "by: [{value: PAID}], first: 1001": "`first` is 1001; it must be between 0 and 1000.",
    "by: [{value: PAID}], first: 1, last: 1": "`first` and `last` exclude each other; give one of them.",
    'by: [{value: PAID}], after: "x"': "`after` is not a cursor of this ordering; start again without it.",
}


async def test_what_makes_no_sense_is_refused_with_the_cure(api: Api) -> None:
    for asked, told in REFUSED.items():
        document = f"{{ visitsAggregate {{ groupBy({asked}) {{ nodes {{ count }} }} }} }}"
        assert [told in message for message in await api.errors(document)] == [True], asked


async def test_a_cursor_belongs_to_one_grouping_in_one_order(api: Api) -> None:
    text = "{ visitsAggregate { groupBy(%s) { nodes { count } pageInfo { endCursor } } } }"
    first = await api.ask(text % "by: [{at: {unit: DAY}}], first: 3")
    cursor = first["visitsAggregate"]["groupBy"]["pageInfo"]["endCursor"]
    for other in ("{at: {unit: MONTH}}", '{at: {unit: DAY, timeZone: "Europe/Berlin"}}', "{value: AT}"):
        (message,) = await api.errors(text % f'by: [{other}], after: "{cursor}"')
        assert message == "`after` is not a cursor of this ordering; start again without it."
    order = "orderBy: [{count: ASC}]"
    assert await api.errors(text % f'by: [{{at: {{unit: DAY}}}}], {order}, after: "{cursor}"')


FORGED: Sequence[Any] = (
    *(None, "", "x\0", "\ud800", "9" * 500, "NaN", "0001-01-01T00:00:00+00:00"),
    *(10**400, 1e308, True, [], {}),
)


async def test_values_in_a_cursor_that_nobody_gave_make_no_internal_error(api: Api) -> None:
    document = """query ($after: String) { visitsAggregate { groupBy(
      by: [{value: SHARE}, {at: {unit: DAY}}, {meta: {at: ["kind"]}}],
      orderBy: [{avg: {price: DESC}}, {sum: {people: ASC}}],
      after: $after, first: 2) { nodes { count } pageInfo { endCursor } } } }"""
    cursor = (await api.ask(document))["visitsAggregate"]["groupBy"]["pageInfo"]["endCursor"]
    digest, *values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for forged in FORGED:
        for at in range(len(values)):
            text = json.dumps([digest, *values[:at], forged, *values[at + 1 :]])
            result = await api.schema.execute(
                document,
                {"after": base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")},
                context_value=ContextFactory(api.engines),
            )
            codes = {(error.extensions or {}).get("code") for error in result.errors or []}
            assert codes <= {"INVALID_CURSOR", "BAD_USER_INPUT"}, (forged, at, result.errors)


async def test_deviations_are_the_same_digits_on_both_databases(served: Both) -> None:
    document = """{ visitsAggregate { stddev { price people share } variance { price people share }
      groupBy(by: [{value: VALUE}], orderBy: [{stddev: {price: DESC}}, {any: {paid: ASC}}], having: {
        variance: {price: {gt: "0"}}, stddev: {people: {gt: 0}}, some: {paid: {eq: true}}
      }) { nodes { keys stddev { price people share } variance { price people share } } } } }"""
    sqlite, postgresql = [(await served[dialect].ask(document))["visitsAggregate"] for dialect in served]
    prices = [row.price for row in visits.ALL if row.price is not None]
    assert sqlite == postgresql
    assert float(sqlite["variance"]["price"]) == pytest.approx(float(variance(prices)))
    assert len(sqlite["groupBy"]["nodes"]) == len({row.value for row in visits.ALL})


async def test_different_values_are_counted_of_all_rows_and_of_groups(api: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await api.ask(
            """query ($of: VisitGroupField!) { visitsAggregate { count places: countDistinct(of: PLACE)
              paid: countDistinct(of: PAID) countDistinct(of: $of)
              groupBy(by: [{value: VALUE}], orderBy: [{of: PEOPLE, countDistinct: DESC}],
                having: [{of: PRICE, countDistinct: {gte: 2}}, {of: PAID, countDistinct: {lte: 2}}]) {
                nodes { keys countDistinct(of: $of) at: countDistinct(of: AT) }
            } } }""",
            of="PEOPLE",
        )
    assert len(seen) == 2  # one over all rows, one over groups
    groups: dict[int, Group] = defaultdict(list)
    for row in visits.ALL:
        groups[row.value].append(row)

    expected = sorted(groups, key=lambda value: (-len(different("people", groups[value])), value))
    expected = [value for value in expected if len(different("price", groups[value])) >= 2]
    found = found["visitsAggregate"]
    assert (found["places"], found["paid"]) == (len(different("place", visits.ALL)), 2)
    assert found["countDistinct"] == len(different("people", visits.ALL))
    assert found["groupBy"] == {
        "nodes": [
            {
                "keys": [value],
                "countDistinct": len(different("people", groups[value])),
                "at": len(different("at", groups[value])),
            }
            for value in expected
        ],
    }
