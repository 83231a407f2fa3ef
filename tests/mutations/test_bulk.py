"""Many posts, tags and documents in one statement: what they cost, who may, and every error in its place."""

from typing import Any

import pytest

from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.mutations.post import posts
from graph.types.user import User
from graph.viewer import Viewer
from graph.writing.bulk import OnError
from tests.databases import StatementRecorder
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.writing.asking import in_change


def post_row(number: int, **values: Any) -> dict[str, Any]:
    return {"title": f"Title {number}", "content": f"Content {number}"} | values


def tag_row(slug: str, name: str | None = None) -> dict[str, Any]:
    return {"name": name or slug.capitalize(), "slug": slug}


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_posts_costs_the_same_statements(
    ask: Asking, statements: StatementRecorder, count: int
) -> None:
    author = ask.by(await make_user(ask.engines, "author", name="Ada"))
    rows = [post_row(number) for number in range(count)]
    selection = "posts { slug version status author { name } contributors { nodes { name } } }"
    with statements() as seen:
        payload = await author.do("createPosts", {"posts": rows}, selection)
    assert payload["errors"] == []
    assert [post["slug"] for post in payload["posts"]] == [f"title-{number}" for number in range(count)]
    one = {"version": 1, "status": "DRAFT", "author": {"name": "Ada"}, "contributors": {"nodes": [{"name": "Ada"}]}}
    assert all(post.items() >= one.items() for post in payload["posts"])
    # taken slugs + posts + contributors + record, then read back: posts, authors, contributors
    assert len(seen) == 4 + 3, seen


@pytest.mark.parametrize("count", [2, 200])
async def test_any_number_of_tags_costs_the_same_statements(
    ask: Asking, statements: StatementRecorder, count: int
) -> None:
    editor = ask.by(await make_user(ask.engines, "editor"))
    await editor.do("createTag", tag_row("tag-1", "Old"), "tag { id }")
    with statements() as seen:
        payload = await editor.do(
            "upsertTags", {"tags": [tag_row(f"tag-{number}") for number in range(count)]}, "tags { slug name }"
        )
    assert payload == {
        "tags": [{"slug": f"tag-{number}", "name": f"Tag-{number}"} for number in range(count)],
        "errors": [],
    }
    # those that are there + one INSERT … ON CONFLICT + record + read back
    assert len(seen) == 4, seen
    assert "ON CONFLICT (slug) DO UPDATE" in seen[1]


async def test_every_bad_row_has_its_error_when_all_are_rejected(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    await author.do("createPost", post_row(0, slug="taken"), "post { id }")
    other = await make_user(ask.engines)
    rows = [
        post_row(0),
        post_row(1, title=""),
        post_row(2, slug="taken"),
        post_row(3, content="a\0b"),
        post_row(4, slug="No Slug"),
        post_row(5, authorId=await user_id(ask, other)),
        post_row(6, title="!!!"),
    ]
    assert await author.refused("createPosts", {"posts": rows}, "posts { id }") == [
        ("InvalidInput", ("input", "posts", "1", "title")),
        ("AlreadyExists", ("input", "posts", "2", "slug")),
        ("InvalidInput", ("input", "posts", "3", "content")),
        ("InvalidInput", ("input", "posts", "4", "slug")),
        ("Forbidden", ("input", "posts", "5", "authorId")),
        ("InvalidInput", ("input", "posts", "6", "slug")),
    ]


async def user_id(ask: Asking, viewer: Viewer) -> str:
    return str((await ask.by(viewer)("{ viewer { id } }"))["viewer"]["id"])


async def test_nothing_is_done_when_all_rows_failed(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    rows = {"posts": [post_row(0, title="")], "onError": "REJECT_FAILED"}
    assert await author.refused("createPosts", rows, "posts { id }") == [
        ("InvalidInput", ("input", "posts", "0", "title"))
    ]
    assert (await ask.by(ADMIN)("{ auditEntries { totalCount } }"))["auditEntries"]["totalCount"] == 0


async def test_documents_belong_to_whoever_imports_them_or_to_whom_an_admin_says(ask: Asking) -> None:
    owner = await make_user(ask.engines, name="Owner")
    admin = ask.by(await make_user(ask.engines, "admin", name="Admin"))
    row = {"kind": "note", "title": "T", "body": {"deep": [{"a": None}, 1.5, "ü"]}}
    id_ = await user_id(ask, owner)
    selection = "documents { body owner { name } }"
    payload = await admin.do("importDocuments", {"documents": [row, row | {"ownerId": id_}]}, selection)
    assert payload["errors"] == []
    assert payload["documents"] == [
        {"body": row["body"], "owner": {"name": "Admin"}},
        {"body": row["body"], "owner": {"name": "Owner"}},
    ]
    documents = [row, row | {"ownerId": encode_id(entity_of(User), (999,))}]
    assert await admin.refused("importDocuments", {"documents": documents}, "documents { id }") == [
        ("NotFound", ("input", "documents", "1", "ownerId"))
    ]


async def test_upserted_posts_have_their_links_and_public_ones_their_rule(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author", name="Ada"))
    made = await author.do("createPost", post_row(0, slug="public"), "post { id }")
    await author.do("publishPost", {"id": made["post"]["id"]}, "post { id }")
    mutation = posts.upsert_many("slug")
    rows = [post_row(1, slug="new"), post_row(2, slug="public", content=" ")]
    asked = mutation.input.model_validate({"posts": rows, "onError": OnError.REJECT_FAILED})
    result: Any = await in_change(author, lambda change: mutation.work(asked, change))
    assert [error.path for error in result["errors"]] == [["input", "posts", "1", "content"]]
    (new,) = (await author('{ posts(where: {slug: {eq: "new"}}) { nodes { contributors { nodes { name } } } } }'))[
        "posts"
    ]["nodes"]
    assert new["contributors"]["nodes"] == [{"name": "Ada"}]


async def test_only_editors_upsert_tags(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    assert await author.refused("upsertTags", {"tags": [tag_row("a")]}, "tags { id }") == [("Forbidden", ())]
    assert await ask.refused("upsertTags", {"tags": [tag_row("a")]}, "tags { id }") == [("NotSignedIn", ())]
