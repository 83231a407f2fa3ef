"""Whatever is sent, wherever a text can be sent: no fault of ours, nobody else's rows, and nothing done to them."""

import base64
import json
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import pytest
from graphql import GraphQLEnumType
from pydantic import SecretStr

from db import demo
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.errors import code_of
from graph.identity.service import Identity
from graph.masking import for_client
from graph.mutations.house import HouseSettings
from graph.policies import visibility
from graph.prepare.documents import OperationRequest
from graph.settings import Settings
from graph.viewer import Viewer
from tests.policies.places import Place, places
from tests.policies.seen import Rows, may_see
from tests.policies.worlds import GRAPHQL, KINDS, SCHEMA, STATEMENTS, World, Worlds, entities

VIEWER = Viewer(5, frozenset({"author", "editor", "member"}))
"""Somebody who may change much."""


TIMES = 6
"""How many values every place gets."""


def global_id(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


SQL = (
    "' OR 1=1 --",
    "'; DROP TABLE posts; --",
    '"; DELETE FROM users; --',
    "') UNION SELECT hashed_password FROM users --",
    "$1::text || (SELECT version())",
    "%s %(viewer)s :__viewer ?",
    "\\'; SELECT pg_sleep(10); --",
    "/* */ x'00' `posts` [posts]",
)
JSON_PATHS = ("$.*", '$."a"\'', "$[*] ? (@ == 1)", "a.b[0]", '"', "{a,b}", "strict $", "0]", "#-1", "\ud83c\udf31")
IDS = (
    *SQL[:3],
    global_id("Post:1 OR 1=1"),
    global_id('Order:"\' OR 1=1 --"'),
    global_id("Post:1;DROP TABLE posts"),
    global_id("users:1"),
)
CURSORS = (
    *SQL[:3],
    base64.urlsafe_b64encode(json.dumps(["' OR 1=1 --", 1]).encode()).decode(),
    base64.urlsafe_b64encode(json.dumps([None, {"$gt": ""}]).encode()).decode(),
    "A" * 20_000,
)


def hostile(place: Place) -> Iterator[Any]:
    """What is sent to a place, without an end."""
    if place.is_cursor:
        return cycle(CURSORS)
    if isinstance(GRAPHQL.type_map[place.leaf], GraphQLEnumType):
        return cycle(SQL[:2])
    others: dict[str, tuple[Any, ...]] = {
        "ID": IDS,
        "JSON": (*SQL, {SQL[0]: SQL[1]}, {"$where": JSON_PATHS[2]}, [SQL[3]], *JSON_PATHS),
        "String": (*SQL, *JSON_PATHS),
    }
    return cycle(others.get(place.leaf, SQL[:2]))


def tries(operation: str) -> Iterator[tuple[Place, Any]]:
    """Some values for every place, and others for the next place of its kind."""
    kinds: dict[tuple[str, bool], Iterator[Any]] = {}
    for place in places():
        if place.operation == operation:
            values = kinds.setdefault((place.leaf, place.is_cursor), hostile(place))
            yield from ((place, next(values)) for _ in range(TIMES))


class Told:
    """What somebody is told, as it leaves the server."""

    def __init__(self, data: Any, codes: set[str | None]) -> None:
        self.data = data
        self.codes = codes

    def ids(self) -> set[str]:
        """Every id in the answer."""
        found, left = set(), [self.data]
        while left:
            value = left.pop()
            if isinstance(value, dict):
                found |= {value["id"]} if "id" in value else set()
                left += value.values()
            elif isinstance(value, list):
                left += value
        return found


async def told(world: World, text: str, variables: dict[str, Any], services: Sequence[object] = ()) -> Told:
    context = ContextFactory(
        world.engines, viewer=VIEWER, visible=visibility(VIEWER), statements=STATEMENTS, services=services
    )
    result = await SCHEMA.operations.answer(OperationRequest(text, variables), context, KINDS)
    return Told(result.data, {code_of(error) for error in for_client(result.errors or [])})


async def test_no_text_in_a_query_is_taken_for_anything_else(worlds: Worlds) -> None:
    ids = {entity.name: next(iter(worlds.ids(entity, VIEWER)), worlds.ids(entity)[0]) for entity in entities()}
    seen = {id_ for entity in entities() for id_ in worlds.ids(entity, VIEWER)}
    count = 0
    for place, value in tries("query"):
        text, variables = place.asked(value, ids)
        answer = await told(worlds.whole, text, variables)
        assert "INTERNAL_SERVER_ERROR" not in answer.codes, (place, value)
        assert None not in answer.codes, (place, value)
        assert answer.ids() <= seen, (place, value)
        if place.is_cursor:
            assert answer.codes == {"INVALID_CURSOR"}, (place, value)
        count += 1
    assert count > 200 * TIMES
    assert await worlds.whole.rows() == worlds.rows


@pytest.fixture
async def own_world(engines: Engines) -> World:
    await demo.fill(engines, scale=1)
    return World(engines)


def foreign(rows: Rows) -> dict[str, list[Any]]:
    """The rows that the viewer may not see, and everybody else's names and passwords."""
    hidden: dict[str, list[Any]] = {
        table: [row for row in rows[table] if not may_see(VIEWER, table, row, rows)]
        for table in ("documents", "orders", "order_lines", "accounts", "transfers", "roles")
    }
    return hidden | {"users": [row for row in rows["users"] if row["id"] != VIEWER.id and row["id"] <= 20]}


async def test_no_text_in_an_input_is_taken_for_anything_else(own_world: World) -> None:
    settings = Settings.model_construct(token_keys=(SecretStr("x" * 40),), sign_in_limit="100000/minute")
    identity = Identity(own_world.engines, settings)
    before = await own_world.rows()
    ids = {"Post": "UG9zdDox", "User": "VXNlcjo1", "Tag": "VGFnOjE", "Document": global_id("Document:5")}
    try:
        for place, value in tries("mutation"):
            text, variables = place.asked(value, ids)
            answer = await told(own_world, text, variables, [identity, HouseSettings()])
            assert "INTERNAL_SERVER_ERROR" not in answer.codes, (place, value)
            assert None not in answer.codes, (place, value)
    finally:
        identity.close()
    after = await own_world.rows()
    assert foreign(before) == foreign(after)
    assert len(after["posts"]) > len(before["posts"])  # a title may be any text


@pytest.mark.parametrize("having", ["{}", "{min: {}}", "{count: {}}", "{max: {title: {}}}"])
async def test_groups_of_which_nothing_is_asked_are_all_of_them(worlds: Worlds, having: str) -> None:
    text = f"{{ postsAggregate {{ groupBy(by: [{{value: STATUS}}], having: {having}) {{ nodes {{ count }} }} }} }}"
    answer = await told(worlds.whole, text, {})
    assert len(answer.data["postsAggregate"]["groupBy"]["nodes"]) == 3


async def test_a_part_of_a_document_of_which_nothing_is_asked_may_be_anything(worlds: Worlds) -> None:
    text = '{ documents(where: {body: {path: [{at: ["$.*"]}]}}) { totalCount } all: documents { totalCount } }'
    answer = await told(worlds.whole, text, {})
    assert answer.data["documents"] == answer.data["all"]
