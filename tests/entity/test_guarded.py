"""Values that only some may see: null on every path, and refused where null may not stand."""

from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

import pytest
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from db.session.engines import Engines
from graph.entity import Schema
from graph.execute.graphql_core import LevelExecutor
from graph.settings import Settings
from graph.testing import SchemaClient
from graph.viewer import Viewer
from tests.databases import engine_statements
from tests.entity.conftest import Filled
from tests.entity.guarded_types import GUARDED, VISIBLE, Paper
from tests.entity.serving import global_id, serve

ME, OTHER = Viewer(1), Viewer(2)
MINE, THEIRS = [1, 4, 6], [2, 3, 5]
"""The numbers of the papers; their secrets are d, b, f and c, e, a."""


class Asking(SchemaClient):
    """Asks as me, unless somebody else is named."""

    def __init__(self, schema: Schema, engines: Engines) -> None:
        super().__init__(schema, engines, lambda _viewer: VISIBLE)
        self.asker = ME

    async def __call__(self, text: str, viewer: Viewer = ME) -> Any:
        return await self.query(text, viewer=viewer)

    async def refused(self, text: str) -> tuple[Any, set[tuple[Any, ...]]]:
        """The data, and the code and the place of each error."""
        answer = await self.execute(text)
        places = zip(answer.codes, answer.errors, strict=True)
        return answer.body["data"], {(code, *error.get("path", ())) for code, error in places}


@pytest.fixture(params=[LevelExecutor, StrawberryGraphQLCoreExecutionContext], ids=["by level", "by object"])
async def ask(request: pytest.FixtureRequest, dialect: str, filled: Filled) -> AsyncIterator[Asking]:
    schema = Schema(GUARDED.query, Settings.model_construct())
    schema.operations.executor_class = request.param
    async with serve(await filled(GUARDED, dialect), GUARDED) as api:
        yield Asking(schema, api.engines)


def papers(*numbers: int) -> dict[str, Any]:
    return {"nodes": [{"id": global_id(Paper, number)} for number in numbers]}


async def found(ask: Asking, arguments: str) -> list[int]:
    """The numbers of the papers of a list."""
    nodes = (await ask(f"{{ papers({arguments}) {{ nodes {{ id }} }} }}"))["papers"]["nodes"]
    numbers = {global_id(Paper, number): number for number in MINE + THEIRS}
    return [numbers[node["id"]] for node in nodes]


def paper(number: int) -> str:
    return f'paper(id: "{global_id(Paper, number)}")'


async def test_a_value_that_may_be_seen_is_shown(ask: Asking) -> None:
    shown = await ask(f"{{ {paper(1)} {{ secret length loud box {{ name }} shelf {{ id }} }} }}")
    assert {**shown["paper"], "shelf": None} == {
        "secret": "d",
        "length": 1,
        "loud": "D",
        "box": {"name": "mine"},
        "shelf": None,
    }


@pytest.mark.parametrize("field", ["secret", "length", "box { name }", "shelf { id }"])
async def test_where_null_may_not_stand_a_hidden_value_is_refused(ask: Asking, field: str) -> None:
    name = field.split()[0]
    assert await ask.refused(f"{{ {paper(2)} {{ {field} }} }}") == ({"paper": None}, {("FORBIDDEN", "paper", name)})


async def test_a_refusal_says_what_it_is_about(ask: Asking) -> None:
    answer = await ask.execute(f"{{ {paper(2)} {{ secret }} }}")
    assert answer.messages[0] == "You may not see Paper.secret of this object; leave the field out."


async def test_where_null_may_stand_a_hidden_value_is_null_also_in_what_is_computed_of_it(ask: Asking) -> None:
    assert await ask(f"{{ {paper(2)} {{ loud }} }}") == {"paper": {"loud": None}}


async def test_a_class_that_inherits_hides_what_its_base_hides(ask: Asking) -> None:
    data, refused = await ask.refused("{ letters { edges { cursor node { secret } } } }")
    assert data is None
    assert refused <= {("FORBIDDEN", "letters", "edges", at, "node", "secret") for at in (0, 1)}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('{secret: {eq: "c"}}', []),
        ('{secret: {eq: "d"}}', [1]),
        ('{secret: {in: ["c", "d"]}}', [1]),
        ("{secret: {}}", [1, 2, 3, 4, 5, 6]),
        ('{secret: {ne: "d"}}', [2, 3, 4, 5, 6]),
        ('{secret: {notIn: ["c", "d"]}}', [2, 3, 4, 5, 6]),
        ('{not: {secret: {eq: "d"}}}', [2, 3, 4, 5, 6]),
        ('{not: {secret: {eq: "c"}}}', [1, 2, 3, 4, 5, 6]),
        ("{secret: {isNull: true}}", THEIRS),
        ('{secret: {gt: "a", lt: "e"}}', [1, 4]),
        ('{loud: {eq: "C"}}', []),
        ("{loud: {isNull: true}}", THEIRS),
        ("{length: {gte: 0}}", MINE),
        ("{box: {}}", MINE),
        ('{box: {name: {eq: "theirs"}}}', []),
        ("{shelf: {}}", MINE),
    ],
)
async def test_a_filter_takes_a_hidden_value_for_null(ask: Asking, where: str, expected: list[int]) -> None:
    assert await found(ask, f"where: {where}") == sorted(expected)


