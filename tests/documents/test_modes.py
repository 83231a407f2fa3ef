"""Which documents each mode answers, in every way to ask for one."""

from typing import Any

import pytest
from graphql import get_introspection_query

from db.session.engines import Engines
from graph.documents import exemptions
from graph.documents.ids import sha256_of
from graph.prepare import documents as preparing
from tests.databases import StatementRecorder
from tests.documents.conftest import Serve
from tests.documents.serving import BOOKS, COSTLY, CREATE, TITLES, persisted, register, send

OTHER = "{ books { totalCount } }"
COUNT = {"books": {"totalCount": 2}}
HASH = sha256_of(BOOKS)

REQUESTS: dict[str, dict[str, Any]] = {
    "a text": {"query": BOOKS},
    "another text": {"query": OTHER},
    "a hash with its prefix": {"documentId": f"sha256:{HASH}"},
    "a hash alone": {"documentId": HASH},
    "an id of the build": {"documentId": "x-web:books.1"},
    "an unknown id": {"documentId": "nothing"},
    "an id and its text": {"documentId": "x-web:books.1", "query": BOOKS},
    "an id and another text": {"documentId": "x-web:books.1", "query": OTHER},
    "an unknown id and a text": {"documentId": "nothing", "query": OTHER},
    "Apollo's hash": {"extensions": persisted(BOOKS)},
    "Apollo's hash and the text": {"extensions": persisted(BOOKS), "query": BOOKS},
    "Apollo's unknown hash": {"extensions": persisted(OTHER)},
    "Apollo's unknown hash and the text": {"extensions": persisted(OTHER), "query": OTHER},
    "Apollo's wrong hash": {"extensions": persisted(BOOKS), "query": OTHER},
    "Apollo's extension with an id of the build": {
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "x-web:books.1"}}
    },
}

NOT_FOUND, QUERY_NOT_FOUND = "PERSISTED_DOCUMENT_NOT_FOUND", "PERSISTED_QUERY_NOT_FOUND"
NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
REQUIRED, WRONG = "PERSISTED_DOCUMENT_REQUIRED", "BAD_USER_INPUT"

ANSWERS: dict[str, tuple[Any, Any, Any]] = {
    "a text": (TITLES, TITLES, TITLES),
    "another text": (COUNT, COUNT, REQUIRED),
    "a hash with its prefix": (NOT_SUPPORTED, TITLES, TITLES),
    "a hash alone": (NOT_SUPPORTED, TITLES, TITLES),
    "an id of the build": (NOT_SUPPORTED, TITLES, TITLES),
    "an unknown id": (NOT_SUPPORTED, NOT_FOUND, NOT_FOUND),
    "an id and its text": (TITLES, TITLES, TITLES),
    "an id and another text": (COUNT, WRONG, WRONG),
    "an unknown id and a text": (COUNT, COUNT, REQUIRED),
    "Apollo's hash": (NOT_SUPPORTED, TITLES, TITLES),
    "Apollo's hash and the text": (TITLES, TITLES, TITLES),
    "Apollo's unknown hash": (NOT_SUPPORTED, QUERY_NOT_FOUND, QUERY_NOT_FOUND),
    "Apollo's unknown hash and the text": (COUNT, COUNT, REQUIRED),
    "Apollo's wrong hash": (COUNT, WRONG, WRONG),
    "Apollo's extension with an id of the build": (NOT_SUPPORTED, TITLES, TITLES),
}
"""What `off`, `accept` and `strict` answer: data, or the code of an error."""


@pytest.mark.parametrize(("column", "mode"), [*enumerate(["off", "accept", "strict"])])
async def test_each_mode_answers_each_way_to_ask(engines: Engines, serve: Serve, column: int, mode: str) -> None:
    await register(engines, [("x-web:books.1", BOOKS)])
    client, _ = await serve(documents=mode)
    for name, request in REQUESTS.items():
        answer = await send(client, **request)
        got = answer.code if answer.errors else answer.data
        assert got == ANSWERS[name][column], name
        assert len(answer.errors) <= 1


async def test_a_query_over_get_is_asked_for_by_id_and_a_mutation_is_not(engines: Engines, serve: Serve) -> None:
    await register(engines, [("books", BOOKS), ("create", CREATE)])
    client, _ = await serve(documents="strict")
    assert (await client.get({"documentId": "books", "variables": '{"first": 1}'})).data == {
        "books": {"nodes": [{"title": "Emma"}]}
    }
    assert (await client.get({"documentId": "create"})).status == 405
    # A browser that follows a link to data gets data.
    page = await client.http.get("/graphql", params={"documentId": "books"}, headers={"Accept": "text/html, */*"})
    assert page.json() == {"data": TITLES}
    found = await client.get({"extensions": '{"persistedQuery": {"version": 1, "sha256Hash": "books"}}'})
    assert found.data == TITLES


