"""Values that are meant to break a mutation, sent over real HTTP: each gets a clear answer, and nothing is written."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from graph.app import create_app
from graph.settings import Settings
from graph.viewer import Viewer
from tests.databases import Database
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.mutations.asking import Asking, make_user

DOCUMENT = """mutation($input: CreateDocumentInput!) {
  createDocument(input: $input) { document { title body } errors { ... on UserError { __typename path } } }
}"""
POSTS = """mutation($input: CreatePostsInput!) {
  createPosts(input: $input) { posts { slug } errors { ... on UserError { __typename path } } }
}"""


@pytest.fixture
async def client(database: Database, ask: Asking) -> AsyncIterator[Client]:
    """Everybody is the same author."""
    author = await make_user(ask.engines, "author")

    async def identify(_request: HTTPConnection) -> Viewer:
        return author

    app = create_app(Settings(database_url=SecretStr(database.url)), identify=identify)
    async with serving(app) as origin, Client(origin) as client:
        yield client


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


def given(body: str = "{}", title: str = '"T"') -> bytes:
    """A request as text, for what `json.dumps` would not write."""
    variables = f'{{"input": {{"kind": "note", "title": {title}, "body": {body}}}}}'
    return f'{{"query": {json.dumps(DOCUMENT)}, "variables": {variables}}}'.encode()


@pytest.mark.parametrize(
    "request_",
    [
        given(body='{"a": "\\u0000"}'),
        given(body='{"\\u0000": 1}'),
        given(body='{"a": "\\ud800"}'),
        given(body=nested(101)),
        given(body=nested(5_000)),
        given(body='{"a": 1e400}'),
        given(body='{"a": NaN}'),
        given(body=f'{{"a": {"9" * 5_000}}}'),
        given(body="[]"),
        given(body="null"),
        given(title='"a\\u0000"'),
        given(title='"\\ud800"'),
        given(title="{}"),
        given(title="1e400"),
        given(title=json.dumps("x" * 1_000)),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_never_our_fault(client: Client, request_: bytes) -> None:
    answer = await client.post(request_)
    errors = (answer.body.get("data") or {"createDocument": {"errors": []}})["createDocument"]["errors"]
    assert errors or answer.errors, answer
    assert answer.status < 500
    assert all(error["__typename"] == "InvalidInput" for error in errors)
    assert all(not code.startswith("INTERNAL") for code in answer.codes)
    stored = await client.ask("{ documents { totalCount } }")
    assert stored.data["documents"]["totalCount"] == 0


@pytest.mark.parametrize(
    "body",
    ['{"a": 123456789012345678901234567890}', '{"a": 1e308}', '{"a": 5e-324}', nested(99), '{"a": "\\ud83d\\ude00"}'],
)
async def test_what_is_odd_but_can_be_kept_comes_back(client: Client, body: str) -> None:
    payload = (await client.post(given(body=body))).data["createDocument"]
    assert payload["errors"] == []
    # Numbers beyond 64 bits are doubles on the way, as https://www.rfc-editor.org/rfc/rfc8259#section-6 lets them be.
    assert json.loads(json.dumps(payload["document"]["body"]), parse_int=float) == json.loads(body, parse_int=float)


@pytest.mark.parametrize("rows", [None, {}, "x", [None], [1], [[]], [{}], [{"title": 1, "content": "C"}]])
async def test_rows_of_another_shape_are_refused_before_anything_is_done(client: Client, rows: Any) -> None:
    answer = await client.ask(POSTS, {"input": {"posts": rows, "onError": "IGNORE_FAILED"}})
    assert answer.code == "BAD_USER_INPUT"
    assert "data" not in answer.body or answer.body["data"] is None


@pytest.mark.parametrize("text", ["'; DROP TABLE posts; --", "\\", '"', "%s %(a)s :a $1 ?", "שלום\u200f!", "𒐫" * 200])
async def test_text_is_kept_as_it_is(client: Client, text: str) -> None:
    rows = [{"title": text, "content": text, "slug": f"s{number}"} for number in range(2)]
    document = POSTS.replace("slug", "title content")
    answer = await client.ask(document, {"input": {"posts": rows}})
    assert answer.data["createPosts"] == {"posts": [{"title": text, "content": text}] * 2, "errors": []}
