"""GraphQL over HTTP: methods, media types, parameters. Statuses are in test_editions.py.

https://http-spec.graphql.org/September2026/
"""

import json

import pytest

from db.kept import MIB
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from tests.http.client import Answer, Client
from tests.http.conftest import Serve

QUERY = "query Genre($name: String!) { genre(name: $name) { id } }"
BODY = json.dumps({"query": "{ __typename }"}).encode()


async def test_post_and_get_answer_alike(api: Client) -> None:
    posted = await api.ask(QUERY, {"name": "Jazz"})
    got = await api.get({"query": QUERY, "variables": '{"name": "Jazz"}', "operationName": "Genre"})
    assert posted.data == got.data
    assert posted.status == got.status == 200
    assert posted.data["genre"]["id"]


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (GRAPHQL_RESPONSE, GRAPHQL_RESPONSE),
        (JSON, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (f"{JSON};q=0.5, {GRAPHQL_RESPONSE};q=0.9", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL_RESPONSE),
        (f"*/*, {GRAPHQL_RESPONSE}", GRAPHQL_RESPONSE),
        (f"text/html;q=1, {JSON.upper()};q=0.1", JSON),
        (f"{JSON};q=nonsense", JSON),
        (f"{JSON};q=0, */*", GRAPHQL_RESPONSE),
        (f"{JSON};q=0.5, */*;q=0.8", GRAPHQL_RESPONSE),
        (f"{GRAPHQL_RESPONSE};q=0.2, application/*;q=0.1, */*", GRAPHQL_RESPONSE),
        ("", JSON),
    ],
)
async def test_the_answer_has_the_media_type_that_the_client_likes_best(
    bare: Client, accept: str, answered: str
) -> None:
    response = await bare.http.post("/graphql", content=BODY, headers={"Content-Type": JSON, "Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{answered}; charset=utf-8"
    assert response.headers["vary"] == "Accept, Accept-Encoding"


async def test_what_a_client_takes_may_stand_in_several_lines(bare: Client) -> None:
    headers = [("Content-Type", JSON), ("Accept", f"{JSON};q=0.5"), ("Accept", GRAPHQL_RESPONSE), ("Accept", "*/*;q=0")]
    response = await bare.http.post("/graphql", content=BODY, headers=headers)
    assert response.headers["content-type"] == f"{GRAPHQL_RESPONSE}; charset=utf-8"


@pytest.mark.parametrize("name", ["Authorization", "Content-Type"])  # httpx itself sends one `Host`
@pytest.mark.parametrize("second", ["other", "the same"])
async def test_a_header_that_others_may_read_differently_is_refused_twice(bare: Client, name: str, second: str) -> None:
    first = {"Authorization": "Bearer a", "Content-Type": JSON}[name]
    lines = [("Content-Type", JSON)] * (name != "Content-Type") + [
        (name, first),
        (name, "b" if second == "other" else first),
    ]
    answer = Answer.of_response(await bare.http.post("/graphql", content=b'{"query": "{ __typename }"}', headers=lines))
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.messages == [f"Send the header `{name.lower()}` once."]


async def test_without_an_accept_header_the_answer_is_plain_json(bare: Client) -> None:
    request = bare.http.build_request("POST", "/graphql", content=BODY, headers={"Content-Type": JSON})
    del request.headers["accept"]
    assert (await bare.http.send(request)).headers["content-type"] == f"{JSON}; charset=utf-8"


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", f"{JSON};q=0", f"text/plain, {GRAPHQL_RESPONSE};q=0.0"]
)
async def test_a_client_that_takes_no_json_gets_406(bare: Client, accept: str) -> None:
    answer = await bare.post(BODY, accept=accept)
    assert answer.status == 406
    assert answer.messages == [f"Accept {GRAPHQL_RESPONSE} or {JSON}."]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "application/json; charset=latin-1",
        "application/jsonx",
    ],
)
async def test_a_body_of_another_kind_gets_415(bare: Client, content_type: str) -> None:
    answer = await bare.post(BODY, content_type=content_type)
    assert (answer.status, answer.code) == (415, "BAD_REQUEST")


async def test_a_body_of_no_kind_gets_415(bare: Client) -> None:
    assert Answer.of_response(await bare.http.post("/graphql", content=BODY)).status == 415