async def test_a_strict_server_never_parses_what_is_not_registered(
    engines: Engines, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register(engines, [("books", BOOKS)])
    client, _ = await serve(documents="strict", documents_exempt="role:admin")

    def parse(*_: object, **__: object) -> None:
        raise AssertionError("It was parsed.")

    monkeypatch.setattr(preparing, "parse", parse)
    monkeypatch.setattr(exemptions, "parse", parse)
    for request in ({"query": OTHER}, {"query": "{ __schema { description } }"}, {"query": "this is no document"}):
        assert (await send(client, **request)).code == REQUIRED
        assert (await send(client, **request, extensions=persisted(request["query"]))).code == REQUIRED
    assert (await send(client, query=OTHER, authorization="reader")).code == REQUIRED
    # A registered one is neither parsed nor validated, from the first request on.
    assert (await send(client, documentId="books")).data == TITLES
    assert (await send(client, query=BOOKS)).data == TITLES


async def test_a_strict_server_makes_the_exceptions_that_it_is_told(engines: Engines, serve: Serve) -> None:
    client, _ = await serve(documents="strict", documents_exempt="role:admin,introspection")
    assert (await send(client, query=OTHER, authorization="keeper")).data == COUNT
    assert (await send(client, query=get_introspection_query())).data["__schema"]
    mixed = "{ __schema { description } books { totalCount } }"
    behind = "{ __typename ...More } fragment More on Query { __type: books { totalCount } }"
    for query in (OTHER, mixed, behind, f"query A {OTHER} query B {{ __schema {{ description }} }}", "{ __schema"):
        assert (await send(client, query=query)).code == REQUIRED, query


async def test_this_machine_is_exempt_where_no_proxy_speaks_for_others(engines: Engines, serve: Serve) -> None:
    client, _ = await serve(documents="strict", documents_exempt="loopback")
    assert (await client.ask(OTHER)).data == COUNT
    for header in ("x_forwarded_for", "forwarded", "via", "x_real_ip"):
        body = b'{"query": "{ books { totalCount } }"}'
        assert (await client.post(body, **{header: "127.0.0.1"})).code == REQUIRED


@pytest.mark.parametrize("mode", ["off", "accept", "strict"])
async def test_requests_that_are_not_well_formed_are_refused_in_words(
    engines: Engines, serve: Serve, mode: str
) -> None:
    client, _ = await serve(documents=mode)
    requests: list[dict[str, Any]] = [
        {"documentId": 5},
        {"documentId": ["books"], "query": OTHER},
        {"documentId": "books", "variables": []},
        {"extensions": {}},
        {},
        {"query": ""},
    ]
    for request in requests:
        answer = await send(client, **request)
        assert (answer.status, answer.code) == (400, "BAD_REQUEST"), request


@pytest.mark.parametrize("mode", ["accept", "strict"])
async def test_hostile_ids_are_refused_and_never_reach_a_statement(
    engines: Engines, serve: Serve, mode: str, statements: StatementRecorder
) -> None:
    client, _ = await serve(documents=mode)
    with statements() as seen:
        for given in ("", " ", "a b", "a\0b", "é", "x" * 256, "😀", "'\n--"):
            assert (await send(client, documentId=given)).code == WRONG, given
            assert (
                await send(client, extensions={"persistedQuery": {"version": 1, "sha256Hash": given}})
            ).code == WRONG
        wrong: list[Any] = [
            5,
            [],
            {"version": 2, "sha256Hash": HASH},
            {"version": 1},
            {"version": 1, "sha256Hash": 7},
            {"version": True, "sha256Hash": None},
        ]
        for persisted_query in wrong:
            answer = await send(client, extensions={"persistedQuery": persisted_query}, query=OTHER)
            assert answer.code == WRONG, persisted_query
        assert (
            await client.get({"documentId": "\udcff".encode(errors="surrogatepass").decode("latin-1")})
        ).code == WRONG
    assert seen == []
    assert (await client.post(b'{"documentId": "\\ud800"}')).code in (WRONG, "BAD_REQUEST")


async def test_an_added_document_has_passed_all_limits(engines: Engines, serve: Serve) -> None:
    client, documents = await serve(documents="accept", max_rows=1_000, max_added_document_bytes=1_000)
    codes = {"{ books { nope } }": "GRAPHQL_VALIDATION_FAILED", "{ books": "GRAPHQL_PARSE_FAILED", COSTLY: "TOO_COSTLY"}
    for query, code in codes.items():
        assert (await send(client, query=query, extensions=persisted(query))).code == code
        assert (await send(client, extensions=persisted(query))).code == QUERY_NOT_FOUND
    large = OTHER + "#" * 1_000  # answered, and not kept
    assert (await send(client, query=large, extensions=persisted(large))).data == COUNT
    assert (await send(client, extensions=persisted(large))).code == QUERY_NOT_FOUND
    assert len(documents.added) == 0
    assert (await send(client, query=OTHER, extensions=persisted(OTHER))).data == COUNT
    assert (await send(client, extensions=persisted(OTHER))).data == COUNT
    assert (await send(client, documentId=f"sha256:{sha256_of(OTHER)}")).data == COUNT
    # The price is that of each request, not of the one that added it.
    pages = "query ($n: Int) { books(first: $n) { nodes { genres(first: $n) { nodes { name } } } } }"
    assert not (await send(client, query=pages, extensions=persisted(pages), variables={"n": 1})).errors
    assert (await send(client, extensions=persisted(pages), variables={"n": 100})).code == "TOO_COSTLY"


async def test_each_operation_of_a_batch_may_be_named_by_its_id(engines: Engines, serve: Serve) -> None:
    await register(engines, [("books", BOOKS), ("gone", "{ nope }")])
    client, _ = await serve(documents="strict", max_batch=5)
    batch = [{"documentId": "books"}, {"query": OTHER}, {"documentId": "gone"}, {"documentId": "nothing"}, {}]
    response = await client.http.post("/graphql", json=batch)
    first, *others = response.json()
    assert first == {"data": TITLES}
    codes = [it["errors"][0]["extensions"]["code"] for it in others]
    assert codes == [REQUIRED, "GRAPHQL_VALIDATION_FAILED", NOT_FOUND, "BAD_REQUEST"]
