"""What each edition of GraphQL over HTTP answers, by real HTTP: status, media type, body.

The table is read off https://http-spec.graphql.org/September2026/#sec-Status-Codes, and off the audits of npm's
`graphql-http` for the edition before.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import HTTPConnection

from db.session import DeadlineExceeded
from graph.auth.cross_site import refuse_cross_site
from graph.errors import Unauthenticated
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from graph.http.statuses import STATUSES
from graph.viewer import NOBODY, Viewer
from tests.http.client import Answer, Client
from tests.http.conftest import Serve

MAX_BODY_BYTES = 2_000

DEEP = "{ tracks(first: 99) { nodes { playlists(first: 99) { nodes { tracks(first: 99) { nodes { id } } } } } } }"
"""About a million rows."""


class Case(NamedTuple):
    """A request, and what is answered to who takes plain JSON and who takes GraphQL's type, before and since 2026."""

    statuses: tuple[int, int, int, int]
    """2025: JSON, GraphQL's type. 2026: JSON, GraphQL's type."""
    code: str | None
    body: Any = None
    """A text is sent as it is, anything else as JSON; None: the request is a GET."""
    parameters: dict[str, str] | None = None
    headers: dict[str, str] = {}  # noqa: RUF012 - a default that nobody changes
    method: str = ""
    has: tuple[str, str] | None = None
    """A header of the answer."""


def case_of(who: str) -> dict[str, str]:
    return {"X-Case": who}


ASKED = {"query": "{ __typename }"}
CASES = {
    "an answer": Case((200, 200, 200, 200), None, ASKED),
    "an answer to a GET": Case((200, 200, 200, 200), None, None, ASKED),
    "data and an error": Case((200, 200, 200, 294), "INVALID_ID", {"query": '{ __typename genre(id: "x") { id } }'}),
    "null and an error": Case(
        (200, 200, 200, 294), "INVALID_CURSOR", {"query": '{ albums(after: "x") { nodes { id } } }'}
    ),
    "no document": Case((200, 400, 400, 400), "GRAPHQL_PARSE_FAILED", {"query": "{"}),
    "no document in a GET": Case((200, 400, 400, 400), "GRAPHQL_PARSE_FAILED", None, {"query": "{"}),
    "another schema": Case((200, 400, 422, 422), "GRAPHQL_VALIDATION_FAILED", {"query": "{ nonsense }"}),
    "several operations": Case((200, 400, 422, 422), "OPERATION_NOT_FOUND", {"query": "query A { a } query B { b }"}),
    "no such operation": Case(
        (200, 400, 422, 422), "OPERATION_NOT_FOUND", {"query": "query A { __typename }", "operationName": "B"}
    ),
    "no variable": Case(
        (200, 400, 422, 422), "BAD_USER_INPUT", {"query": "query ($n: Int!) { albums(first: $n) { totalCount } }"}
    ),
    "too high a price": Case((200, 400, 422, 422), "TOO_COSTLY", {"query": DEEP}),
    "a document by its hash": Case(
        (200, 400, 422, 422),
        "PERSISTED_QUERY_NOT_SUPPORTED",
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "ab" * 32}}},
    ),
    "a document by its hash in a GET": Case(
        (200, 400, 422, 422),
        "PERSISTED_QUERY_NOT_SUPPORTED",
        None,
        {"extensions": '{"persistedQuery": {"version": 1, "sha256Hash": "00"}}'},
    ),
    "a document by its id": Case((200, 400, 422, 422), "PERSISTED_QUERY_NOT_SUPPORTED", {"documentId": "sha256:00"}),
    "no query": Case((400, 400, 422, 422), "BAD_REQUEST", {"qeury": "{ __typename }"}),
    "no query in a GET": Case((400, 400, 422, 422), "BAD_REQUEST", None, {"operationName": "A"}),
    "a number for a query": Case((400, 400, 422, 422), "BAD_REQUEST", {"query": 7}),
    "a list of variables": Case((400, 400, 422, 422), "BAD_REQUEST", {**ASKED, "variables": [7]}),
    "a number for a name": Case((400, 400, 422, 422), "BAD_REQUEST", {**ASKED, "operationName": 7}),
    "variables that are no JSON": Case((400, 400, 422, 422), "BAD_REQUEST", None, {**ASKED, "variables": "{"}),
    "a text": Case((400, 400, 422, 422), "BAD_REQUEST", '"{ __typename }"'),
    "a list of operations": Case((400, 400, 422, 422), "BAD_REQUEST", [ASKED]),
    "a subscription of a schema without any": Case(
        (200, 400, 422, 422), "GRAPHQL_VALIDATION_FAILED", {"query": "subscription { __typename }"}
    ),
    "no JSON": Case((400, 400, 400, 400), "BAD_REQUEST", "NONSENSE"),
    "half of some JSON": Case((400, 400, 400, 400), "BAD_REQUEST", '{"query":'),
    "nothing": Case((400, 400, 400, 400), "BAD_REQUEST", ""),
    "wrong credentials": Case(
        (401,) * 4, "UNAUTHENTICATED", ASKED, headers=case_of("stranger"), has=("www-authenticate", "Bearer")
    ),
    "another site": Case((403,) * 4, "CSRF", ASKED, headers=case_of("site")),
    "a mutation in a GET": Case(
        (405,) * 4, "BAD_REQUEST", None, {"query": "mutation { __typename }"}, has=("allow", "POST")
    ),
    "a method that is none of ours": Case(
        (405,) * 4, "BAD_REQUEST", ASKED, method="PUT", has=("allow", "GET, HEAD, POST")
    ),
    "a large body": Case((413,) * 4, "BAD_REQUEST", {"query": "#" * MAX_BODY_BYTES}),
    "a form": Case((415,) * 4, "BAD_REQUEST", "query=x", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    "a compressed body": Case((415,) * 4, "BAD_REQUEST", ASKED, headers={"Content-Encoding": "gzip"}),
    "our own fault": Case((500,) * 4, "INTERNAL_SERVER_ERROR", ASKED, headers=case_of("broken")),
    "too late": Case((504,) * 4, "DEADLINE_EXCEEDED", ASKED, headers=case_of("late")),
    "too many at once": Case((503,) * 4, "OVERLOADED", ASKED, headers=case_of("busy"), has=("retry-after", "1")),
}