@pytest.mark.parametrize(
    "content_type", ["Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf8"; v=1']
)
async def test_json_in_utf_8_may_be_announced_in_many_ways(bare: Client, content_type: str) -> None:
    assert (await bare.post(BODY, content_type=content_type)).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_another_method_gets_405_and_is_told_which_to_use(bare: Client, method: str) -> None:
    response = await bare.http.request(method, "/graphql", content=BODY, headers={"Content-Type": JSON})
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert Answer.of_response(response).messages == ["Use a method of `Allow`."]


async def test_head_is_a_get_without_a_body(bare: Client) -> None:
    body = json.dumps({"query": "mutation { __typename }"}).encode()
    response = await bare.http.request(
        "HEAD", "/graphql", params={"query": "{ __typename }"}, content=body, headers={"Content-Type": JSON}
    )
    assert (response.status_code, response.content) == (200, b"")


async def test_a_mutation_over_get_gets_405(bare: Client) -> None:
    answer = await bare.get({"query": "mutation { __typename }"})
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.messages == ["Send mutations with POST."]


async def test_a_mutation_over_get_cannot_hide_behind_a_query(bare: Client) -> None:
    document = "query Reads { __typename } mutation Crud { __typename }"
    assert (await bare.get({"query": document, "operationName": "Crud"})).status == 405


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_schema_without_subscriptions_says_so(bare: Client, method: str) -> None:
    query = "subscription { __typename }"
    answer = await (bare.get({"query": query}) if method == "get" else bare.ask(query))
    assert answer.messages == ["The subscription operation is not supported by the schema."]
    assert answer.code == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nonsense }", "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "OPERATION_NOT_FOUND"),
        ("query ($first: Int!) { albums(first: $first) { totalCount } }", "BAD_USER_INPUT"),
        (
            "{ tracks(first: 99) { nodes { playlists(first: 99) { nodes { tracks(first: 99) { nodes { id } } } } } } }",
            "TOO_COSTLY",
        ),
    ],
)
async def test_what_is_refused_before_it_is_run_has_no_data(bare: Client, query: str, code: str) -> None:
    refused = await bare.ask(query)
    assert (refused.status, refused.code, "data" in refused.body) == (400, code, False)
    # For clients of before the specification, a request that could be read is answered with 200.
    old = await bare.post(json.dumps({"query": query}).encode(), accept=JSON)
    assert (old.status, old.body) == (200, refused.body)


async def test_a_field_that_fails_leaves_the_rest_of_the_answer(api: Client) -> None:
    answer = await api.ask('{ genre(name: "Jazz") { name } wrong: genre(id: "x") { name } }')
    assert answer.status == 200
    assert answer.body["data"] == {"genre": {"name": "Jazz"}, "wrong": None}
    assert answer.code == "INVALID_ID"
    assert answer.errors[0]["path"] == ["wrong"]


async def test_the_operation_is_the_one_that_is_named(bare: Client) -> None:
    document = "query A { a: __typename } query B { b: __typename }"
    assert (await bare.ask(document, operationName="B")).data == {"b": "Query"}
    for name in ("C", "", None):
        answer = await bare.ask(document, operationName=name)
        assert answer.messages == ["The document has no such operation; name one of it in `operationName`."]


async def test_a_single_operation_needs_no_name(bare: Client) -> None:
    assert (await bare.ask("query A { __typename }", operationName="")).data == {"__typename": "Query"}


async def test_the_cost_is_told_to_those_who_ask(api: Client) -> None:
    query = "{ albums(first: 10) { nodes { title artist { name } } } }"
    answer = await api.ask(query, extensions={"cost": True})
    # A page of ten, one row more to know whether others follow, and ten artists; two statements.
    # A list, and in it ten times an object with a title and an artist, who has a name.
    assert answer.body["extensions"] == {
        "cost": {
            "statements": 2,
            "rows": 21,
            "values": 41,
            "fields": 5,
            "work": 0,
            "points": 4,
            "maxStatements": 100,
            "maxRows": 100_000,
            "maxValues": 500_000,
            "maxFields": 8_000,
            "maxWork": 500,
            "maxBytes": 16 * MIB,
        }
    }
    assert (await api.get({"query": query, "extensions": '{"cost": true}'})).body["extensions"] == answer.body[
        "extensions"
    ]
    for unasked in ({"cost": False}, {}, None):
        assert "extensions" not in (await api.ask(query, extensions=unasked)).body


async def test_answers_are_kept_by_nobody_and_taken_for_no_page(bare: Client) -> None:
    for answer in (await bare.ask("{ __typename }"), await bare.ask("{")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_batch_of_operations_is_refused(bare: Client) -> None:
    answer = await bare.post(b"[" + BODY + b"]")
    assert answer.status == 400
    assert answer.messages == ["Send one operation for each request; lists of operations are not taken."]


async def test_unknown_parameters_are_ignored(bare: Client, serve: Serve) -> None:
    assert (await bare.ask("{ __typename }", doc_id="1", documentId="2")).status == 200
    assert (await bare.get({"query": "{ __typename }", "x": "y"})).status == 200


async def test_the_body_and_the_address_say_what_errors_do(api: Client) -> None:
    query = '{ albums(first: -1) { nodes { title } } artist(id: "nonsense") { id } }'
    for on_error, data, errors in (("NULL", True, 2), ("PROPAGATE", False, 1), ("HALT", False, 1)):
        posted = await api.ask(query, onError=on_error)
        got = await api.get({"query": query, "onError": on_error})
        assert (posted.status, posted.body) == (got.status, got.body)
        assert (posted.body["data"] is not None, len(posted.errors)) == (data, errors)


@pytest.mark.parametrize("wrong", ["null", "ABORT", "", 1, ["NULL"]])
async def test_an_unknown_word_for_errors_is_refused_with_the_cure(bare: Client, wrong: object) -> None:
    answer = await bare.ask("{ __typename }", onError=wrong)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert answer.messages == ['`onError` must be one of "PROPAGATE", "NULL", "HALT"; leave it out for the first.']
    assert "data" not in answer.body


async def test_in_a_batch_an_unknown_word_for_errors_concerns_its_operation_alone(
    serve: Serve, no_database: str
) -> None:
    client = await serve(no_database, max_batch=2)
    batch = [{"query": "{ __typename }", "onError": word} for word in ("ABORT", "NULL")]
    wrong, right = (await client.http.post("/graphql", json=batch)).json()
    assert [error["extensions"]["code"] for error in wrong["errors"]] == ["BAD_REQUEST"]
    assert right == {"data": {"__typename": "Query"}}
