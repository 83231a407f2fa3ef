"""The example of docs/testing.md: what a test of an API looks like."""

import pytest

from graph.testing import HTTPClient, Operation, SchemaClient, assert_statements, max_statements

pytestmark = pytest.mark.usefixtures("posts")

MAKE = """
    mutation ($input: CreateTagInput!) {
      createTag(input: $input) { tag { name } errors { ... on UserError { code message path } } }
    }
"""


async def test_strangers_see_what_is_published(client: HTTPClient) -> None:
    data = await client.query("{ posts(orderBy: [{title: ASC}]) { nodes { title author { name } } } }")
    assert [post["title"] for post in data["posts"]["nodes"]] == ["Elms", "Oaks"]


async def test_admins_make_tags_and_members_do_not(client: HTTPClient) -> None:
    given = {"input": {"name": "Shrubs", "slug": "shrubs"}}
    refused = await client.query(MAKE, given, viewer="a member")
    assert [error["code"] for error in refused["createTag"]["errors"]] == ["FORBIDDEN"]
    made = await client.query(MAKE, given, viewer="an admin")
    assert made == {"createTag": {"tag": {"name": "Shrubs"}, "errors": []}}


async def test_a_page_is_bounded(client: HTTPClient) -> None:
    answer = await client.execute("{ posts(first: 51) { totalCount } }")
    assert answer.codes == ["INVALID_PAGE"]


async def test_a_page_of_posts_for_each_tag_takes_two_statements(client: HTTPClient) -> None:
    with assert_statements(2) as sent:
        await client.query("{ tags { nodes { name posts(first: 2) { nodes { title } } } } }")
    assert "FROM tags" in sent[0]


async def test_past_http_it_takes_no_more(schema_client: SchemaClient) -> None:
    admin = schema_client.as_viewer("an admin")
    with max_statements(3):
        data = await admin.query("{ posts { totalCount nodes { author { name } } } }")
    assert data["posts"]["totalCount"] == 3


async def test_no_index_is_missing(schema_client: SchemaClient) -> None:
    examined = await schema_client.examine('{ tags(where: {slug: {eq: "trees"}}) { nodes { name } } }')
    examined.assert_indexed()


@pytest.mark.operations("operations")
async def test_each_operation_is_answered_as_before(operation: Operation, client: HTTPClient) -> None:
    await operation.check(client)
