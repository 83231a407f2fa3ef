"""Resolvers of one's own on mapped types: they get what they declared, and may return requests for rows.

Each claim holds level by level and on graphql-core's walk from object to object, which a hook for each field asks for.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult

from graph.entity import Schema
from graph.errors import ColumnNotLoaded
from graph.settings import Settings
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, fill, global_id, serve
from tests.execute.running import only_error, run
from tests.execute.workshop_types import WORKSHOP, Shelf, Tool


class EachField(SchemaExtension):
    """Wants to be called for each field of each object."""

    calls = 0

    def resolve(self, _next: Callable[..., Any], root: Any, info: Any, *args: Any, **kwargs: Any) -> Any:
        type(self).calls += 1
        return _next(root, info, *args, **kwargs)


@pytest.fixture(params=["level by level", "object by object"])
async def workshop(request: pytest.FixtureRequest, blank_database: Database) -> AsyncIterator[Api]:
    """The workshop, run either way."""
    await fill(blank_database, WORKSHOP)
    extensions = [EachField] if request.param == "object by object" else []
    calls = EachField.calls
    async with serve(blank_database, WORKSHOP) as api:
        yield Api(Schema(WORKSHOP.query, Settings.model_construct(), extensions=extensions), api.engines)
    assert (EachField.calls > calls) is bool(extensions)


async def answer(api: Api, query: str) -> ExecutionResult:
    return await run(api.schema, api.engines, query)


async def test_a_resolver_is_sync_or_async_and_takes_info_and_arguments(
    workshop: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        data = await workshop.ask("{ shelves { nodes { loud slow a: told b: told(times: 2) } } }")
    assert data["shelves"]["nodes"] == [
        {
            "loud": "LEFT",
            "slow": "tfeL",
            "a": "Left at shelves.nodes.0.a as told",
            "b": "LeftLeft at shelves.nodes.0.b as told",
        },
        {
            "loud": "RIGHT",
            "slow": "thgiR",
            "a": "Right at shelves.nodes.1.a as told",
            "b": "RightRight at shelves.nodes.1.b as told",
        },
    ]
    assert len(seen) == 1


async def test_a_request_for_a_row_of_another_type_is_an_error_that_names_both(workshop: Api) -> None:
    result = await answer(workshop, "{ misplaced { name } }")
    assert result.data == {"misplaced": None}
    message = only_error(result).message
    assert message.startswith("Expected value of type 'Tool' but got:")
    assert "Shelf" in message


async def test_a_resolver_makes_its_needs_be_read_and_nothing_else(
    workshop: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        await workshop.ask("{ shelves { nodes { loud } } }")
    (statement,) = seen
    read = statement.partition("FROM")[0]
    assert [column for column in ("id", "name", "best_id", "rank") if f".{column}" in read] == ["name"]


async def test_an_attribute_that_was_not_declared_is_refused_with_the_cure(workshop: Api) -> None:
    result = await answer(workshop, "{ shelves(first: 1) { nodes { id careless } } }")
    error = only_error(result)
    assert isinstance(error.original_error, ColumnNotLoaded)
    assert "@computed(needs=['name'])" in str(error.original_error)
    assert error.path == ["shelves", "nodes", 0, "careless"]
    assert result.data == {"shelves": {"nodes": [{"id": global_id(Shelf, 1), "careless": None}]}}


async def test_a_request_at_the_root_is_read_with_what_is_selected_below_it(
    workshop: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        data = await workshop.ask("{ toolNumber(number: 3) { name shelf { name tools(first: 1) { totalCount } } } }")
    assert data == {"toolNumber": {"name": "Chisel", "shelf": {"name": "Left", "tools": {"totalCount": 3}}}}
    # The tool, its shelf, the count of the shelf's tools.
    assert len(seen) == 3
    assert ".weight" not in seen[0]


async def test_a_request_for_a_missing_row_is_null(workshop: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        assert await workshop.ask("{ toolNumber(number: 404) { name shelf { name } } }") == {"toolNumber": None}
    assert len(seen) == 1


async def test_a_request_for_a_missing_row_where_one_must_be_is_an_error(workshop: Api) -> None:
    result = await answer(workshop, "{ sureTool(number: 404) { name } }")
    error = only_error(result)
    assert result.data is None
    assert (error.message, error.path) == ("Cannot return null for non-nullable field Query.sureTool.", ["sureTool"])


async def test_requests_of_one_level_share_a_statement_and_stand_where_they_were_returned(
    workshop: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        data = await workshop.ask("{ toolNumbers(numbers: [3, 404, 1, 3]) { id name } }")
    chisel, axe = {"id": global_id(Tool, 3), "name": "Chisel"}, {"id": global_id(Tool, 1), "name": "Axe"}
    assert data == {"toolNumbers": [chisel, None, axe, chisel]}
    assert len(seen) == 1


@pytest.mark.parametrize("field", ["best", "bestLater"])
async def test_computed_fields_request_the_rows_of_all_their_objects_at_once(
    workshop: Api, statements: StatementRecorder, field: str
) -> None:
    with statements() as seen:
        data = await workshop.ask(f"{{ shelves {{ nodes {{ {field} {{ name shelf {{ loud }} }} }} }} }}")
    assert data["shelves"]["nodes"] == [{field: {"name": "Axe", "shelf": {"loud": "LEFT"}}}, {field: None}]
    # The shelves, the best tools, their shelves.
    assert len(seen) == 3


async def test_a_missing_row_empties_the_nearest_place_that_may_be_null(workshop: Api) -> None:
    shelf = f'shelf(id: "{global_id(Shelf, 2)}")'
    result = await answer(workshop, f"{{ {shelf} {{ surely {{ name }} }} tools {{ totalCount }} }}")
    assert result.data == {"shelf": None, "tools": {"totalCount": 5}}
    assert only_error(result).path == ["shelf", "surely"]


async def test_requests_in_the_list_of_a_computed_field_share_a_statement(
    workshop: Api, statements: StatementRecorder
) -> None:
    with statements() as seen:
        data = await workshop.ask("{ shelves { nodes { several { name } } } }")
    axe, chisel = {"name": "Axe"}, {"name": "Chisel"}
    assert data["shelves"]["nodes"] == [{"several": [axe, None, chisel]}, {"several": [None, None, chisel]}]
    assert len(seen) == 2


async def test_a_request_behind_an_interface_is_read_as_its_own_type(
    workshop: Api, statements: StatementRecorder
) -> None:
    query = """{
        a: thing(shelf: true) { __typename id ... on Shelf { name } ... on Tool { weight } }
        b: thing(shelf: false) { __typename id ... on Shelf { name } ... on Tool { weight } }
        shelves(first: 1) { nodes { neighbour { ... on Shelf { loud } } } }
    }"""
    with statements() as seen:
        data = await workshop.ask(query)
    assert data == {
        "a": {"__typename": "Shelf", "id": global_id(Shelf, 1), "name": "Left"},
        "b": {"__typename": "Tool", "id": global_id(Tool, 1), "weight": 900},
        "shelves": {"nodes": [{"neighbour": {"loud": "RIGHT"}}]},
    }
    # The shelf, the tool, the page, the neighbour.
    assert len(seen) == 4
    (tools,) = (statement for statement in seen if ".weight" in statement)
    assert ".name" not in tools
