"""Which queries are answered by earlier answers, to whom, and what ends that."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from db import models
from graph.execute.prefetch import OFTEN
from graph.response_cache import cache
from graph.settings import LoggedOperations
from graph.telemetry.lines import OperationLines
from tests.databases import Database, StatementRecorder
from tests.response_cache.conftest import FOREVER, Serve, Write
from tests.response_cache.feeds import LocalFeed

TAGS = "query Tags { tags(first: 3, orderBy: [{slug: ASC}]) { nodes { slug name } } }"
NAMED = "query Tags($slug: String!) { tag(slug: $slug) { name } }"
OWN = "query Own { viewer { id name } documents(first: 100) { totalCount nodes { title } } }"
POSTS = "query Posts { posts { totalCount } }"
PEOPLE = "query People { users(first: 100, orderBy: [{name: ASC}]) { nodes { name email } } }"
CREATE = (
    "mutation ($slug: String!) { createTag(input: {name: $slug, slug: $slug}) { tag { slug } errors { __typename } } }"
)
ALL = f"Tags={FOREVER},Own={FOREVER},Posts={FOREVER},People={FOREVER}"
ADMIN = "an admin"


def rename(name: str) -> Any:
    """Give every tag this name."""
    return update(models.Tag).values(name=f"{name}-" + models.Tag.slug)


async def test_an_earlier_answer_sends_no_statement(serve: Serve, statements: StatementRecorder) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL)
    first = await api.ask(TAGS)
    with statements() as seen:
        again = await api.ask(TAGS)
    assert seen == []
    assert again.content == first.content
    assert "age" not in first.headers
    assert again.headers["age"].isdigit()
    assert again.headers["cache-control"] == "no-store"  # of a POST, no cache but ours keeps anything
    figures = await api.figures()
    assert (figures["hits_total"], figures["misses_total"], figures["kept_total"]) == (1, 1, 1)
    assert figures["kept_bytes_total"] == len(first.content)


async def test_other_variables_names_and_texts_have_answers_of_their_own(serve: Serve) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL)
    slugs = [tag["slug"] for tag in (await api.data(TAGS))["tags"]["nodes"]]
    for _ in range(2):
        names = [(await api.data(NAMED, slug=slug))["tag"]["name"] for slug in slugs]
        assert len(set(names)) == 3
    assert (await api.data(NAMED, slug="no such tag"))["tag"] is None
    figures = await api.figures()
    assert (figures["hits_total"], figures["misses_total"]) == (3, 5)
    assert (await api.ask(NAMED)).json()["errors"]  # nor is one without its variable


async def test_a_change_ends_the_answers_that_were_made_of_it(serve: Serve, write: Write) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=ALL)
    before, posts = await api.data(TAGS), await api.data(POSTS)
    await write(rename("new"))
    assert await api.data(TAGS) == before  # nobody has told yet
    feed.tell("tags", "post_tags")
    after = await api.data(TAGS)
    assert [tag["name"][:4] for tag in after["tags"]["nodes"]] == ["new-"] * 3
    assert await api.data(POSTS) == posts
    figures = await api.figures()
    assert figures['outdated_total{table="tags"}'] == 1
    assert (figures["hits_total"], figures["misses_total"]) == (2, 3)  # posts were not read again


async def test_tables_of_filters_orders_counts_and_policies_are_known(serve: Serve) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=f"Q={FOREVER}")
    for document, tables in (
        ('query Q { tags(where: {posts: {some: {title: {contains: "x"}}}}) { totalCount } }', {"posts", "post_tags"}),
        ("query Q { tags(orderBy: [{posts: {count: DESC}}], first: 1) { nodes { slug } } }", {"posts", "post_tags"}),
        ("query Q { usersAggregate(where: {orders: {some: {}}}) { count } }", {"users"}),
        ("query Q { orderLines(first: 1) { nodes { description } } }", {"order_lines", "orders"}),
        ("query Q { transfers(first: 1) { nodes { amount } } }", {"transfers", "accounts"}),
        ('query Q { search(text: "soil", first: 1) { nodes { title } } }', {"posts"}),
    ):
        for table in tables:
            for expected in ("misses_total", "hits_total", "misses_total"):
                before = (await api.figures())[expected]
                if expected == "misses_total":
                    feed.tell(table)
                await api.data(document, "a member")
                assert (await api.figures())[expected] == before + 1, (document, table, expected)


async def test_two_viewers_of_one_kind_share_what_is_the_same_and_nothing_else(serve: Serve) -> None:
    api, plain = await serve(LocalFeed(), cached_operations=ALL), await serve(response_cache="off")
    viewers = ["a member", "another member", "an author", "another author", None, ADMIN]
    for document in (OWN, POSTS, PEOPLE, TAGS):
        told = {who: await plain.data(document, who) for who in viewers}
        for _ in range(2):
            for who in viewers:
                assert await api.data(document, who) == told[who], (document, who)
        if document == OWN:
            assert len({str(answer) for answer in told.values()}) == len(viewers)
    # TAGS: all users but admins are of one kind, nobody is another one, admins are a third.
    before = await api.figures()
    await api.data(TAGS.replace("first: 3", "first: 2"), "a member")
    await api.data(TAGS.replace("first: 3", "first: 2"), "another author")
    after = await api.figures()
    assert (after["hits_total"] - before["hits_total"], after["misses_total"] - before["misses_total"]) == (1, 1)


async def test_who_has_written_reads_it_however_late_the_feed_is(serve: Serve) -> None:
    feed = LocalFeed()
    feed.is_late = True
    one, other = [await serve(feed, cached_operations=ALL) for _ in range(2)]
    for round_, (who, sends_token) in enumerate(((ADMIN, False), (ADMIN, True))):
        slug = f"0-written-{round_}"
        for api in (one, other):
            await api.data(TAGS, ADMIN)
        written = await one.ask(CREATE, who, slug=slug)
        assert written.json()["data"]["createTag"]["errors"] == []
        token = {"Trellis-Position": written.headers["trellis-position"]}
        if sends_token:
            body = {"query": TAGS}
            found = await other.http.post("/graphql", json=body, headers={"X-Test-Viewer": who, **token})
        else:
            found = await one.ask(TAGS, who)
        slugs = [tag["slug"] for tag in found.json()["data"]["tags"]["nodes"]]
        assert slug in slugs


async def test_a_forged_position_makes_no_answer_look_new(serve: Serve, write: Write) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL)
    forged = {"Trellis-Position": "f" * 15}
    for _ in range(2):
        await api.http.post("/graphql", json={"query": TAGS}, headers=forged)
    await write(rename("new"))
    token = (await api.ask(CREATE, ADMIN, slug="zz")).headers["trellis-position"]
    found = await api.http.post("/graphql", json={"query": TAGS}, headers={"Trellis-Position": token})
    assert found.json()["data"]["tags"]["nodes"][0]["name"].startswith("new-")


async def test_what_this_process_changes_outdates_its_answers_at_once(serve: Serve) -> None:
    feed = LocalFeed()
    feed.is_late = True
    api = await serve(feed, cached_operations=ALL)
    assert (await api.data(TAGS))["tags"]["nodes"]
    await api.ask(CREATE, ADMIN, slug="0-first")
    assert (await api.data(TAGS))["tags"]["nodes"][0]["slug"] == "0-first"  # nobody, who has written nothing


async def test_a_lost_feed_ends_all_answers(serve: Serve, write: Write) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=ALL)
    await api.data(TAGS)
    await write(rename("new"))
    feed.lose()
    assert (await api.data(TAGS))["tags"]["nodes"][0]["name"].startswith("new-")
    assert (await api.figures())['outdated_total{table=""}'] == 1


async def test_without_a_feed_an_answer_is_as_old_as_it_may_be(
    serve: Serve, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 1_000_000.0
    told = SimpleNamespace(time=lambda: clock, monotonic=time.monotonic)
    monkeypatch.setattr(cache, "time", told)
    api = await serve(cached_operations="Tags=60", changes=False)
    before = await api.data(TAGS)
    await write(rename("new"))
    clock += 59
    again = await api.ask(TAGS)
    assert (again.json()["data"], again.headers["age"]) == (before, "59")
    clock += 1
    assert (await api.data(TAGS)) != before


async def test_errors_extensions_batches_and_mutations_are_not_kept(serve: Serve) -> None:
    api = await serve(LocalFeed(), cached_operations=f"Q={FOREVER}", doctor="everybody", max_batch=5)
    partial = 'query Q { tags { totalCount } node(id: "nothing") { id } }'
    for _ in range(2):
        assert (await api.ask(partial)).json()["errors"]
    plain = "query Q { tags { totalCount } }"
    for extensions in ({"cost": True}, {"doctor": True}, {"deprecations": True}):
        for _ in range(2):
            answer = await api.http.post("/graphql", json={"query": plain, "extensions": extensions})
            assert answer.json()["extensions"]
    for _ in range(2):
        assert len((await api.http.post("/graphql", json=[{"query": plain}] * 2)).json()) == 2
    for slug in ("one", "two"):
        created = await api.data(CREATE.replace("mutation", "mutation Q"), ADMIN, slug=slug)
        assert created["createTag"]["tag"] == {"slug": slug}
    for _ in range(2):
        await api.data("query Q { __schema { queryType { name } } }")
    figures = await api.figures()
    assert (figures["hits_total"], figures["kept_total"]) == (0, 0)
    assert figures['refused_total{reason="errors"}'] == 2


async def test_an_earlier_answer_costs_its_points(serve: Serve) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL, rate_limit_per_address="1000/minute")
    left = [(await api.ask(TAGS)).headers["ratelimit"] for _ in range(3)]
    points = [int(header.partition("r=")[2].partition(";")[0]) for header in left]
    assert points[0] - points[1] == points[1] - points[2] > 0
    assert (await api.figures())["hits_total"] == 2


async def test_many_at_once_come_to_the_same(serve: Serve, write: Write) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=ALL)

    async def change(number: int) -> None:
        await write(rename(f"n{number}"))
        feed.tell("tags")

    for number in range(5):
        await asyncio.gather(change(number), *(api.data(TAGS) for _ in range(10)))
        told = (await api.data(TAGS))["tags"]["nodes"]
        assert [tag["name"].split("-")[0] for tag in told] == [f"n{number}"] * 3


async def test_the_least_recently_used_leave(serve: Serve) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL, response_cache_bytes=4_000)
    for number in range(10):
        await api.data(NAMED, slug=f"tag-{number}")
    lines = (await api.http.get("/metrics")).text.splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if 'cache="answers"' in line)
    assert 0 < float(figures['trellis_cache_bytes{cache="answers"}']) <= 4_000
    assert float(figures['trellis_cache_dropped_total{cache="answers"}']) > 0


async def test_the_log_tells_of_an_earlier_answer(serve: Serve) -> None:
    api = await serve(LocalFeed(), cached_operations=ALL)
    lines: list[Any] = []
    api.app.state.listeners.add(OperationLines(lines.append, LoggedOperations.ALL, 0))
    for document in (TAGS, TAGS, "{ tags { totalCount } }"):
        await api.ask(document)
    told = [(line["operation"], line.get("cache"), line["statements"], line["code"]) for line in lines]
    assert told == [("Tags", "miss", 1, "OK"), ("Tags", "hit", 0, "OK"), (None, None, 1, "OK")]
    assert lines[0]["points"] == lines[1]["points"] > 0


async def test_levels_that_are_read_at_once_are_known_like_others(
    database: Database, serve: Serve, write: Write
) -> None:
    feed = LocalFeed()
    api = await serve(feed, cached_operations=ALL)
    lines: list[Any] = []
    api.app.state.listeners.add(OperationLines(lines.append, LoggedOperations.ALL, 0))
    document = "query Posts { posts(first: 3) { nodes { title author { name } tags(first: 2) { nodes { name } } } } }"
    for _ in range(2 * OFTEN + 3):  # the operation is met so often, and then what its statements are made of
        feed.tell("posts")
        await api.data(document)
    assert lines[-1]["statements"] == (1 if database.dialect == "postgresql" else 3)
    for table, change in (("tags", rename("new")), ("users", update(models.User).values(name="new"))):
        before = await api.data(document)
        await write(change)
        assert await api.data(document) == before
        feed.tell(table)
        assert await api.data(document) != before


async def test_behind_replicas_answers_are_kept_when_nothing_was_heard_of_for_a_while(
    database: Database, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead_s = 0.0
    told = SimpleNamespace(time=time.time, monotonic=lambda: time.monotonic() + ahead_s)
    monkeypatch.setattr(cache, "time", told)
    feed, replicas = LocalFeed(), (SecretStr(database.url),)
    api = await serve(feed, cached_operations=ALL, replica_urls=replicas, max_replica_lag_s=10_000)
    expected = []
    for seconds, hits in ((0, 0), (5_000, 0), (20_000, 1)):  # half of the lag, and twice the lag
        ahead_s = seconds
        before = (await api.figures())["hits_total"]
        expected.append(await api.data(TAGS))
        expected.append(await api.data(TAGS))
        assert (await api.figures())["hits_total"] - before == hits, seconds
    assert all(answer == expected[0] for answer in expected)
    assert (await api.figures())['refused_total{reason="replica"}'] == 4
    feed.tell("tags")  # heard of now, which is long ago for whoever asks
    await api.data(TAGS)
    ahead_s = 0
    feed.tell("tags")
    await api.data(TAGS)
    assert (await api.figures())['refused_total{reason="replica"}'] == 5
