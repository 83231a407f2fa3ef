"""A value that its type refuses is found in its place, and every other value stays."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from graphql import OperationType
from strawberry.types import ExecutionResult

from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Schema
from graph.errors import code_of
from graph.masking import for_client
from graph.prepare.documents import OperationRequest
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, fill, serve
from tests.execute.running import only_error
from tests.execute.workshop_types import WORKSHOP

UNREADABLE = "The database holds a value here that cannot be read as what its column says"
CODE = "UNREADABLE_VALUE"
OURS = "Something went wrong on our side."


@pytest.fixture
async def workshop(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, WORKSHOP)
    async with serve(blank_database, WORKSHOP) as api:
        yield api


async def answer(schema: Schema, engines: Engines, query: str, variables: dict[str, Any] | None = None) -> Any:
    """What a server writes."""
    return await schema.operations.answer(
        OperationRequest(query, variables), ContextFactory(engines), [OperationType.QUERY], for_json=True
    )


def told(result: ExecutionResult) -> list[tuple[str, list[str | int] | None, str | None]]:
    """What a client is told: the sentence without the id of the log, the path and the code."""
    return [
        (re.split("; leave| If you report", error.message)[0], error.path, code_of(error))
        for error in for_client(result.errors or [])
    ]


async def test_a_refused_value_is_null_in_its_place_and_the_other_rows_are_whole(
    workshop: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        result = await answer(workshop.schema, workshop.engines, "{ tools { nodes { name length kind } } }")
    assert result.data["tools"]["nodes"] == [
        {"name": "Axe", "length": 60.5, "kind": "CUTS"},
        {"name": "Bench", "length": None, "kind": "HOLDS"},
        {"name": "Chisel", "length": 20.0, "kind": "CUTS"},
        {"name": "Drill", "length": None, "kind": "CUTS"},
        {"name": "Eraser", "length": 3.25, "kind": None},
    ]
    assert told(result) == [
        (UNREADABLE, ["tools", "nodes", 3, "length"], CODE),
        (UNREADABLE, ["tools", "nodes", 4, "kind"], CODE),
    ]
    assert len(seen) == 1


async def test_a_refused_value_that_may_not_be_null_empties_its_object_alone(
    workshop: Api, statements: StatementRecorder
) -> None:
    query = "{ toolNumbers(numbers: [1, 2, 3, 2]) { name weight } }"
    with statements() as seen:
        result = await answer(workshop.schema, workshop.engines, query)
    axe, chisel = {"name": "Axe", "weight": 900}, {"name": "Chisel", "weight": 200}
    assert result.data == {"toolNumbers": [axe, None, chisel, None]}
    assert told(result) == [(UNREADABLE, ["toolNumbers", place, "weight"], CODE) for place in (1, 3)]
    assert len(seen) == 1


async def test_a_refused_value_in_lists_that_may_not_have_gaps_leaves_nothing(workshop: Api) -> None:
    result = await answer(workshop.schema, workshop.engines, "{ tools { nodes { name weight } } }")
    assert result.data is None
    assert told(result) == [(UNREADABLE, ["tools", "nodes", 1, "weight"], CODE)]


async def test_what_python_raises_over_a_row_is_placed_and_is_our_own_fault(
    workshop: Api, statements: StatementRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    query = "{ toolNumbers(numbers: [4, 5, 1]) { name partWeight } }"
    with statements() as seen:
        result = await answer(workshop.schema, workshop.engines, query)
    assert result.data == {
        "toolNumbers": [{"name": "Drill", "partWeight": 100}, None, {"name": "Axe", "partWeight": 450}]
    }
    assert isinstance(only_error(result).original_error, ZeroDivisionError)
    assert told(result) == [(OURS, ["toolNumbers", 1, "partWeight"], "INTERNAL_SERVER_ERROR")]
    assert "ZeroDivisionError at ['toolNumbers', 1, 'partWeight']" in caplog.text
    assert len(seen) == 1


async def test_several_errors_of_one_row_are_told_in_the_order_of_the_answer(workshop: Api) -> None:
    query = "{ toolNumber(number: 5) { a: kind b: name c: kind shelf { rank z: rank name } } }"
    result = await answer(workshop.schema, workshop.engines, query)
    shelf = {"rank": None, "z": None, "name": "Right"}
    assert result.data == {"toolNumber": {"a": None, "b": "Eraser", "c": None, "shelf": shelf}}
    assert [path for _, path, _ in told(result)] == [
        ["toolNumber", "a"],
        ["toolNumber", "c"],
        ["toolNumber", "shelf", "rank"],
        ["toolNumber", "shelf", "z"],
    ]


async def test_a_row_that_several_parents_share_is_told_of_in_each_place(
    workshop: Api, statements: StatementRecorder
) -> None:
    query = "{ tools(last: 3) { nodes { shelf { name rank } } edges { node { shelf { name rank } } } } }"
    with statements() as seen:
        result = await answer(workshop.schema, workshop.engines, query)
    shelves = [{"shelf": {"name": name, "rank": None}} for name in ("Left", "Right", "Right")]
    assert result.data == {"tools": {"nodes": shelves, "edges": [{"node": shelf} for shelf in shelves]}}
    # The left shelf has no rank; the right one has one too large.
    assert told(result) == [
        *((UNREADABLE, ["tools", "nodes", place, "shelf", "rank"], CODE) for place in (1, 2)),
        *((UNREADABLE, ["tools", "edges", place, "node", "shelf", "rank"], CODE) for place in (1, 2)),
    ]
    # The page, and the two shelves.
    assert len(seen) == 2


async def test_a_shared_row_that_is_refused_empties_each_parent(workshop: Api, statements: StatementRecorder) -> None:
    query = "{ toolNumbers(numbers: [4, 1, 5]) { name shelf { name capacity } } }"
    with statements() as seen:
        result = await answer(workshop.schema, workshop.engines, query)
    axe = {"name": "Axe", "shelf": {"name": "Left", "capacity": 10}}
    assert result.data == {"toolNumbers": [None, axe, None]}
    assert told(result) == [(UNREADABLE, ["toolNumbers", place, "shelf", "capacity"], CODE) for place in (0, 2)]
    assert len(seen) == 2


async def test_a_failure_of_one_run_does_not_reach_the_next(workshop: Api) -> None:
    query = "query ($number: Int!) { toolNumber(number: $number) { name weight length kind } }"
    axe = {"name": "Axe", "weight": 900, "length": 60.5, "kind": "CUTS"}
    for _ in range(2):
        refused = await answer(workshop.schema, workshop.engines, query, {"number": 2})
        assert (refused.data, told(refused)) == ({"toolNumber": None}, [(UNREADABLE, ["toolNumber", "weight"], CODE)])
        whole = await answer(workshop.schema, workshop.engines, query, {"number": 1})
        assert (whole.data, whole.errors) == ({"toolNumber": axe}, None)


NAMES = (
    *("class", "None", "True", "def", "lambda", "import", "exec", "type", "int", "str", "self", "_", "__"),
    *("rows", "row", "row0", "answers", "answer", "add", "project", "make", "undefined", "datetime", "UTC", "done"),
    *("v0", "v1", "convert0", "complete0", "plain0", "__class__", "__dict__"),
)
"""Names that a document may use as keys, and that mean something in Python or in generated code."""


@pytest.mark.parametrize("number", [1, 4])
async def test_keys_mean_nothing_to_the_code_that_is_generated(workshop: Api, number: int) -> None:
    fields = {"name": "Axe", "kind": "CUTS", "length": 60.5}
    drill = {"name": "Drill", "kind": "CUTS", "length": None}
    asked = {f"{name}": field for name, field in zip(NAMES, list(fields) * len(NAMES), strict=False)}
    selected = " ".join(f"{key}: {field}" for key, field in asked.items())
    query = f"{{ toolNumber(number: {number}) {{ {selected} }} }}"
    result = await answer(workshop.schema, workshop.engines, query)
    expected = fields if number == 1 else drill
    assert list(result.data["toolNumber"].items()) == [(key, expected[field]) for key, field in asked.items()]
    refused = [key for key, field in asked.items() if field == "length"] if number == 4 else []
    assert told(result) == [(UNREADABLE, ["toolNumber", key], CODE) for key in refused]
