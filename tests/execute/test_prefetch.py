"""Levels that are read by one statement: the same answers for fewer statements, whatever is asked.

Of `BEGIN`, a statement for each level and field, and `COMMIT`, one statement is left.
"""

import gc
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from db.session.engines import Engines
from graph.entity import Schema
from graph.execute import prefetch
from tests.databases import Database
from tests.entity.conftest import Filled
from tests.entity.market import MARKET
from tests.entity.serving import fill, settings_of
from tests.execute.prefetching import Asking, Sent
from tests.execute.test_direct import without_collector

pytestmark = pytest.mark.postgresql


@pytest.fixture
async def shop(schema: Schema, samples: Filled, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asking]:
    """The market, where what was met twice has been met often."""
    monkeypatch.setattr(prefetch, "OFTEN", 1)
    asking = Asking(schema, settings_of(await samples(MARKET, "postgresql")))
    yield asking
    await asking.close()


async def test_pages_to_one_and_pages_per_parent_are_one_statement(shop: Asking) -> None:
    query = (
        "query ($n: Int!) { artists(first: $n) { nodes { name albums(first: 2) { nodes { title"
        " artist { name } tracks(first: 3) { nodes { name unitPrice genre { name } playlists { nodes { name } } }"
        " } } } } } }"
    )
    # BEGIN, artists, albums, their artists, tracks, genres, playlists, COMMIT
    assert await shop.same(query, n=5) == Sent(8, 1)
    assert (await shop.same(query, n=1)).prefetched == 1
    assert await shop.same(query, n=0) == Sent(0, 0)  # a page of no rows is not read


async def test_numbers_aggregates_and_several_roots_are_one_statement(shop: Asking) -> None:
    query = """{
        artists(first: 3) { totalCount nodes { albums(last: 1) { totalCount aggregate { count max { title } }
            pageInfo { hasPreviousPage startCursor } edges { cursor node { title } } } } }
        genres(first: 2) { nodes { name tracks(first: 1) { totalCount } } }
        tracksAggregate { count max { milliseconds } }
    }"""
    # BEGIN, artists, their number, albums, their numbers, their aggregates; genres, numbers of tracks; tracks; COMMIT
    assert await shop.same(query) == Sent(10, 1)


async def test_conditions_on_variables_are_operations_of_their_own(shop: Asking) -> None:
    query = """query ($deep: Boolean!) {
        albums(first: 3) {
            nodes { title ...More @include(if: $deep) tracks(first: 1) @skip(if: $deep) { totalCount } }
        }
    }
    fragment More on Album { a: artist { name } b: artist { albums(first: 1) { nodes { title } } } }"""
    # BEGIN, albums, artists with the columns of a, artists with those of b, albums of artists, COMMIT
    assert await shop.same(query, deep=True) == Sent(6, 1)
    # BEGIN, albums, numbers of tracks, COMMIT
    assert await shop.same(query, deep=False) == Sent(4, 1)


async def test_a_relation_leads_back_and_keys_may_be_null_or_have_parts(shop: Asking) -> None:
    assert (
        await shop.same(
            "{ employees(first: 9) { nodes { reportsTo { reportsTo { reports { nodes { lastName } } } } } } }"
        )
    ).prefetched == 1
    assert (
        await shop.same("{ people(first: 9) { nodes { friends { nodes { friends { nodes { fullName } } } } } } }")
    ).prefetched == 1
    query = """{
        purchases(first: 5) { nodes { shop lines { nodes { what purchase { number } deliveries { totalCount } } } } }
    }"""
    assert (await shop.same(query)).prefetched == 1


async def test_one_row_and_what_hangs_on_it_is_one_statement(shop: Asking) -> None:
    (found, _) = await shop.answer("{ albums(first: 1) { nodes { id } } }", {})
    id_ = found.data["albums"]["nodes"][0]["id"]
    query = "query ($id: ID!) { album(id: $id) { title artist { name } tracks(first: 2) { nodes { name } } } }"
    # BEGIN, the album, its artist, its tracks, COMMIT
    assert await shop.same(query, id=id_) == Sent(5, 1)
    query = "query ($id: ID!) { node(id: $id) { ... on Album { title artist { name } } } }"
    assert await shop.same(query, id=id_) == Sent(4, 1)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Album { artist { name } } } }"
    assert await shop.same(query, ids=[id_, id_]) == Sent(4, 1)
    query = "query ($name: String!) { genre(name: $name) { tracks(first: 2) { totalCount nodes { name } } } }"
    assert (await shop.same(query, name="Rock")).prefetched == 1
    assert (await shop.same(query, name="no such")).prefetched == 1


async def test_a_page_behind_a_cursor_is_read_with_what_hangs_on_it(shop: Asking) -> None:
    query = """query ($after: String) {
        tracks(first: 4, after: $after, orderBy: [{ milliseconds: DESC }]) {
            pageInfo { endCursor } nodes { name album { title artist { name } } }
        }
    }"""
    found, _ = await shop.answer(query, {})
    assert (await shop.same(query, after=found.data["tracks"]["pageInfo"]["endCursor"])).prefetched == 1


async def test_what_may_be_rare_is_read_alone_and_the_rest_at_once(shop: Asking) -> None:
    query = """query ($ms: Int!) {
        tracks(first: 5, where: { milliseconds: { gt: $ms } }) {
            nodes { genre { name } mediaType { name } album { title artist { name } } }
        }
    }"""
    # BEGIN, tracks, genres, types, albums, artists, COMMIT; then BEGIN, tracks, the rest, COMMIT
    assert await shop.same(query, ms=1_000) == Sent(7, 4)
    # with two levels behind it, one round trip less is not worth it
    query = "{ tracks(first: 5, where: { milliseconds: { gt: 1000 } }) { nodes { genre { name } album { title } } } }"
    assert await shop.same(query) == Sent(5, 5)


