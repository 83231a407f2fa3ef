"""Values that no client of ours sends, wherever our nouns take a value; a new noun is tried as well."""

import pytest

from db import demo
from db.session.engines import Engines
from graph.schema import DOMAIN, make_schema
from tests.databases import Database
from tests.http import hostile
from tests.http.client import Client
from tests.http.conftest import Serve
from tests.operations.conftest import an_admin

SCHEMA = make_schema()._schema  # noqa: SLF001 - Strawberry has no public way to graphql-core's schema


@pytest.fixture
async def api(database: Database, engines: Engines, serve: Serve) -> Client:
    """A client that may ask for all comparisons at once, whatever work they are."""
    await demo.fill(engines, scale=1)
    return await serve(database.url, an_admin, DOMAIN, max_work=10**9)


async def test_every_comparison_of_ours_takes_every_value_that_its_type_allows(api: Client) -> None:
    assert len(list(hostile.places(SCHEMA))) > 300
    counts = "{ users { totalCount } posts { totalCount } documents { totalCount } }"
    before = await api.ask(counts)
    await hostile.takes_what_types_allow(SCHEMA, api)
    assert (await api.ask(counts)).data == before.data


async def test_no_text_is_taken_for_sql_by_our_nouns(api: Client) -> None:
    await hostile.takes_no_text_for_sql(SCHEMA, api)


async def test_every_comparison_of_ours_refuses_every_value_beyond_its_type(bare: Client) -> None:
    await hostile.refuses_what_types_do_not_allow(SCHEMA, bare)


async def test_every_comparison_of_ours_refuses_null_and_says_so(bare: Client) -> None:
    await hostile.refuses_null(SCHEMA, bare)


async def test_every_argument_of_ours_may_be_null_or_says_why_not(api: Client) -> None:
    await hostile.takes_null_or_says_why_not(SCHEMA, api)


async def test_whatever_is_searched_for_finds_posts_or_none(api: Client) -> None:
    for text in hostile.SEARCHED:
        answer = await api.ask("query ($t: String!) { search(text: $t) { totalCount nodes { id } } }", {"t": text})
        assert answer.data["search"]["totalCount"] >= len(answer.data["search"]["nodes"]), text
    assert (await api.ask('{ search(text: "a\\u0000b") { totalCount } }')).code == "INVALID_FILTER"


async def test_who_searches_for_too_much_is_told_how_much_can_be_asked(api: Client) -> None:
    for text in ("w " * 200_000, " ".join(f"-w{n}" for n in range(1_000)), "東" * 300):
        answer = await api.ask("query ($t: String!) { search(text: $t) { totalCount } }", {"t": text[:250_000]})
        assert answer.code == "INVALID_FILTER"
        assert "too many to look for; send at most" in answer.messages[0]
