"""Answers that caches may keep: who gets one, under which name, and for how long."""

import pytest

from db.session.engines import Engines
from graph.documents.ids import sha256_of
from graph.http.requests import GRAPHQL_RESPONSE, JSON
from tests.documents.conftest import Serve
from tests.documents.serving import BOOKS, TITLES, register, send

PUBLIC = {"documentId": "books"}


async def test_an_answer_to_nobody_is_kept_until_it_changes(engines: Engines, serve: Serve) -> None:
    await register(engines, [("books", BOOKS)])
    client, _ = await serve(documents="accept", documents_max_age_s=60)
    first = await client.get(PUBLIC)
    assert first.data == TITLES
    assert first.headers["cache-control"] == "public, max-age=60"
    assert first.headers["vary"] == "Accept, Accept-Encoding, Authorization, Cookie"
    etag = first.headers["etag"]
    assert (await client.get(PUBLIC)).headers["etag"] == etag
    for given in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await client.http.get(
            "/graphql", params=PUBLIC, headers={"If-None-Match": given, "Accept": GRAPHQL_RESPONSE}
        )
        assert (again.status_code, again.content) == (304, b"")
        assert {name: again.headers[name] for name in ("etag", "cache-control", "vary")} == {
            name: first.headers[name] for name in ("etag", "cache-control", "vary")
        }
        assert "content-type" not in again.headers
    head = await client.http.head("/graphql", params=PUBLIC, headers={"Accept": GRAPHQL_RESPONSE})
    assert (head.headers["etag"], head.headers["content-length"]) == (etag, first.headers["content-length"])
    fewer = await client.get(PUBLIC | {"variables": '{"first": 1}'}, if_none_match=etag)
    assert fewer.status == 200
    assert fewer.headers["etag"] != etag
    plain = await client.get(PUBLIC, accept=JSON, if_none_match=etag)
    assert plain.status == 200  # another representation
    assert plain.headers["etag"] != etag


async def test_without_an_age_caches_ask_each_time(engines: Engines, serve: Serve) -> None:
    await register(engines, [("books", BOOKS)])
    client, _ = await serve(documents="strict")
    for parameters in (PUBLIC, {"query": BOOKS}, {"documentId": f"sha256:{sha256_of(BOOKS)}"}):
        answer = await client.get(parameters)
        assert answer.headers["cache-control"] == "public, no-cache"
        assert (
            await client.http.get(
                "/graphql",
                params=parameters,
                headers={"If-None-Match": answer.headers["etag"], "Accept": GRAPHQL_RESPONSE},
            )
        ).status_code == 304


@pytest.mark.parametrize(
    "headers", [{"authorization": "reader"}, {"authorization": "stranger"}, {"cookie": "theme=dark"}]
)
async def test_an_answer_to_somebody_is_kept_by_nobody(engines: Engines, serve: Serve, headers: dict[str, str]) -> None:
    await register(engines, [("books", BOOKS)])
    client, _ = await serve(documents="accept", documents_max_age_s=60)
    answer = await client.get(PUBLIC, **headers)
    assert answer.data == TITLES
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


async def test_errors_other_documents_and_bodies_are_kept_by_nobody(engines: Engines, serve: Serve) -> None:
    partial = 'query ($id: ID = "nothing") { books { totalCount } node(id: $id) { id } }'
    await register(engines, [("books", BOOKS), ("partial", partial)])
    client, _ = await serve(documents="accept", documents_max_age_s=60)
    for parameters in (
        {"documentId": "partial"},
        {"documentId": "nothing"},
        {"documentId": "books", "variables": '{"first": 1000}'},
        {"query": "{ books { totalCount } }"},
    ):
        answer = await client.get(parameters)
        assert answer.headers["cache-control"] == "no-store", parameters
        assert "etag" not in answer.headers
    assert (await client.get({"documentId": "partial"})).body["errors"]
    assert (await send(client, documentId="books")).headers["cache-control"] == "no-store"


async def test_a_compressed_answer_has_a_weak_name_of_its_own(engines: Engines, serve: Serve) -> None:
    await register(engines, [("books", BOOKS)])
    client, _ = await serve(documents="accept", compress_from_bytes=1)
    strong = (await client.get(PUBLIC, accept_encoding="identity")).headers["etag"]
    packed = await client.get(PUBLIC, accept_encoding="gzip")
    assert (packed.data, packed.headers["content-encoding"]) == (TITLES, "gzip")
    assert packed.headers["etag"] == f"W/{strong}"
    again = await client.http.get(
        "/graphql",
        params=PUBLIC,
        headers={"If-None-Match": packed.headers["etag"], "Accept-Encoding": "gzip", "Accept": GRAPHQL_RESPONSE},
    )
    assert (again.status_code, again.content) == (304, b"")
