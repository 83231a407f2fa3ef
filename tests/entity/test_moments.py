"""Moments in every form that programs store them in are the same moments: shown, found, ordered, grouped and paged."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.databases import Database, SQLiteDatabases, StatementRecorder
from tests.entity import diary
from tests.entity.conftest import Filled
from tests.entity.diary_types import SAMPLE, Day
from tests.entity.laws import Both
from tests.entity.serving import Api, fill, global_id, serve

COLUMNS = {
    "days": ("begins_at",),
    "entries": ("day_at", "zoned_at", "local_at", "kept_at", "decorated_at", "day", "hour"),
}

ZONES = (timezone(timedelta(hours=2)), timezone(-timedelta(hours=9, minutes=30)), timezone(timedelta(hours=23)))


def forms_of(value: str) -> Iterator[str]:
    """The forms in which other programs store what we store as this text; the shorter ones where nothing is lost."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        yield from (value, f"{value} 00:00:00", f"{value}T00:00:00.000Z", f"{value}T23:59:59+14:00")
    elif value[2] == ":":
        yield from (f"{value}000", f"{value}Z", *([value[:8], value[:12]] if value.endswith(".000000") else []))
        yield from ([value[:5]] if value.endswith(":00.000000") else [])
        for zone in ZONES:
            at = datetime.combine(date(2000, 1, 2), time.fromisoformat(value), UTC)
            yield at.astimezone(zone).timetz().isoformat()
    else:
        yield from (value.replace(" ", "T"), f"{value}000", f"{value}Z", f"{value.replace(' ', 't')}z", f"{value}+00")
        if value.endswith(".000000"):
            yield from (value[:19], f"{value[:10]}T{value[11:19]}Z", f"{value[:19]}.000", f"{value[:23]}+00:00")
        if value.endswith(":00.000000"):
            yield value[:16]
        if value.endswith("00:00:00.000000"):
            yield value[:10]
        for zone in ZONES:
            try:
                yield datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(zone).isoformat()
            except OverflowError:  # past the ends of Python's years
                continue


def rewrite(file: str) -> int:
    """Store every moment of a file in another form; how many there are."""
    connection, turns, written = sqlite3.connect(file), count(), 0
    for table, columns in COLUMNS.items():
        for column in columns:
            for row, value in connection.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
                if value is not None:
                    forms = list(forms_of(value))
                    form = forms[next(turns) % len(forms)]
                    connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (form, row))
                    written += 1
    connection.commit()
    connection.close()
    return written


@pytest.fixture(scope="session")
def rewritten(_sqlite: SQLiteDatabases, tmp_path_factory: pytest.TempPathFactory) -> Database:
    database = _sqlite.blank(tmp_path_factory.mktemp("diary"))
    asyncio.run(fill(database, SAMPLE))
    assert rewrite(str(make_url(database.url).database)) > 200
    return database


@pytest.fixture
async def both(filled: Filled, rewritten: Database) -> AsyncIterator[Both]:
    """The diary, on SQLite in forms of all kinds."""
    async with serve(rewritten, SAMPLE) as first, serve(await filled(SAMPLE, "postgresql"), SAMPLE) as second:
        yield {"sqlite": first, "postgresql": second}


async def agreed(both: Both, document: str, **variables: Any) -> Any:
    """What both databases answer."""
    found = {name: await api.ask(document, **variables) for name, api in both.items()}
    assert found["sqlite"] == found["postgresql"]
    return found["sqlite"]


FIELDS = ("dayAt", "zonedAt", "localAt", "keptAt", "decoratedAt", "day", "hour")
ROW = f"id {' '.join(FIELDS)} ofDay {{ id name }}"


async def test_every_form_is_shown_as_the_same_moment(both: Both) -> None:
    found = await agreed(both, f"{{ entries(first: 100) {{ totalCount nodes {{ {ROW} }} }} }}")
    assert len(found["entries"]["nodes"]) == diary.ENTRIES
    assert found["entries"]["nodes"][2] | {"id": ""} == {"id": ""} | dict.fromkeys(FIELDS) | {
        "dayAt": "2024-02-28T00:00:00+00:00",
        "keptAt": "9999-12-31T23:59:59.999998+00:00",
        "ofDay": {"id": global_id(Day, diary.DAYS[1]), "name": "day 1"},
    }


