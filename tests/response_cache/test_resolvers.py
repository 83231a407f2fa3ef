"""Hints at work: what resolvers read, and to whom an answer is shown again."""

from sqlalchemy import delete, update

from db.session.engines import Engines
from tests.databases import Database
from tests.response_cache.conftest import FOREVER, ServeAny
from tests.response_cache.feeds import LocalFeed
from tests.response_cache.shop import DOMAIN, MakerRow, ReviewRow


async def test_hints_alone_keep_answers(blank_database: Database, shop: Engines, serve_any: ServeAny) -> None:
    feed = LocalFeed()
    api = await serve_any(blank_database, feed, DOMAIN)
    kept = "{ products { nodes { name maker { name } } } }"
    before = await api.data(kept)
    async with shop.writing().begin() as connection:
        await connection.execute(update(MakerRow).values(name="Cy"))
    assert await api.data(kept) == before
    feed.tell("makers")
    assert [each["maker"]["name"] for each in (await api.data(kept))["products"]["nodes"]] == ["Cy", "Cy"]


async def test_a_resolver_is_kept_as_far_as_its_hint_says_what_it_reads(
    blank_database: Database, shop: Engines, serve_any: ServeAny
) -> None:
    feed = LocalFeed()
    api = await serve_any(blank_database, feed, DOMAIN, cached_operations=f"Q={FOREVER}")
    for field, hits in (("shout", 1), ("stars", 1), ("raw", 0), ("askedBy", 0)):
        before = await api.figures()
        for _ in range(2):
            await api.data(f"query Q {{ products {{ nodes {{ {field} }} }} }}", "a member")
        after = await api.figures()
        assert after["hits_total"] - before["hits_total"] == hits, field
    assert (await api.figures())['refused_total{reason="unknown_tables"}'] == 2
    starred = "query Q { products { nodes { stars } } }"
    async with shop.writing().begin() as connection:
        await connection.execute(delete(ReviewRow).where(ReviewRow.id == 1))
    feed.tell("reviews")
    assert {each["stars"] for each in (await api.data(starred, "a member"))["products"]["nodes"]} == {1}


async def test_a_private_answer_is_of_one_viewer_and_never_of_nobody(
    blank_database: Database, shop: Engines, serve_any: ServeAny
) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN)
    document = "{ products(first: 1) { nodes { greeting } } }"
    for _ in range(2):
        for who, name in (("a member", "user:13"), ("another member", "user:15"), (None, "nobody")):
            told = (await api.data(document, who))["products"]["nodes"][0]["greeting"]
            assert told == f"thing 1 for {name}"
    figures = await api.figures()
    assert (figures["hits_total"], figures["kept_total"]) == (2, 2)


async def test_who_asks_is_never_shared(blank_database: Database, shop: Engines, serve_any: ServeAny) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN, cached_operations=f"Q={FOREVER}")
    for _ in range(2):
        assert (await api.data("query Q { viewer { name } }", "an admin"))["viewer"] == {"name": "Ada"}
        assert (await api.data("query Q { viewer { name } }", "a member"))["viewer"] is None


async def test_a_function_of_the_database_may_read_anything(
    blank_database: Database, shop: Engines, serve_any: ServeAny
) -> None:
    api = await serve_any(blank_database, LocalFeed(), DOMAIN, cached_operations=f"Q={FOREVER}")
    for _ in range(2):
        assert (await api.data('query Q { lowered(text: "ABC") }'))["lowered"] == "abc"
    assert (await api.figures())['refused_total{reason="unknown_tables"}'] == 2
