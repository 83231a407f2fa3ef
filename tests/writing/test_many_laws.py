"""A change by a filter is about the rows that a query with the same filter finds, whatever the filter asks."""

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from hypothesis import given

from graph.context import ContextFactory
from graph.entity import Schema, query_type
from graph.entity.registry import entity_of
from graph.settings import Settings
from graph.writing import ANYBODY, Change, Crud, MutationDeclaration, Rejected, global_id, mutation_type, with_right
from graph.writing.errors import InvalidInput
from tests.entity.conftest import both, filled
from tests.entity.laws import Both, tried
from tests.entity.questions import Subject, Where, some_where
from tests.entity.reckoning import on_the_wire
from tests.entity.serving import Api
from tests.entity.things_rows import SAMPLE as THINGS
from tests.entity.things_types import TYPES, Thing

__all__ = ["both", "filled"]

Work = Callable[[Any, Change], Awaitable[Any]]

MAYS = {"at once": with_right(ANYBODY), "judged": lambda _viewer, _row: True}


def undone(declaration: MutationDeclaration[Any, Any]) -> MutationDeclaration[Any, Any]:
    """The same mutation, whose work is done, told as the message of an error, and undone."""

    async def work(values: Any, change: Change) -> Any:
        result = await declaration.work(values, change)
        raise Rejected(InvalidInput(json.dumps([global_id(row) for row in result["things"]]), ("input", "done")))

    return replace(declaration, work=work)


def schema_of(way: str) -> Schema:
    crud = Crud(Thing, ["rate"], may=MAYS[way], change=ANYBODY)
    made = mutation_type([undone(crud.update_many())])
    return Schema(query_type(*TYPES), Settings.model_construct(max_work=sys.maxsize), mutation=made)


SCHEMAS = {way: schema_of(way) for way in MAYS}
SUBJECT = Subject(THINGS, *TYPES)
FOUND = "query ($where: ThingFilter) { things(where: $where, first: 100) { nodes { id } } }"
CHANGED = """
mutation ($where: ThingFilter) {
  done: updateThings(input: {where: $where, set: {rate: "7"}}) { errors { ... on UserError { path message } } }
}
"""


async def changed(api: Api, schema: Schema, where: Where) -> tuple[list[str], list[str]]:
    """Where the errors stand, and what they tell."""
    contexts = ContextFactory(api.engines)
    result: Any = await schema.execute(CHANGED, {"where": on_the_wire(where)}, context_value=contexts)
    if result.errors:
        return [], [error.message for error in result.errors]
    errors = result.data["done"]["errors"]
    return [error["path"][-1] for error in errors], [error["message"] for error in errors]


@tried(10)
@given(where=some_where(SUBJECT, entity_of(Thing)))
async def test_a_change_is_about_the_rows_that_a_query_finds(where: Where, both: Both) -> None:
    for api in both.values():
        for schema in SCHEMAS.values():
            places, told = await changed(api, schema, where)
            if places != ["done"]:  # a gap, which is no error for those who read
                assert places == ["where"] or await api.errors(FOUND, where=on_the_wire(where)), (places, told)
                continue
            found = (await api.ask(FOUND, where=on_the_wire(where)))["things"]["nodes"]
            assert sorted(json.loads(told[0])) == sorted(thing["id"] for thing in found)