async def test_an_order_takes_a_hidden_value_for_null(ask: Asking) -> None:
    assert await found(ask, "orderBy: [{secret: ASC}]") == [4, 1, 6, *THEIRS]
    assert await found(ask, "orderBy: [{secret: DESC_NULLS_FIRST}]") == [5, 3, 2, 6, 1, 4]
    assert await found(ask, "orderBy: [{loud: ASC}]") == [4, 1, 6, *THEIRS]
    assert await found(ask, "orderBy: [{box: {name: DESC_NULLS_FIRST}}]") == [5, 3, 2, 6, 4, 1]


@pytest.mark.parametrize("order", ["secret: ASC", "secret: DESC_NULLS_FIRST", "loud: DESC", "length: ASC"])
async def test_pages_over_a_hidden_value_lose_nothing_and_their_cursors_hold_null(ask: Asking, order: str) -> None:
    whole = (await ask(f"{{ papers(orderBy: [{{{order}}}]) {{ edges {{ cursor node {{ id }} }} }} }}"))["papers"][
        "edges"
    ]
    for at, edge in enumerate(whole):
        after = (
            f'{{ papers(orderBy: [{{{order}}}], after: "{edge["cursor"]}") {{ edges {{ cursor node {{ id }} }} }} }}'
        )
        assert (await ask(after))["papers"]["edges"] == whole[at + 1 :]


async def test_a_natural_order_takes_a_hidden_value_for_null(ask: Asking) -> None:
    shown = (await ask("{ boxes { nodes { papers { nodes { id } } firstPaper { id } } } }"))["boxes"]["nodes"]
    assert shown == [{"papers": papers(4, 1, 6), "firstPaper": papers(1)["nodes"][0]}]
    cursors = "{ shelves { nodes { papers { edges { cursor } } } } }"
    assert await ask(cursors, OTHER) != await ask(cursors)


async def test_who_may_not_see_where_something_belongs_does_not_meet_it_there(ask: Asking) -> None:
    shown = (await ask("{ shelves { nodes { papers { totalCount nodes { id } } firstPaper { id } } } }"))["shelves"]
    (shelf,) = shown["nodes"]
    assert shelf["papers"] == {"totalCount": 3, **papers(6, 1, 4)}
    assert shelf["firstPaper"] == papers(4)["nodes"][0]
    assert (await ask("{ shelves(where: {papers: {some: {owner: {eq: 2}}}}) { totalCount } }"))["shelves"] == {
        "totalCount": 0
    }


async def test_aggregates_and_groups_take_a_hidden_value_for_null(ask: Asking) -> None:
    text = (
        "{ papersAggregate { count min { secret loud } max { secret length } sum { length }"
        " groupBy(by: [{value: SECRET}]) { nodes { key { secret } count max { secret } } }"
        " shelves: groupBy(by: [{value: SHELF}]) { nodes { key { shelf { id } } count } } } }"
    )
    found = (await ask(text))["papersAggregate"]
    groups = {group["key"]["secret"]: group["count"] for group in found.pop("groupBy")["nodes"]}
    shelves = [(group["key"]["shelf"] is not None, group["count"]) for group in found.pop("shelves")["nodes"]]
    assert groups == {None: 3, "b": 1, "d": 1, "f": 1}
    assert sorted(shelves) == [(False, 3), (True, 3)]
    assert found == {
        "count": 6,
        "min": {"secret": "b", "loud": "B"},
        "max": {"secret": "f", "length": 1},
        "sum": {"length": "3"},
    }


async def test_a_look_up_by_a_hidden_value_finds_nothing(ask: Asking) -> None:
    assert await ask('{ paper(secret: "c") { id } }') == {"paper": None}
    assert await ask('{ paper(secret: "d") { id } }') == {"paper": {"id": global_id(Paper, 1)}}
    assert await ask('{ paper(secret: "c") { id } }', OTHER) == {"paper": {"id": global_id(Paper, 2)}}


async def test_viewers_of_one_kind_share_a_statement_and_see_their_own(ask: Asking) -> None:
    text = '{ papers(where: {not: {secret: {eq: "x"}}}, orderBy: [{secret: ASC}]) { nodes { loud } } }'
    loud: Callable[[Any], list[Any]] = lambda data: [node["loud"] for node in data["papers"]["nodes"]]  # noqa: E731
    seen = []
    with ExitStack() as stack:
        sent = stack.enter_context(engine_statements())
        seen = [loud(await ask(text, viewer)) for viewer in (ME, OTHER, ME, Viewer(3), Viewer(None))]
    mine, theirs, nothing = ["B", "D", "F", *[None] * 3], ["A", "C", "E", *[None] * 3], [None] * 6
    assert seen == [mine, theirs, mine, nothing, nothing]
    assert len(sent) == 5
    assert len(set(sent)) == 1
