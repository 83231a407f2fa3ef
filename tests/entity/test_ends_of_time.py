"""Days and times at the ends of Python's calendar are what they are, and those beyond have their place."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from tests.databases import Database, StatementRecorder
from tests.entity.ages_types import Age
from tests.entity.digging import Digging, dig
from tests.entity.serving import global_id

UNREADABLE = "UNREADABLE_VALUE"

DAYS = (date.min, date(1, 1, 2), date(999, 6, 1), date(2024, 2, 29), date(9999, 12, 30), date.max)
MOMENTS = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, 0, 0, 0, 1, UTC),
    datetime(999, 6, 1, 1, tzinfo=UTC),
    datetime(2024, 2, 29, 12, 30, 15, 123, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_998, UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC),
)
TIMES = (time.min, time(0, 0, 0, 1), time(1), time(12, 30), time(23, 59, 59), time.max)

ROWS = [
    {
        "id": number,
        "name": str(number),
        "began": day,
        "day": day,
        "noted_at": moment.replace(tzinfo=None),
        "seen_at": moment,
        "kept_at": moment,
        "at": at,
    }
    for number, (day, moment, at) in enumerate(zip(DAYS, MOMENTS, TIMES, strict=True), 1)
]

SHOWN: dict[str, list[str]] = {
    "day": [day.isoformat() for day in DAYS],
    "notedAt": [moment.replace(tzinfo=None).isoformat() for moment in MOMENTS],
    "seenAt": [moment.isoformat() for moment in MOMENTS],
    "keptAt": [moment.isoformat() for moment in MOMENTS],
    "at": [at.isoformat() for at in TIMES],
}

BEYOND = ("-infinity", "4713-01-01 BC", "0044-03-15 BC", "10000-01-01", "294000-02-28", "infinity")
"""In their order."""


@pytest.fixture
async def ages(blank_database: Database) -> AsyncIterator[Digging]:
    async with dig(blank_database) as digging:
        await digging.ages(*({"began": day, "name": day.isoformat()} for day in DAYS))
        await digging.finds(*ROWS)
        yield digging


async def write_beyond(ages: Digging) -> None:
    """Finds 101 and so on, in the order of `BEYOND`."""
    for number, words in enumerate(BEYOND, 101):
        await ages.sql(
            f"INSERT INTO ages (began, name) VALUES ('{words}', '{words}')",
            "INSERT INTO finds (id, name, began, day, noted_at, seen_at, kept_at, at)"
            f" VALUES ({number}, '{number}', '{words}', '{words}', '{words}', '{words}', '{words}', '24:00')",
        )


async def names(ages: Digging, where: dict[str, Any]) -> list[str]:
    document = "query ($where: FindFilter) { finds(where: $where) { totalCount nodes { name } } }"
    found = (await ages.data(document, where=where))["finds"]
    assert found["totalCount"] == len(found["nodes"])
    return [node["name"] for node in found["nodes"]]


async def walked(ages: Digging, order: str, direction: str = "ASC", *, backward: bool = False) -> list[str]:
    """The names of all finds, page by page. A page has one row, and there are never more pages than rows and one."""
    page = "last: 1, before: $cursor" if backward else "first: 1, after: $cursor"
    document = f"""query ($cursor: String) {{
      finds({page}, orderBy: [{{{order}: {direction}}}]) {{ edges {{ cursor node {{ name }} }} }}
    }}"""
    cursor, found = None, list[str]()
    while edges := (await ages.data(document, cursor=cursor))["finds"]["edges"]:
        assert len(found) <= len(DAYS) + len(BEYOND)
        found.append(edges[0]["node"]["name"])
        cursor = edges[0]["cursor"]
    return found


async def test_values_at_the_ends_are_stored_and_shown_as_they_are(ages: Digging) -> None:
    found = await ages.data("{ finds { nodes { day notedAt seenAt keptAt at age { name } } } }")
    nodes = found["finds"]["nodes"]
    assert [node["age"]["name"] for node in nodes] == SHOWN["day"]
    for name, shown in SHOWN.items():
        assert [node[name] for node in nodes] == shown
    if not ages.is_sqlite:
        assert await ages.stored("SELECT count(*) FROM finds WHERE NOT isfinite(day) OR NOT isfinite(seen_at)") == [0]


async def test_comparisons_find_the_rows_that_they_name(ages: Digging) -> None:
    for name in SHOWN:
        await compare(ages, name)


async def compare(ages: Digging, name: str) -> None:
    everyone = [row["name"] for row in ROWS]
    for place, value in enumerate(SHOWN[name]):
        expected = {
            "eq": everyone[place : place + 1],
            "ne": everyone[:place] + everyone[place + 1 :],
            "lt": everyone[:place],
            "lte": everyone[: place + 1],
            "gt": everyone[place + 1 :],
            "gte": everyone[place:],
        }
        for operator, rows in expected.items():
            assert await names(ages, {name: {operator: value}}) == rows, (operator, value)
    ends = [SHOWN[name][0], SHOWN[name][-1]]
    assert await names(ages, {name: {"in": ends}}) == [everyone[0], everyone[-1]]
    assert await names(ages, {name: {"notIn": ends}}) == everyone[1:-1]


async def test_pages_of_one_row_walk_through_all_rows_once(ages: Digging) -> None:
    forward = [row["name"] for row in ROWS]
    for name in SHOWN:
        assert await walked(ages, name) == (await walked(ages, name, backward=True))[::-1] == forward
        assert await walked(ages, name, "DESC") == forward[::-1]


async def test_ends_are_found_as_keys_and_as_groups(ages: Digging, statements: StatementRecorder) -> None:
    ids = [global_id(Age, day) for day in DAYS]
    with statements() as seen:
        found = await ages.data(
            """query ($ids: [ID!]!) {
              nodes(ids: $ids) { id ... on Age { began finds { nodes { name } } } }
              findsAggregate {
                min { day seenAt at } max { day seenAt at } groupBy(by: [{value: DAY}]) { nodes { key { day } count } }
              }
            }""",
            ids=ids,
        )
    assert [node["id"] for node in found["nodes"]] == ids
    assert [node["finds"]["nodes"] for node in found["nodes"]] == [[{"name": row["name"]}] for row in ROWS]
    for function, place in (("min", 0), ("max", -1)):
        values = found["findsAggregate"][function]
        assert values == {name: SHOWN[name][place] for name in ("day", "seenAt", "at")}
    assert [group["key"]["day"] for group in found["findsAggregate"]["groupBy"]["nodes"]] == SHOWN["day"]
    # the ages, their finds, the aggregate and the groups
    assert len(seen) == 4


async def test_ends_are_written_by_create_update_and_bulk(blank_database: Database) -> None:
    async with dig(blank_database) as ages:
        payload = await ages.data(
            """mutation ($many: CreateAgesInput!, $find: CreateFindInput!) {
              createAges(input: $many) { ages { began } errors { ... on UserError { message } } }
              createFind(input: $find) { find { id day notedAt seenAt at } errors { ... on UserError { message } } }
            }""",
            many={"ages": [{"began": day, "name": day} for day in (SHOWN["day"][0], SHOWN["day"][-1])]},
            find={"day": SHOWN["day"][-1], "notedAt": SHOWN["notedAt"][-1], "seenAt": SHOWN["seenAt"][-1]},
        )
        assert [age["began"] for age in payload["createAges"]["ages"]] == [SHOWN["day"][0], SHOWN["day"][-1]]
        find = payload["createFind"]["find"]
        assert (find["day"], find["notedAt"]) == (SHOWN["day"][-1], SHOWN["notedAt"][-1])
        update = """mutation ($input: UpdateFindInput!) {
          updateFind(input: $input) { find { day at } errors { ... on UserError { message } } }
        }"""
        values = {"id": find["id"], "day": SHOWN["day"][0], "at": SHOWN["at"][-1]}
        changed = await ages.data(update, input=values)
        assert changed["updateFind"] == {"find": {"day": SHOWN["day"][0], "at": SHOWN["at"][-1]}, "errors": []}
        text = "CAST(day AS VARCHAR)" if not ages.is_sqlite else "day"
        assert await ages.stored(f"SELECT {text} FROM finds") == ["0001-01-01"]
        text = "CAST(began AS VARCHAR)" if not ages.is_sqlite else "began"
        assert await ages.stored(f"SELECT {text} FROM ages ORDER BY began") == ["0001-01-01", "9999-12-31"]


@pytest.mark.postgresql
async def test_what_lies_beyond_is_an_error_of_its_own_field(ages: Digging, statements: StatementRecorder) -> None:
    await write_beyond(ages)
    with statements() as seen:
        data, errors = await ages("{ finds { nodes { name day notedAt seenAt keptAt at weekday } } }")
    nodes = data["finds"]["nodes"]
    assert [node["day"] for node in nodes] == SHOWN["day"] + [None] * len(BEYOND)
    fields = ("day", "notedAt", "seenAt", "keptAt", "at", "weekday")
    places = range(len(DAYS), len(DAYS) + len(BEYOND))
    assert errors == [(UNREADABLE, ["finds", "nodes", place, field]) for place in places for field in fields]
    # once, and once more value by value
    assert len(seen) == 2


@pytest.mark.postgresql
async def test_infinity_is_not_the_last_day_and_costs_no_second_statement(
    ages: Digging, statements: StatementRecorder
) -> None:
    await ages.sql("UPDATE finds SET day = 'infinity', noted_at = '-infinity', seen_at = 'infinity' WHERE id = 6")
    with statements() as seen:
        data, errors = await ages("{ finds(last: 2) { nodes { day notedAt seenAt } } }")
    assert data["finds"]["nodes"][1] == {"day": None, "notedAt": None, "seenAt": None}
    assert errors == [(UNREADABLE, ["finds", "nodes", 1, field]) for field in ("day", "notedAt", "seenAt")]
    assert len(seen) == 1
    assert await names(ages, {"day": {"gte": "9999-12-31"}}) == ["6"]
    assert await names(ages, {"day": {"eq": "9999-12-31"}}) == []


@pytest.mark.postgresql
async def test_rows_beyond_have_their_place_in_every_order(ages: Digging) -> None:
    await write_beyond(ages)
    inside, beyond = [row["name"] for row in ROWS], [str(number) for number in range(101, 101 + len(BEYOND))]
    for name in SHOWN:
        expected = [*inside, *beyond] if name == "at" else [*beyond[:3], *inside, *beyond[3:]]
        assert await walked(ages, name) == (await walked(ages, name, backward=True))[::-1] == expected


@pytest.mark.postgresql
async def test_rows_beyond_are_found_by_their_keys(ages: Digging) -> None:
    await write_beyond(ages)
    found = (await ages.data("{ ages { nodes { id name finds { nodes { age { name } } } } } }"))["ages"]["nodes"]
    assert len(found) == len(DAYS) + len(BEYOND)
    assert all(age["finds"]["nodes"] == [{"age": {"name": age["name"]}}] for age in found)
    again = await ages.data(
        """query ($ids: [ID!]!) {
          nodes(ids: $ids) { ... on Age { name } } ages(where: {id: {in: $ids}}) { totalCount }
        }""",
        ids=[age["id"] for age in found],
    )
    assert again["nodes"] == [{"name": age["name"]} for age in found]
    assert again["ages"] == {"totalCount": len(found)}


@pytest.mark.postgresql
async def test_extremes_and_groups_beyond_are_errors_of_their_own_fields(ages: Digging) -> None:
    await write_beyond(ages)
    data, errors = await ages(
        """{ findsAggregate {
          count min { day } max { at }
          groupBy(by: [{value: DAY}, {value: AGE}]) { nodes { count key { day age { name } } } }
        } }"""
    )
    groups = data["findsAggregate"]["groupBy"]["nodes"]
    assert data["findsAggregate"]["count"] == len(groups) == len(DAYS) + len(BEYOND)
    assert [group["key"]["day"] for group in groups] == [None] * 3 + SHOWN["day"] + [None] * 3
    assert [group["key"]["age"]["name"] for group in groups] == [*BEYOND[:3], *SHOWN["day"], *BEYOND[3:]]
    places = [place for place, group in enumerate(groups) if group["key"]["day"] is None]
    assert errors == [
        *((UNREADABLE, ["findsAggregate", *path]) for path in (("min", "day"), ("max", "at"))),
        *((UNREADABLE, ["findsAggregate", "groupBy", "nodes", place, "key", "day"]) for place in places),
    ]


@pytest.mark.postgresql
async def test_the_servers_own_style_of_dates_changes_nothing(ages: Digging) -> None:
    await write_beyond(ages)
    (name,) = await ages.stored("SELECT current_database()")
    await ages.sql(
        f"ALTER DATABASE {name} SET datestyle = 'German'", f"ALTER DATABASE {name} SET timezone = 'America/New_York'"
    )
    await ages.engines.dispose()
    assert await ages.stored("SELECT CAST(day AS VARCHAR) FROM finds WHERE id = 4") == ["29.02.2024"]
    for order in ("day", "keptAt"):
        assert len(await walked(ages, order)) == len(DAYS) + len(BEYOND)
    data, _ = await ages("{ finds { nodes { day keptAt } } }")
    assert [node["day"] for node in data["finds"]["nodes"]] == SHOWN["day"] + [None] * len(BEYOND)
    assert [node["keptAt"] for node in data["finds"]["nodes"][: len(DAYS)]] == SHOWN["keptAt"]
