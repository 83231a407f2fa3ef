"""What caches of others are told: for how long, whose, and by which keys they drop it."""

from typing import Any

import pytest

from db.session.engines import Engines
from graph.documents.caching import CREDENTIALS
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.http.requests import JSON
from graph.response_cache.surrogates import MAX_OBJECTS, objects_in
from tests.databases import Database
from tests.response_cache.conftest import FOREVER, WHO, Asking, ServeAny
from tests.response_cache.feeds import LocalFeed
from tests.response_cache.shop import DOMAIN, Product

HINTED = "{ products { nodes { name } } }"
PRIVATE = "{ products { nodes { greeting } } }"
UNHINTED = "{ reviews { nodes { stars } } }"


async def get(api: Asking, query: str, **headers: str) -> Any:
    """Ask with GET."""
    return await api.http.get("/graphql", params={"query": query}, headers={"Accept": JSON, **headers})


@pytest.mark.parametrize("storage", ["off", "memory"])
async def test_hints_say_for_how_long_a_cache_may_keep_an_answer(
    blank_database: Database, shop: Engines, serve_any: ServeAny, storage: str
) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN, response_cache=storage, cache_control="all")
    for _ in range(2):
        told = await get(api, HINTED)
        assert told.headers["cache-control"] == "public, max-age=60"
        assert told.headers["vary"] == "Accept, Accept-Encoding, " + ", ".join(name.title() for name in CREDENTIALS)
        assert ("age" in told.headers) == (_ == 1 and storage == "memory")
        same = await get(api, HINTED, **{"If-None-Match": told.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        assert (await get(api, HINTED, Cookie="theme=dark")).headers["cache-control"] == "private, max-age=60"
        assert (await get(api, HINTED, **{WHO: "a member"})).headers["cache-control"] == "private, max-age=60"
        assert (await get(api, PRIVATE)).headers["cache-control"] == "private, max-age=30"
        assert (await get(api, UNHINTED)).headers["cache-control"] == "no-store"
        assert (await get(api, "{ products(first: 1000) { nodes { name } } }")).headers["cache-control"] == "no-store"
        assert (await api.ask(HINTED)).headers["cache-control"] == "no-store"
        assert (await get(api, HINTED)).json()["data"] == (await api.data(HINTED))


async def test_by_itself_only_registered_documents_are_told(
    blank_database: Database, shop: Engines, serve_any: ServeAny
) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN)
    assert (await get(api, HINTED)).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("header", "expected"), [("Surrogate-Key", "makers products"), ("Cache-Tag", "makers,products"), ("", None)]
)
async def test_a_cdn_is_told_what_an_answer_was_made_of(
    blank_database: Database, shop: Engines, serve_any: ServeAny, header: str, expected: str | None
) -> None:
    query = "{ products { nodes { name maker { name } } } }"
    for storage in ("off", "memory"):
        api = await serve_any(blank_database, LocalFeed(), DOMAIN, surrogate_keys=header, response_cache=storage)
        for _ in range(2):
            assert (await get(api, query)).headers.get(header or "Surrogate-Key") == expected
        assert header not in (await get(api, UNHINTED)).headers or not header


async def test_an_earlier_answer_is_compressed_like_any_other(
    blank_database: Database, shop: Engines, serve_any: ServeAny
) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN, compress_from_bytes=1, cached_operations=f"Q={FOREVER}")
    answers = [
        await api.http.post("/graphql", json={"query": HINTED}, headers={"Accept-Encoding": "gzip"}) for _ in "ab"
    ]
    assert [answer.headers["content-encoding"] for answer in answers] == ["gzip"] * 2
    assert answers[0].json() == answers[1].json()
    assert (await api.figures())["hits_total"] == 1


async def test_few_objects_have_keys_of_their_own(blank_database: Database, shop: Engines, serve_any: ServeAny) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN, surrogate_keys="xkey")
    for _ in range(2):
        told = await get(api, "{ products(orderBy: [{name: ASC}]) { nodes { it: id maker { id } } } }")
        assert set(told.headers["xkey"].split()[2:]) == {"makers:1", "makers:2", "products:1", "products:2"}


def test_of_many_objects_no_keys_are_told() -> None:
    few = {"nodes": [{"id": encode_id(entity_of(Product), (number,))} for number in range(MAX_OBJECTS)]}
    assert len(objects_in(few, {"id"})) == MAX_OBJECTS
    assert objects_in(few, {"other"}) == ()
    assert objects_in({"id": "no id", "more": [{"id": None}, {"id": 7}]}, {"id"}) == ()
    more = {"nodes": [*few["nodes"], {"id": encode_id(entity_of(Product), (MAX_OBJECTS,))}]}
    assert objects_in(more, {"id"}) == ()
