"""Several operations in one request: off unless a setting allows it, bounded, answered in order."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.viewer import NOBODY, Viewer
from tests.databases import Database, engine_statements
from tests.http.client import Answer, Client
from tests.http.conftest import Serve

GENRE = "query Genre($name: String!) { genre(name: $name) { name } }"
TEN_ROWS = "{ albums(first: 9) { nodes { title } } }"
"""Ten, for one more tells whether others follow."""


def batch(*requests: object) -> bytes:
    return json.dumps(requests).encode()


async def answers(client: Client, *requests: object, accept: str = GRAPHQL_RESPONSE) -> Sequence[Any]:
    """The answers to a batch that was taken."""
    response = await client.http.post(
        "/graphql", content=batch(*requests), headers={"Content-Type": JSON, "Accept": accept}
    )
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    found = response.json()
    assert isinstance(found, list)
    assert len(found) == len(requests)
    return found


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_RESPONSE])
async def test_a_batch_is_answered_in_order_by_one_statement_for_each(
    filled: Database, serve: Serve, accept: str
) -> None:
    client = await serve(filled.url, max_batch=10, fast_path=False)
    names = ["Rock", "Jazz", "Metal", "Jazz"]
    with engine_statements() as statements:
        found = await answers(client, *({"query": GENRE, "variables": {"name": name}} for name in names), accept=accept)
    assert [answer["data"]["genre"]["name"] for answer in found] == names
    assert len(statements) == len(names)


async def test_each_operation_fails_by_itself(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, max_batch=10)
    found = await answers(
        client,
        {"query": "{ __typename }"},
        {"query": "{"},
        {"query": "{ nonsense }"},
        {"qeury": "{ __typename }"},
        {"documentId": "sha256:00"},
        {"query": "subscription { __typename }"},
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": '{ genre(id: "x") { id } }'},
        {"query": "query A { a: __typename } query B { b: __typename }", "operationName": "B"},
    )
    codes = [[error["extensions"]["code"] for error in answer.get("errors", ())] for answer in found]
    assert codes == [
        [],
        ["GRAPHQL_PARSE_FAILED"],
        ["GRAPHQL_VALIDATION_FAILED"],
        ["BAD_REQUEST"],
        ["PERSISTED_QUERY_NOT_SUPPORTED"],
        ["GRAPHQL_VALIDATION_FAILED"],
        ["OPERATION_NOT_FOUND"],
        ["INVALID_ID"],
        [],
    ]
    assert [answer.get("data", "none") for answer in found] == [
        {"__typename": "Query"},
        *["none"] * 6,
        {"genre": None},
        {"b": "Query"},
    ]


@pytest.mark.parametrize(("edition", "status"), [("2025", 400), ("2026", 422)])
async def test_what_is_no_batch_is_refused_as_a_whole(
    serve: Serve, no_database: str, edition: str, status: int
) -> None:
    client = await serve(no_database, max_batch=2, http_edition=edition)
    one = {"query": "{ __typename }"}
    for wrong, message in {
        b"[]": "A list may have 1 to 2 operations; this one has 0.",
        batch(one, one, one): "A list may have 1 to 2 operations; this one has 3.",
        batch(one, "{ __typename }"): 'Send a list of objects: [{"query": "…"}].',
        batch([one]): 'Send a list of objects: [{"query": "…"}].',
    }.items():
        answer = await client.post(wrong)
        assert (answer.status, answer.messages) == (status, [message])
    assert len(await answers(client, one, one)) == 2


async def test_the_operations_of_a_batch_share_its_limits(filled: Database, serve: Serve) -> None:
    client = await serve(filled.url, max_batch=10, max_rows=25, fast_path=False)
    asked = {"query": TEN_ROWS}
    assert [len(answer["data"]["albums"]["nodes"]) for answer in await answers(client, asked, asked)] == [9, 9]
    with engine_statements() as statements:
        refused = await client.post(batch(asked, asked, asked))
    assert statements == []
    assert (refused.status, refused.code) == (400, "TOO_COSTLY")
    assert refused.messages == [
        "This batch may need 30 rows; 25 are allowed. Ask for smaller pages, fewer levels or fewer fields."
    ]
    body = await client.post(batch({"query": "#" * 300_000}))
    assert body.status == 413


async def test_the_documents_of_a_batch_are_together_as_long_as_one_may_be(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, max_batch=10, max_tokens=50)
    long = {"query": "{" + "__typename " * 30 + "}"}  # 32 tokens
    assert len(await answers(client, long, {"query": "{"})) == 2
    refused = await client.post(batch(long, long))
    assert refused.code == "TOO_COSTLY"
    assert refused.messages[0].startswith("This batch may need 64 tokens; 50 are allowed.")


async def test_who_sent_a_batch_is_asked_once(serve: Serve, no_database: str) -> None:
    asked: list[str] = []

    async def identify(request: HTTPConnection) -> Viewer:
        asked.append(request.url.path)
        return NOBODY

    client = await serve(no_database, identify=identify, max_batch=3)
    await answers(client, *[{"query": "{ __typename }"}] * 3)
    assert asked == ["/graphql"]


async def test_one_answers_alone_as_ever_where_batches_are_taken(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, max_batch=3)
    assert (await client.ask("{ __typename }")).data == {"__typename": "Query"}
    assert Answer.of_response(await client.http.get("/graphql", params={"query": "{ __typename }"})).status == 200