OPERATORS = {
    "eq": "eq: $value",
    "ne": "ne: $value",
    "lt": "lt: $value",
    "lte": "lte: $value",
    "gt": "gt: $value",
    "gte": "gte: $value",
    "between": "between: [$value, $value]",
    "among": "in: [$value]",
    "notIn": "notIn: [$value]",
}
"""By the name of the list that answers."""


@pytest.mark.parametrize("field", FIELDS)
async def test_every_form_is_found_by_its_moment(both: Both, field: str) -> None:
    shown = await agreed(both, f"{{ entries(first: 100) {{ nodes {{ value: {field} }} }} }}")
    values = [node["value"] for node in shown["entries"]["nodes"]]
    for value in sorted({value for value in values if value is not None})[1:5:3]:
        lists = " ".join(
            f"{name}: entries(first: 100, where: {{{field}: {{{operator}}}}}) {{ nodes {{ id }} }}"
            for name, operator in OPERATORS.items()
        )
        type_ = {"day": "Date", "hour": "Time", "localAt": "LocalDateTime"}.get(field, "DateTime")
        document = f"query ($value: {type_}!) {{ {lists} }}"
        found = {name: len(page["nodes"]) for name, page in (await agreed(both, document, value=value)).items()}
        equal, smaller = values.count(value), sum(other is not None and other < value for other in values)
        known = sum(other is not None for other in values)
        assert found == {
            "eq": equal,
            "ne": len(values) - equal,
            "lt": smaller,
            "lte": smaller + equal,
            "gt": known - smaller - equal,
            "gte": known - smaller,
            "between": equal,
            "among": equal,
            "notIn": len(values) - equal,
        }


async def test_columns_of_every_form_are_compared_by_their_moments(both: Both) -> None:
    text = "query ($where: EntryFilter) { entries(first: 100, where: $where) { nodes { zonedAt keptAt dayAt } } }"
    every = (await agreed(both, text))["entries"]["nodes"]
    for name, field in (("KEPT_AT", "keptAt"), ("DAY_AT", "dayAt")):
        where = {"compareColumns": [{"column": "ZONED_AT", "is": "GTE", "to": name}]}
        found = (await agreed(both, text, where=where))["entries"]["nodes"]
        assert found == [node for node in every if node["zonedAt"] and node["zonedAt"] >= node[field]]
        assert 0 < len(found) < len(every)


PAGE = """
  query ($order: [EntrySort!]!, $after: String, $before: String, $first: Int, $last: Int) {
    entries(orderBy: $order, after: $after, before: $before, first: $first, last: $last) {
      nodes { id }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
"""


async def walked(api: Api, order: list[dict[str, str]], *, back: bool) -> list[str]:
    """The ids of all pages of eight."""
    ids: list[str] = []
    cursor = None
    for _ in range(diary.ENTRIES):
        given = {"last": 8, "before": cursor} if back else {"first": 8, "after": cursor}
        page = (await api.ask(PAGE, order=order, **given))["entries"]
        nodes = [node["id"] for node in page["nodes"]]
        ids = nodes + ids if back else ids + nodes
        cursor = page["pageInfo"]["startCursor" if back else "endCursor"]
        if not page["pageInfo"]["hasPreviousPage" if back else "hasNextPage"]:
            break
    return ids


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("direction", ["ASC", "DESC_NULLS_FIRST"])
async def test_pages_of_every_form_are_the_list_whichever_way_they_are_walked(
    both: Both, field: str, direction: str
) -> None:
    order = [{field: direction}]
    whole = [node["id"] for node in (await agreed(both, PAGE, order=order, first=100))["entries"]["nodes"]]
    assert len(set(whole)) == diary.ENTRIES
    for back in (False, True):
        assert await walked(both["sqlite"], order, back=back) == whole


