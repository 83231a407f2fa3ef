"""How much may be asked for hangs on who asks; what is prepared is everybody's."""

from typing import Any

import pytest
from starlette.requests import HTTPConnection

from db.relations import EVERYTHING
from graph.domain import Domain
from graph.entity import Schema
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.viewer import NOBODY, Viewer
from tests.databases import Database, engine_statements
from tests.entity.market import Query
from tests.http.client import Client
from tests.http.conftest import Serve

VIEWERS = {"nobody": NOBODY, "member": Viewer(id=1), "operator": Viewer(id=2, roles=frozenset({"operator"}))}
BUDGETS = {"nobody": 0.5, "member": 1.0, "operator": 4.0}

RULED = Domain(
    lambda settings: Schema(Query, settings),
    lambda _viewer: EVERYTHING,
    is_operator=lambda viewer: viewer.has("operator"),
)

ALBUMS = "query ($first: Int) { albums(first: $first) { nodes { title } } }"


async def identify(request: HTTPConnection) -> Viewer:
    return VIEWERS[request.headers["x-viewer"]]


@pytest.fixture
async def client(filled: Database, serve: Serve) -> Client:
    """A server whose limits are 20 rows and 2,000 bytes, times the viewer's budget."""
    return await serve(
        filled.url,
        identify=identify,
        domain=RULED,
        max_rows=20,
        max_answer_bytes=2_000,
        anonymous_budget=BUDGETS["nobody"],
        operator_budget=BUDGETS["operator"],
        max_batch=4,
        fast_path=False,
    )


async def asked(client: Client, viewer: str, request: Any, accept: str = JSON) -> Any:
    headers = {"x-viewer": viewer, "Accept": accept}
    response = await client.http.post("/graphql", json=request, headers=headers)
    return response.status_code, response.json()


@pytest.mark.parametrize("order", [["operator", "member", "nobody"], ["nobody", "member", "operator"]])
async def test_each_kind_of_viewer_has_limits_of_its_own(client: Client, order: list[str]) -> None:
    for viewer in order:  # whoever was first has prepared the document for the others
        most = int(20 * BUDGETS[viewer])
        for first, refused in ((most - 1, False), (most, True)):  # one row more tells whether others follow
            request = {"query": ALBUMS, "variables": {"first": first}, "extensions": {"cost": True}}
            with engine_statements() as statements:
                _, body = await asked(client, viewer, request)
            if refused:
                (error,) = body["errors"]
                assert error["message"].startswith(f"This operation may need {most + 1} rows; {most} are allowed.")
                assert statements == []
            else:
                assert "errors" not in body
                cost = body["extensions"]["cost"]
                assert (cost["maxRows"], cost["maxBytes"]) == (most, int(2_000 * BUDGETS[viewer]))


async def test_a_batch_has_the_budget_of_its_viewer(client: Client) -> None:
    request = [{"query": ALBUMS, "variables": {"first": 5}}] * 2  # six rows each
    told = [body for _, body in [await asked(client, viewer, request) for viewer in BUDGETS]]
    assert told[0]["errors"][0]["message"].startswith("This batch may need 12 rows; 10 are allowed.")
    assert [len(answers) for answers in told[1:]] == [2, 2]


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_an_answer_that_grows_too_large_is_null_and_says_so(client: Client, accept: str) -> None:
    request = {"query": f"{{ albums(first: 15) {{ nodes {{ {'x' * 150}: title }} }} }}"}
    status, body = await asked(client, "member", request, accept)
    assert (status, body["data"]) == (200, None)  # it was begun
    (error,) = body["errors"]
    assert (error["extensions"], "path" in error) == ({"code": "TOO_COSTLY", "allowed": 2_000}, False)
    assert error["message"].startswith("The answer has more than 2000 bytes")
    status, body = await asked(client, "operator", request, accept)
    assert (status, len(body["data"]["albums"]["nodes"])) == (200, 15)


async def test_errors_and_extensions_meet_the_bound_when_they_are_written(client: Client) -> None:
    names = " ".join(f'a{number}: album(id: "{number}") {{ id }}' for number in range(9))
    status, body = await asked(client, "nobody", {"query": f"{{ {names} }}"})
    assert (status, body["data"]) == (200, None)
    assert body["errors"][0]["extensions"]["code"] == "TOO_COSTLY"
