"""The same address answers people and programs; what is switched off stays off."""

from typing import Any

import pytest

from graph.http.requests import GRAPHQL_RESPONSE, HTML, JSON
from tests.http.client import Answer, Client
from tests.http.conftest import Serve

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


async def test_a_browser_gets_the_explorer_and_a_program_gets_data(bare: Client) -> None:
    page = await bare.http.get("/graphql", headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (200, f"{HTML}; charset=utf-8")
    assert "GraphiQL" in page.text
    data = await bare.http.get("/graphql", params={"query": "{ __typename }"}, headers={"Accept": BROWSER})
    assert data.headers["content-type"] == f"{JSON}; charset=utf-8"
    assert Answer.of_response(data).data == {"__typename": "Query"}


async def test_the_root_leads_programs_to_the_api_and_has_a_page_for_browsers(bare: Client) -> None:
    page = await bare.http.get("/", headers={"Accept": BROWSER})
    assert (page.status_code, page.headers["content-type"]) == (200, f"{HTML}; charset=utf-8")
    response = await bare.http.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/graphql")


async def test_other_addresses_say_where_the_api_is(bare: Client) -> None:
    answer = Answer.of_response(await bare.http.get("/api"))
    assert (answer.status, answer.messages) == (404, ["There is nothing at this address; the API is at /graphql."])


async def test_without_the_explorer_a_browser_is_told_what_to_send(serve: Serve, no_database: str) -> None:
    client = await serve(no_database, explorer=False)
    answer = Answer.of_response(await client.http.get("/graphql", headers={"Accept": BROWSER}))
    assert (answer.status, answer.messages) == (400, ["`query` is missing; it is the text of the document."])
    assert (await client.http.get("/")).status_code == 404
    assert (await client.http.get("/graphql/explorer/explorer.js")).status_code == 404
    assert (await client.ask("{ __typename }")).status == 200


async def test_a_page_is_asked_for_by_get_alone(bare: Client) -> None:
    assert (
        Answer.of_response(await bare.http.post("/graphql", content=b"{}", headers={"Accept": BROWSER})).status == 415
    )


MISTAKES: list[tuple[str, dict[str, Any] | None]] = [
    ("{ album }", None),
    ("{ albuma { id } }", None),
    ("{ albums(firs: 1) { totalCount } }", None),
    ('{ albums(where: {titl: {eq: "x"}}) { totalCount } }', None),
    ("{ things(where: {shape: {eq: ROUN}}) { totalCount } }", None),
    ("{ albums(orderBy: [{titl: ASC}]) { totalCount } }", None),
    ("query ($x: AlbumFilte) { albums(where: $x) { totalCount } }", None),
    ("query ($x: AlbumFilter) { albums(where: $x) { totalCount } }", {"x": {"titl": {"eq": "x"}}}),
    ("query ($x: Shape) { things(where: {shape: {eq: $x}}) { totalCount } }", {"x": "ROUN"}),
    ("query ($x: [AlbumSort!]) { albums(orderBy: $x) { totalCount } }", {"x": [{"titl": "ASC"}]}),
    ("{ __typename @skp(if: true) }", None),
    ("{ ...Albumz } fragment Albums on Query { __typename }", None),
    ('{ node(id: "x") { ... on Albm { id } } }', None),
    ("{ albums { nodes { title: titel } } }", None),
]


async def test_without_introspection_the_schema_is_not_told_and_nothing_is_suggested(
    serve: Serve, no_database: str
) -> None:
    client = await serve(no_database, introspection=False)
    for query in ("{ __schema { types { name } } }", '{ __type(name: "Album") { name } }'):
        answer = await client.ask(query)
        assert (answer.status, answer.code) == (400, "GRAPHQL_VALIDATION_FAILED")
        assert "introspection" in answer.messages[0]
    assert (await client.ask("{ __typename }")).data == {"__typename": "Query"}
    for query, variables in MISTAKES:
        answer = await client.ask(query, variables)
        assert answer.status == 400
        assert "mean" not in str(answer.body), query


async def test_with_introspection_mistakes_are_met_with_suggestions(bare: Client) -> None:
    answers = [await bare.ask(query, variables) for query, variables in MISTAKES]
    assert sum("Did you mean" in str(answer.body) for answer in answers) >= 9
    assert {answer.code for answer in answers} == {"GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"}


async def test_introspection_answers_in_the_media_type_asked_for(bare: Client) -> None:
    answer = await bare.ask("{ __schema { queryType { name } } }")
    assert answer.data == {"__schema": {"queryType": {"name": "Query"}}}
    assert answer.headers["content-type"].startswith(GRAPHQL_RESPONSE)


@pytest.mark.parametrize("path", ["/graphql/", "/healthz/"])
async def test_a_slash_at_the_end_is_forgiven(bare: Client, path: str) -> None:
    response = await bare.http.get(path)
    assert response.status_code == 307
    assert response.headers["location"].endswith(path.rstrip("/"))