async def test_forms_of_one_moment_are_one_group_with_one_least_and_one_greatest(both: Both) -> None:
    measures = f"min {{ {' '.join(FIELDS)} }} max {{ {' '.join(FIELDS)} }}"
    having = '{min: {zonedAt: {gte: "2024-02-29T12:00:00Z"}}}'
    found = await agreed(
        both,
        f"""{{
          entriesAggregate {{
            count {measures}
            groupBy(by: [{{value: ZONED_AT}}]) {{ nodes {{ count key {{ zonedAt }} {measures} }} }}
            days: groupBy(by: [{{value: DAY}}, {{value: DAY_AT}}, {{value: OF_DAY}}]) {{
                nodes {{ count key {{ day dayAt ofDay {{ name }} }} }} }}
            late: groupBy(by: [{{value: LOCAL_AT}}], having: {having}) {{ nodes {{ count key {{ localAt }} }} }}
          }}
        }}""",
    )
    assert len(found["entriesAggregate"]["groupBy"]["nodes"]) == len(set(diary.MOMENTS)) + 1


@pytest.mark.parametrize(
    "noon", ["2024-02-29t12:00:00z", "2024-02-29 13:00+01:00", "2024-02-29T12:00:00.000000000-00:00"]
)
async def test_a_moment_may_be_written_in_any_form_of_rfc_3339(both: Both, noon: str) -> None:
    document = "query ($noon: DateTime!) { entries(where: {keptAt: {eq: $noon}}) { totalCount } }"
    assert (await agreed(both, document, noon=noon))["entries"]["totalCount"] == 10


@pytest.mark.parametrize(
    ("type_", "field", "sent", "told"),
    [
        ("DateTime", "keptAt", "2016-12-31T23:59:60Z", "(leap seconds are not kept; send the second before or after)."),
        (
            "DateTime",
            "keptAt",
            "2024-02-29T12:00:00.0000001Z",
            "(seconds have at most 6 digits behind the point; round",
        ),
        ("DateTime", "keptAt", "0001-01-01T00:00:00+00:01", "(years go from 1 to 9999 in UTC)."),
        (
            "DateTime",
            "keptAt",
            "20240229T120000Z",
            "is not a moment with a time zone, for instance 2026-03-01T12:00:00Z.",
        ),
        ("LocalDateTime", "localAt", "2024-02-29T12:00:00Z", "is not a moment without a time zone, for instance"),
        ("Date", "day", "2024-W09-4", "is not a day, for instance 2026-03-01."),
        ("Time", "hour", "24:00", "is not a time of day without a time zone, for instance 12:30:00."),
    ],
)
async def test_what_is_no_moment_is_refused_with_the_cure(
    both: Both, type_: str, field: str, sent: str, told: str
) -> None:
    document = f"query ($value: {type_}!) {{ entries(where: {{{field}: {{eq: $value}}}}) {{ totalCount }} }}"
    for api in both.values():
        (message,) = await api.errors(document, value=sent)
        assert told in message


async def test_rows_that_refer_to_a_moment_find_it_in_any_form(both: Both, statements: StatementRecorder) -> None:
    ids = [global_id(Day, at) for at in diary.DAYS]
    document = """
      query ($ids: [ID!]!) {
        nodes(ids: $ids) {
          ... on Day { name entries(first: 2, orderBy: [{keptAt: DESC}]) { totalCount nodes { id } } }
        }
        days(where: {id: {in: $ids}}) { nodes { entries { totalCount aggregate { count max { keptAt } } } } }
        others: days(where: {id: {notIn: $ids}}) { totalCount }
        busy: days(where: {entries: {count: {gt: 0}}}) { totalCount nodes { name } }
        free: days(where: {entries: {none: {keptAt: {gt: "0001-01-02T00:00:00Z"}}}}) { nodes { name } }
        entries(where: {ofDay: {name: {eq: "day 0"}}}, orderBy: [{ofDay: {beginsAt: ASC}}]) { totalCount }
        day(beginsAt: "2023-12-31T23:00:00Z") { id name }
      }
    """
    with statements() as seen:
        found = await agreed(both, document, ids=ids)
    assert [node["entries"]["totalCount"] for node in found["nodes"]] == [20, 20, 0]
    assert (found["others"]["totalCount"], found["day"]["name"]) == (0, "day 2")
    # The nodes, their entries and how many there are of them; the days, and what their entries come to; other days,
    # busy days, free days, the entries of a day, and a day by its moment.
    assert len(seen) == 2 * (3 + 2 + 5)
