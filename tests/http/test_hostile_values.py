"""Values that no client of ours sends, wherever a value is taken: an answer or a clear error, on both databases."""

from typing import Any

import pytest

from graph.entity import Schema
from graph.settings import Settings
from tests.databases import Database
from tests.entity.market import Query
from tests.http import hostile
from tests.http.client import Answer, Client
from tests.http.conftest import Serve

SCHEMA = Schema(Query, Settings.model_construct())._schema  # noqa: SLF001 - Strawberry has no public way to it


@pytest.fixture
async def api(filled: Database, serve: Serve) -> Client:
    """A client that may ask for all comparisons at once, whatever work they are."""
    return await serve(filled.url, max_work=10**9)


async def test_every_comparison_takes_every_value_that_its_type_allows(api: Client) -> None:
    assert len(list(hostile.places(SCHEMA))) > 300
    before = await api.ask("{ artists { totalCount } tracks { totalCount } readings { totalCount } }")
    await hostile.takes_what_types_allow(SCHEMA, api)
    assert (
        await api.ask("{ artists { totalCount } tracks { totalCount } readings { totalCount } }")
    ).data == before.data


async def test_no_text_is_taken_for_sql(api: Client) -> None:
    await hostile.takes_no_text_for_sql(SCHEMA, api)


async def test_every_comparison_refuses_every_value_beyond_its_type(bare: Client) -> None:
    await hostile.refuses_what_types_do_not_allow(SCHEMA, bare)


async def test_every_comparison_refuses_null_and_says_so(bare: Client) -> None:
    await hostile.refuses_null(SCHEMA, bare)


async def test_every_argument_may_be_null_or_says_why_not(api: Client) -> None:
    await hostile.takes_null_or_says_why_not(SCHEMA, api)


@pytest.mark.parametrize(
    "order",
    [[{}], [{"name": None}], [{"name": "ASC", "id": "ASC"}], [{"name": "UP"}], [None], "x", [{"album": {}}]],
)
async def test_an_order_that_says_nothing_is_refused(bare: Client, order: Any) -> None:
    answer = await bare.ask("query ($o: [TrackSort!]) { tracks(orderBy: $o) { nodes { id } } }", {"o": order})
    assert answer.code == "BAD_USER_INPUT"


async def test_lists_have_an_end(api: Client) -> None:
    query = "query ($where: TrackFilter) { tracks(where: $where) { totalCount } }"
    ids = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    first = (await api.ask("{ tracks(first: 1) { nodes { id } } }")).data["tracks"]["nodes"][0]["id"]
    assert (await api.ask(query, {"where": {"bytes": {"in": [1] * 1_000}}})).data
    assert (await api.ask(query, {"where": {"id": {"in": [first] * 1_000}}})).data == {"tracks": {"totalCount": 1}}
    assert (await api.ask(ids, {"ids": [first] * 100})).data["nodes"] == [{"id": first}] * 100
    terms = [{"name": "ASC"}] * 11
    assert (await api.ask(query, {"where": {"bytes": {"in": [1] * 1_001}}})).code == "INVALID_FILTER"
    assert (await api.ask(query, {"where": {"id": {"in": [first] * 1_001}}})).code == "INVALID_FILTER"
    assert (await api.ask(ids, {"ids": [first] * 101})).code == "INVALID_PAGE"
    ordered = "query ($o: [TrackSort!]) { tracks(orderBy: $o) { nodes { id } } }"
    assert (await api.ask(ordered, {"o": terms})).code == "INVALID_PAGE"


@pytest.mark.parametrize("word", ["and", "or", "not"])
async def test_filters_nest_so_deep_and_no_deeper(api: Client, word: str) -> None:
    async def nested(depth: int) -> Answer:
        where: dict[str, Any] = {"bytes": {"eq": 1}}
        for _ in range(depth):
            where = {word: where if word == "not" else [where]}
        return await api.ask("query ($w: TrackFilter) { tracks(where: $w) { totalCount } }", {"w": where})

    assert (await nested(12)).data
    assert (await nested(13)).code == "INVALID_FILTER"
    assert (await nested(90)).code == "INVALID_FILTER"
    assert (await nested(450)).code == "BAD_USER_INPUT"


async def test_wide_filters_are_answered_or_refused(api: Client) -> None:
    query = "query ($w: TrackFilter) { tracks(where: $w) { totalCount } }"
    for width in (400, 3_000, 9_000):
        for word in ("and", "or"):
            asked = [{"bytes": {"eq": number}} for number in range(width)]
            assert set((await api.ask(query, {"w": {word: asked}})).codes) <= {"INVALID_FILTER", "TOO_COSTLY"}
    for lists in (4, 50):
        asked_lists = [{"bytes": {"in": list(range(n, n + 900))}} for n in range(lists)]
        assert set((await api.ask(query, {"w": {"or": asked_lists}})).codes) <= {"INVALID_FILTER", "TOO_COSTLY"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: -1", "INVALID_PAGE"),
        ("last: -1", "INVALID_PAGE"),
        ("first: 101", "INVALID_PAGE"),
        ("last: 2147483647", "INVALID_PAGE"),
        ("first: 1, last: 1", "INVALID_PAGE"),
        ("first: 2147483648", "GRAPHQL_VALIDATION_FAILED"),
        ("first: 1.0", "GRAPHQL_VALIDATION_FAILED"),
        ('first: "1"', "GRAPHQL_VALIDATION_FAILED"),
    ],
)
async def test_a_page_has_a_size_between_0_and_100(bare: Client, arguments: str, code: str) -> None:
    assert (await bare.ask(f"{{ tracks({arguments}) {{ nodes {{ id }} }} }}")).code == code


async def test_a_page_of_none_and_a_page_of_no_stated_size_are_answered(api: Client) -> None:
    for arguments, length in (("first: 0", 0), ("first: null, last: null", 20), ("first: null, last: 3", 3)):
        assert len((await api.ask(f"{{ tracks({arguments}) {{ nodes {{ id }} }} }}")).data["tracks"]["nodes"]) == length


async def test_whatever_is_searched_for_finds_rows_or_none(api: Client) -> None:
    for text in hostile.SEARCHED:
        answer = await api.ask("query ($t: String!) { search(text: $t) { totalCount nodes { id } } }", {"t": text})
        assert answer.data["search"]["totalCount"] >= len(answer.data["search"]["nodes"]), text
    assert (await api.ask('{ search(text: "a\\u0000b") { totalCount } }')).code == "INVALID_FILTER"


async def test_groups_take_what_their_types_allow(api: Client) -> None:
    query = """query ($h: [ThingListFilter!], $n: Int) {
        thingsAggregate { groupBy(by: [{value: SHAPE}], having: $h, first: $n) { nodes { count } } }
    }"""
    assert (await api.ask(query, {"h": {"count": {"gte": 1}}, "n": 1_000})).data
    refused: list[dict[str, Any]] = [
        {"n": -1},
        {"n": 1_001},
        {"h": {"count": {"eq": 2**31}}},
        {"h": {"count": {"in": [1] * 1_001}}},
        {"h": {"count": None}},
        {"h": {"max": {"moment": {"eq": "0000-01-01T00:00:00Z"}}}},
        {"h": {"sum": {"number": {"gt": "9" * 1_001}}}},
        {"h": {"min": {"text": {"eq": "a\x00"}}}},
    ]
    for variables in refused:
        assert (await api.ask(query, variables)).code in ("INVALID_PAGE", "INVALID_FILTER", "BAD_USER_INPUT")
    assert (await api.ask("{ thingsAggregate { groupBy(by: []) { nodes { count } } } }")).code == "INVALID_GROUPING"
