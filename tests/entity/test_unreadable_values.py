"""A value that cannot be read is an error of its field, and all other values stay."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import select

from db.session import Mode, RequestSession
from db.unreadable import UnreadableValue
from graph.entity.values import NO_NUMBERS
from tests.databases import Database, StatementRecorder
from tests.entity.ages import Find as FindRow
from tests.entity.ages_types import Find
from tests.entity.digging import Digging, dig
from tests.entity.serving import global_id

UNREADABLE = "UNREADABLE_VALUE"
TOKENS = [UUID(int=number) for number in (1, 2, 3)]

JUNK_ON_SQLITE = {
    "name": "CAST(x'ff41' AS TEXT)",
    "day": "'yesterday'",
    "noted_at": "'2024-13-01 00:00:00'",
    "seen_at": "42",
    "kept_at": "x'00'",
    "at": "'25:00:00'",
    "kind": "'stone'",
    "token": "'none'",
    "payload": """'{"a": NaN}'""",
    "amount": "'much'",
    "ratio": "'half'",
    "level": "'high'",
    "number": "1.5",
}
JUNK_ON_POSTGRESQL = {
    "day": "'0044-03-15 BC'",
    "noted_at": "'20000-01-01'",
    "seen_at": "'-infinity'",
    "kept_at": "'20000-01-01'",
    "at": "'24:00'",
    "kind": "'stone'",
    "amount": "'NaN'",
    "ratio": "'Infinity'",
}
FIELDS = {"noted_at": "notedAt", "seen_at": "seenAt", "kept_at": "keptAt"}

SELECTED = "id name day notedAt seenAt keptAt at kind token payload amount ratio level number"


@pytest.fixture
async def finds(blank_database: Database) -> AsyncIterator[Digging]:
    async with dig(blank_database) as digging:
        await digging.finds(
            *(
                {
                    "id": number,
                    "name": f"find {number}",
                    "token": token,
                    "part_of_token": TOKENS[0],
                    "level": number,
                    "payload": {"a": number},
                }
                for number, token in enumerate(TOKENS, 1)
            )
        )
        yield digging


def junk(finds: Digging) -> dict[str, str]:
    return JUNK_ON_SQLITE if finds.is_sqlite else JUNK_ON_POSTGRESQL


async def spoil(finds: Digging, column: str, number: int = 2) -> None:
    await finds.sql(f"UPDATE finds SET {column} = {junk(finds)[column]} WHERE id = {number}")


async def test_each_kind_of_value_is_an_error_of_its_field_alone(
    finds: Digging, statements: StatementRecorder, subtests: pytest.Subtests
) -> None:
    document = f"{{ finds {{ nodes {{ {SELECTED} }} }} other: findsAggregate {{ count }} }}"
    whole = await finds.data(document)
    for column in junk(finds):
        await finds.sql(f"CREATE TABLE kept AS SELECT id, {column} AS kept FROM finds")
        await spoil(finds, column)
        with subtests.test(column), statements() as seen:
            field = FIELDS.get(column, column)
            data, errors = await finds(document)
            assert errors == [(UNREADABLE, ["finds", "nodes", 1, field])]
            expected = [dict(node) for node in whole["finds"]["nodes"]]
            expected[1][field] = None
            assert data == {"finds": {"nodes": expected}, "other": {"count": 3}}
            # the page, perhaps value by value, and the count
            assert 2 <= len(seen) <= 3
        await finds.sql(
            f"UPDATE finds SET {column} = (SELECT kept FROM kept WHERE kept.id = finds.id)", "DROP TABLE kept"
        )


async def test_the_sentence_holds_nothing_of_the_database(finds: Digging) -> None:
    for column in junk(finds):
        await spoil(finds, column)
    result = await finds.result(f"{{ finds {{ nodes {{ {SELECTED} }} }} }}")
    assert {error.message for error in result.errors or ()} == {
        "The database holds a value here that cannot be read as what its column says; leave the field out, or have the"
        " value corrected."
    }


@pytest.mark.sqlite
async def test_null_moves_up_to_where_it_may_be(finds: Digging) -> None:
    await finds.sql(
        "INSERT INTO ages (began, name) VALUES ('2024-02-29', CAST(x'ff' AS TEXT))",
        "UPDATE finds SET began = '2024-02-29' WHERE id = 3",
    )
    data, errors = await finds("{ finds { nodes { level age { name } } } ages { nodes { began } } }")
    assert data["finds"]["nodes"] == [{"level": level, "age": None} for level in (1, 2, 3)]
    assert data["ages"]["nodes"] == [{"began": "2024-02-29"}]
    assert errors == [(UNREADABLE, ["finds", "nodes", 2, "age", "name"])]


@pytest.mark.sqlite
async def test_links_of_a_key_that_cannot_be_read_are_errors_of_their_fields(
    finds: Digging, statements: StatementRecorder
) -> None:
    await finds.sql("UPDATE finds SET token = 'none' WHERE id = 2", "UPDATE finds SET part_of_token = 'x' WHERE id = 3")
    with statements() as seen:
        data, errors = await finds("{ finds { nodes { name whole { name } } } }")
    assert [node["whole"] for node in data["finds"]["nodes"]] == [{"name": "find 1"}, {"name": "find 1"}, None]
    assert errors == [(UNREADABLE, ["finds", "nodes", 2, "whole"])]
    # the page, once more value by value, and the wholes
    assert len(seen) == 3
    ids = [global_id(Find, number) for number in (1, 2, 3)]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Find { name parts { totalCount nodes { name } } } } }"
    data, errors = await finds(document, ids=ids)
    parts = {"totalCount": 2, "nodes": [{"name": "find 1"}, {"name": "find 2"}]}
    none = {"totalCount": 0, "nodes": []}
    assert data["nodes"] == [{"name": "find 1", "parts": parts}, None, {"name": "find 3", "parts": none}]
    assert errors == [(UNREADABLE, ["nodes", 1, "parts"])]


async def test_what_is_computed_from_a_value_shares_its_error(finds: Digging) -> None:
    await spoil(finds, "day")
    data, errors = await finds("{ finds { nodes { name weekday } } }")
    assert [node["weekday"] for node in data["finds"]["nodes"]] == [None] * 3
    assert errors == [(UNREADABLE, ["finds", "nodes", 1, "weekday"])]


async def test_groups_and_extremes_are_errors_of_their_fields(finds: Digging) -> None:
    await spoil(finds, "kind")
    await spoil(finds, "amount")
    data, errors = await finds(
        "{ findsAggregate { count max { amount } groupBy(by: [{value: KIND}]) { nodes { count key { kind } } } } }"
    )
    groups = data["findsAggregate"]["groupBy"]["nodes"]
    assert sorted((group["count"], group["key"]["kind"]) for group in groups) == [(1, None), (2, None)]
    place = [group["count"] for group in groups].index(1)
    assert (UNREADABLE, ["findsAggregate", "groupBy", "nodes", place, "key", "kind"]) in errors
    assert {code for code, _ in errors} == {UNREADABLE}


async def test_a_cursor_that_no_database_reads_again_is_an_error_of_its_field(finds: Digging) -> None:
    await spoil(finds, "kind")
    data, errors = await finds(
        "{ finds(orderBy: [{kind: ASC}]) { nodes { name } pageInfo { startCursor endCursor } } }"
    )
    assert len(data["finds"]["nodes"]) == 3
    assert data["finds"]["pageInfo"]["endCursor"]
    assert errors == [(UNREADABLE, ["finds", "pageInfo", "startCursor"])]


@pytest.mark.postgresql
async def test_what_is_no_number_has_its_place_in_pages(finds: Digging) -> None:
    for column in ("amount", "ratio"):
        await finds.sql(
            *(f"UPDATE finds SET {column} = '{word}' WHERE id = {n}" for n, word in enumerate(NO_NUMBERS, 1))
        )
        document = f"""query ($after: String) {{
          finds(first: 1, after: $after, orderBy: [{{{column}: ASC}}]) {{ edges {{ cursor node {{ level }} }} }}
        }}"""
        after, levels = None, list[int]()
        while edges := (await finds.data(document, after=after))["finds"]["edges"]:
            levels.append(edges[0]["node"]["level"])
            after = edges[0]["cursor"]
            assert len(levels) <= len(NO_NUMBERS)
        assert levels == [3, 2, 1]  # -Infinity, Infinity, NaN


async def test_graphql_cores_own_walk_says_the_same(finds: Digging) -> None:
    for column in junk(finds):
        await spoil(finds, column)
    document = f"query ($later: Boolean!) {{ finds {{ nodes {{ {SELECTED} weekday ...Later @defer(if: $later) }} }} }}"
    document += " fragment Later on Find { name }"
    assert await finds(document, later=False) == await finds(document.replace(" @defer(if: $later)", ""), later=False)


async def test_a_row_is_changed_whatever_its_other_columns_hold(finds: Digging, statements: StatementRecorder) -> None:
    for column in junk(finds):
        await spoil(finds, column)
    document = """mutation ($input: UpdateFindInput!) {
      updateFind(input: $input) { find { number day kind } errors { ... on UserError { message } } }
    }"""
    with statements() as seen:
        data, errors = await finds(document, input={"id": global_id(Find, 2), "number": "7"})
    assert data["updateFind"] == {"find": {"number": "7", "day": None, "kind": None}, "errors": []}
    assert errors == [(UNREADABLE, ["updateFind", "find", name]) for name in ("day", "kind")]
    data, errors = await finds(document, input={"id": global_id(Find, 2), "day": "2024-02-29", "kind": "BONE"})
    assert (data["updateFind"]["find"], errors) == ({"number": "7", "day": "2024-02-29", "kind": "BONE"}, [])
    assert seen
    deleted = (
        "mutation ($input: DeleteFindInput!) { deleteFind(input: $input) { errors { ... on UserError { message } } } }"
    )
    assert await finds.data(deleted, input={"id": global_id(Find, 2)}) == {"deleteFind": {"errors": []}}


async def test_statements_after_the_one_that_could_not_be_read_see_the_same_view(finds: Digging) -> None:
    await spoil(finds, "kind")
    document = "{ finds { nodes { kind } } again: finds { nodes { kind parts { totalCount } } } }"
    for _ in range(3):
        data, errors = await finds(document)
        assert [node["parts"]["totalCount"] for node in data["again"]["nodes"]] == [3, 0, 0]
        assert len(errors) == 2
    assert await finds.data("{ findsAggregate { count } }") == {"findsAggregate": {"count": 3}}


async def test_an_entity_that_cannot_be_made_is_an_error_with_a_name(finds: Digging) -> None:
    for column in ("day", "kind"):
        await spoil(finds, column)
        async with RequestSession(finds.engines, Mode.CURRENT) as session:
            with pytest.raises(UnreadableValue):
                await session.get(FindRow, 2)
            with pytest.raises(UnreadableValue):
                await session.scalar(select(FindRow).where(FindRow.id == 2))
            assert await session.scalar(select(FindRow.level).where(FindRow.id == 2)) == 2