PAGE = (Path(__file__).resolve().parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


async def identify(request: HTTPConnection) -> Viewer:
    """Nobody, or what the request wants to see go wrong."""
    match request.headers.get("x-case"):
        case "stranger":
            raise Unauthenticated
        case "site":
            refuse_cross_site(request)
        case "broken":
            raise RuntimeError
        case "late":
            raise DeadlineExceeded(30)
        case "busy":
            raise PoolTimeout
    return NOBODY


@pytest.mark.parametrize("edition", ["2025", "2026"])
async def test_every_case_has_the_status_and_the_media_type_of_its_edition(
    serve: Serve, no_database: str, edition: str
) -> None:
    client = await serve(
        no_database, identify=identify, http_edition=edition, max_body_bytes=MAX_BODY_BYTES, max_rows=10_000
    )
    wrong = {}
    for name, case in CASES.items():
        for accept, status in zip((JSON, GRAPHQL_RESPONSE), case.statuses[2 * (edition == "2026") :], strict=False):
            answer = await ask(client, case, accept)
            media_type = GRAPHQL_RESPONSE if edition == "2026" and status >= 400 else accept
            expected = (status, f"{media_type}; charset=utf-8", case.statuses[-1] < 300, case.code)
            if found(answer) != expected or (case.has and answer.headers.get(case.has[0]) != case.has[1]):
                wrong[name, accept] = (found(answer), expected, answer.headers)
    assert wrong == {}


async def ask(client: Client, case: Case, accept: str) -> Answer:
    method = case.method or ("GET" if case.body is None else "POST")
    content = case.body if isinstance(case.body, str | None) else json.dumps(case.body)
    headers = {"Accept": accept, **({} if case.body is None else {"Content-Type": JSON}), **case.headers}
    return Answer.of_response(
        await client.http.request(method, "/graphql", params=case.parameters, content=content, headers=headers)
    )


def found(answer: Answer) -> tuple[int, str, bool, str | None]:
    """The status, the media type, whether there is data, and the code of the error."""
    return (
        answer.status,
        answer.headers["content-type"],
        "data" in answer.body,
        answer.code if answer.errors else None,
    )


@pytest.mark.parametrize("edition", ["2025", "2026"])
async def test_who_takes_none_of_our_types_is_told_which_there_are(
    serve: Serve, no_database: str, edition: str
) -> None:
    client = await serve(no_database, http_edition=edition)
    answer = await client.post(json.dumps(ASKED).encode(), accept="text/html")
    assert (answer.status, answer.messages) == (406, [f"Accept {GRAPHQL_RESPONSE} or {JSON}."])


async def test_clients_that_name_a_document_are_told_what_they_fall_back_on(bare: Client) -> None:
    """Apollo Client looks for the code or the message, urql for the message alone."""
    answer = await bare.post(b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}')
    assert answer.errors == [
        {"message": "PersistedQueryNotSupported", "extensions": {"code": "PERSISTED_QUERY_NOT_SUPPORTED"}}
    ]
    sent = await bare.ask("{ __typename }", extensions={"persistedQuery": {"version": 1, "sha256Hash": "00"}})
    assert sent.data == {"__typename": "Query"}


def test_the_page_tells_the_statuses_that_the_code_has() -> None:
    table = PAGE.partition("<!-- statuses -->\n")[2].partition("<!-- /statuses -->")[0].strip()
    columns = [(200, *statuses[:4]) for statuses in STATUSES.values()]
    rows = [line.split("|")[2:-1] for line in table.splitlines()[2:]]
    assert [[int(cell) for cell in row] for row in rows] == [list(row) for row in zip(*columns, strict=True)]
    assert [cell.strip() for cell in table.splitlines()[0].split("|")[2:-1]] == [
        f"{edition}, `{media_type}`" for edition, media_type in STATUSES
    ]