async def test_pages_that_are_too_long_are_read_level_by_level(shop: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "MAX_ROOT", 10)
    query = "query ($n: Int!) { tracks(first: $n) { nodes { name genre { name } } } }"
    assert await shop.same(query, n=11) == Sent(4, 4)
    assert await shop.same(query, n=10) == Sent(4, 1)


async def test_what_has_found_much_is_read_level_by_level_for_a_while(
    shop: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "MAX_ROWS", 10)
    monkeypatch.setattr(prefetch, "REST", 2)
    query = "{ genres(first: 5) { nodes { tracks(first: 3) { nodes { name } } } } }"
    sent = [len((await shop.answer(query, {}))[1]) for _ in range(6)]
    # the first run teaches; BEGIN, genres, tracks, COMMIT
    assert sent == [4, 1, 4, 4, 1, 4]


async def test_what_was_not_met_often_is_read_level_by_level(shop: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "OFTEN", 3)
    query = "{ genres(first: 2) { nodes { name tracks(first: 1) { nodes { name } } } } }"
    sent = [len((await shop.answer(query, {}))[1]) for _ in range(6)]
    # three runs are often; then the combined statement is met three times
    assert sent == [4, 4, 4, 4, 1, 1]


async def test_a_refused_argument_is_told_as_ever(shop: Asking) -> None:
    query = (
        "query ($n: Int) { artists(first: 2) { nodes { name albums(first: $n) { nodes { title artist { name } } } } } }"
    )
    assert (await shop.same(query, n=2)).prefetched == 1
    await shop.same(query, n=-1)


async def test_an_answer_leaves_nothing_to_the_garbage_collector(shop: Asking) -> None:
    query = "query ($n: Int!) { tracks(first: $n) { nodes { name genre { name tracks(first: 1) { totalCount } } } } }"
    await shop.same(query, n=2)
    rounds = []
    with without_collector():
        for _ in range(3):
            for n in (2, 3):
                await shop.run(query, {"n": n})
            rounds.append(gc.collect())
    assert min(rounds) == 0, rounds


async def test_the_doctor_shows_what_was_sent(shop: Asking) -> None:
    query = "{ genres(first: 2) { nodes { name tracks(first: 1) { nodes { name album { title } } } } } }"
    await shop.same(query)
    result = await shop.run(query, {}, extensions={"doctor": True})
    assert not result.errors
    statements = [it for it in (result.extensions or {})["doctor"]["statements"] if it["kind"] == "read"]
    assert len(statements) == 1
    assert "AS rows_2" in statements[0]["sql"]


@pytest.fixture
async def own(schema: Schema, blank_database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Asking]:
    """A market of one's own, to write to, whose statements may take a quarter of a second."""
    monkeypatch.setattr(prefetch, "OFTEN", 1)
    await fill(blank_database, MARKET)
    asking = Asking(schema, settings_of(blank_database).model_copy(update={"statement_timeout_s": 0.25}))
    yield asking
    await asking.close()


async def execute(engines: Engines, statement: str) -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(text(statement))


STAFF = "{ employees(first: 9) { nodes { lastName birthDate reportsTo { birthDate } } } }"


async def test_a_value_that_cannot_be_read_is_an_error_of_its_field_and_ends_the_prefetch(own: Asking) -> None:
    assert (await own.same(STAFF)).prefetched == 1
    await execute(own.on, "UPDATE employee SET birth_date = '20000-01-01' WHERE employee_id = 1")
    # one statement in vain, then BEGIN, employees (twice, the second time value by value), who they report to, COMMIT
    expected, level_by_level = await own.answer(STAFF, {}, prefetched=False)
    first, second = await own.answer(STAFF, {}), await own.answer(STAFF, {})
    assert first[0] == second[0] == expected
    assert expected.problems
    assert len(first[1]) == 1 + len(level_by_level)
    assert second[1] == level_by_level


async def test_a_table_that_has_changed_is_read_as_it_is_now(own: Asking) -> None:
    assert (await own.same(STAFF)).prefetched == 1
    await execute(own.on, "ALTER TABLE employee ALTER COLUMN last_name TYPE text, ADD COLUMN nickname text")
    await own.same(STAFF)


async def test_a_level_that_is_late_fails_alone(own: Asking) -> None:
    query = "{ genres(first: 2) { nodes { name tracks(first: 1) { nodes { name album { title } } } } } }"
    assert (await own.same(query)).prefetched == 1
    async with own.off.writing().begin() as connection:
        await connection.execute(text("LOCK TABLE album IN ACCESS EXCLUSIVE MODE"))
        expected, _ = await own.answer(query, {}, prefetched=False)
        found, _ = await own.answer(query, {})
    assert found == expected
    assert all(problem.path is not None and problem.path[-1] == "album" for problem in found.problems)
    assert found.problems
    assert found.data["genres"]["nodes"][0]["name"]


async def test_a_connection_that_is_lost_is_replaced_and_the_answer_whole(own: Asking) -> None:
    assert (await own.same(STAFF)).prefetched == 1
    await execute(
        own.off,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()",
    )
    assert (await own.same(STAFF)).prefetched == 1
