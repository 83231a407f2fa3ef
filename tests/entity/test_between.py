"""`between` is both bounds at once: under one SQL for all values, in `having`, of counts and of parts of JSON."""

from typing import Any

import pytest

from tests.databases import StatementRecorder
from tests.entity.laws import Both
from tests.entity.serving import Api

THINGS = "query ($where: ThingFilter) { things(where: $where) { totalCount nodes { number } } }"


async def test_both_ends_are_included(both: Both, statements: StatementRecorder) -> None:
    for api in both.values():
        with statements() as seen:
            found = await api.ask(THINGS, where={"number": {"between": [0, 3]}})
            again = await api.ask(THINGS, where={"number": {"between": [1, 1]}})
            none = await api.ask(THINGS, where={"number": {"between": [3, 0]}})
        assert {node["number"] for node in found["things"]["nodes"]} == {0, 1, 3}
        assert {node["number"] for node in again["things"]["nodes"]} == {1}
        assert none["things"]["totalCount"] == 0
        # The rows with their number, thrice; the text is the same for all values.
        assert (len(seen), len(set(seen))) == (3, 1)


async def test_groups_and_numbers_of_related_rows_are_between(both: Both) -> None:
    document = """{
      thingsAggregate {
        groupBy(by: [{value: BOX}], having: {count: {between: [2, 9]}, max: {price: {between: ["0.25", 2]}}}) {
          nodes { count }
        }
      }
      boxes(where: {things: {count: {between: [0, 0]}}}) { nodes { name } }
    }"""
    for api in both.values():
        found = await api.ask(document)
        assert all(2 <= group["count"] <= 9 for group in found["thingsAggregate"]["groupBy"]["nodes"])
        assert found["thingsAggregate"]["groupBy"]["nodes"]
        assert found["boxes"]["nodes"] == [{"name": "empty"}]


@pytest.mark.parametrize("ends", [[], [1], [1, 2, 3], 1])
async def test_other_numbers_of_ends_are_refused(both: Both, ends: Any) -> None:
    for api in both.values():
        (told,) = await api.errors(THINGS, where={"number": {"between": ends}})
        assert told.endswith("send `[from, to]`.")


async def test_numbers_that_no_column_holds_are_refused(both: Both) -> None:
    for api in both.values():
        assert await api.errors(THINGS, where={"text": {"between": ["a", "\x00"]}})


async def test_parts_of_documents_are_between(odd: Api) -> None:
    asked = '{ readings(where: {payload: {path: [{at: ["1", "a"], between: [1, 2]}]}}) { totalCount } }'
    assert (await odd.ask(asked))["readings"]["totalCount"] == 1
    assert (await odd.ask(asked.replace("[1, 2]", "[2, 3]")))["readings"]["totalCount"] == 0
    assert await odd.errors(asked.replace("[1, 2]", "[1]"))
