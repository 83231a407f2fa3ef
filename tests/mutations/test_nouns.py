"""Create, update and delete, made from the declaration of a noun."""

import asyncio
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from db import models
from graph.types.post import Post
from graph.types.tag import Tag
from graph.types.user import User
from graph.viewer import Viewer
from tests.databases import StatementRecorder
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.mutations.rows import id_of, make_post, rows

POST = "post { id slug title summary content status version author { name } tags { nodes { slug } } }"


async def test_what_is_created_is_read_back_through_the_plan(ask: Asking) -> None:
    author = await make_user(ask.engines, "author", name="Ada")
    given = {
        "title": "Climbing roses",
        "content": "Tie them.",
        "tags": {"add": [{"create": {"name": "A", "slug": "a"}}]},
    }
    payload = await ask.by(author).do("createPost", given, POST)
    assert payload["errors"] == []
    post = payload["post"]
    del post["id"]
    assert post == {
        "slug": "climbing-roses",
        "title": "Climbing roses",
        "summary": None,
        "content": "Tie them.",
        "status": "DRAFT",
        "version": 1,
        "author": {"name": "Ada"},
        "tags": {"nodes": [{"slug": "a"}]},
    }


async def test_creating_a_post_costs_four_statements(ask: Asking, statements: StatementRecorder) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    with statements() as seen:
        payload = await author.do("createPost", {"title": "Roses", "content": "Tie them."}, "post { title version }")
    assert payload == {"post": {"title": "Roses", "version": 1}, "errors": []}
    # the post + its author among the contributors + the record, then read back
    assert len(seen) == 4, seen


async def test_changing_a_post_costs_four_statements(ask: Asking, statements: StatementRecorder) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)
    with statements() as seen:
        payload = await author.do("updatePost", {"id": post, "title": "Tulips"}, "post { title version }")
    assert payload == {"post": {"title": "Tulips", "version": 2}, "errors": []}
    # lock + change + the record, then read back
    assert len(seen) == 4, seen


async def test_unset_is_not_null(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines))
    made = await author.do("createPost", {"title": "T", "content": "C", "summary": "S"}, POST)
    id_ = made["post"]["id"]

    async def updated(**values: Any) -> Any:
        return (await author.do("updatePost", {"id": id_, **values}, POST))["post"]

    assert (await updated(title="U"))["summary"] == "S"
    assert (await updated(summary=None))["summary"] is None
    assert (await updated())["version"] == 3
    for field in ("title", "content", "slug", "tags"):
        assert await author.refused("updatePost", {"id": id_, field: None}, POST) == [
            ("InvalidInput", ("input", field))
        ]
    tags = {"id": id_, "tags": {"set": None}}
    assert await author.refused("updatePost", tags, POST) == [("InvalidInput", ("input", "tags", "set"))]
    guarded = {"id": id_, "title": "V", "ifVersion": None}
    assert await author.refused("updatePost", guarded, POST) == [("InvalidInput", ("input", "ifVersion"))]
    assert (await updated())["version"] == 3


async def test_a_missing_row_and_one_that_the_viewer_may_not_see_are_the_same(ask: Asking) -> None:
    author, other = ask.by(await make_user(ask.engines, "author")), ask.by(await make_user(ask.engines, "author"))
    hidden, missing = await make_post(author), id_of(Post, 999)
    for name, member in (("updatePost", "post { id }"), ("deletePost", "deletedId"), ("archivePost", "post { id }")):
        answers = [await other.do(name, {"id": id_}, member) for id_ in (hidden, missing)]
        assert answers[0] == answers[1]
        assert await other.refused(name, {"id": hidden}, member) == [("NotFound", ("input", "id"))]
        assert await other.refused(name, {"id": id_of(Tag, 1)}, member) == [("InvalidInput", ("input", "id"))]


async def test_a_row_that_belongs_to_somebody_else_is_forbidden(ask: Asking) -> None:
    author, other = ask.by(await make_user(ask.engines, "author")), ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)
    await author.do("publishPost", {"id": post}, "post { id }")
    assert await other.refused("updatePost", {"id": post, "title": "T"}, POST) == [("Forbidden", ("input", "id"))]
    assert await other.refused("deletePost", {"id": post}, "deletedId") == [("Forbidden", ("input", "id"))]
    editor = ask.by(await make_user(ask.engines, "editor"))
    assert (await editor.do("updatePost", {"id": post, "title": "T"}, POST))["post"]["title"] == "T"


async def test_a_post_is_published_changed_and_archived(ask: Asking) -> None:
    author, member = ask.by(await make_user(ask.engines, "author")), ask.by(await make_user(ask.engines))
    selection = "post { status version publishedAt }"
    empty = await make_post(author, slug="empty", content=" \n")
    assert await author.refused("publishPost", {"id": empty}, selection) == [("InvalidInput", ("input", "id"))]
    assert await author.refused("archivePost", {"id": empty}, selection) == [("InvalidState", ("input", "id"))]
    own = await make_post(member, slug="own")
    assert await member.refused("publishPost", {"id": own}, selection) == [("Forbidden", ())]
    post = await make_post(author)
    published = (await author.do("publishPost", {"id": post, "ifVersion": 1}, selection))["post"]
    assert (published["status"], published["version"]) == ("PUBLISHED", 2)
    blank = {"id": post, "content": " "}
    assert await author.refused("updatePost", blank, selection) == [("InvalidInput", ("input", "content"))]
    archived = (await author.do("archivePost", {"id": post}, selection))["post"]
    assert archived == {"status": "ARCHIVED", "version": 3, "publishedAt": published["publishedAt"]}
    again = (await author.do("publishPost", {"id": post}, selection))["post"]
    assert again == {"status": "PUBLISHED", "version": 4, "publishedAt": published["publishedAt"]}


async def test_what_is_public_is_changed_by_those_who_might_publish_it(ask: Asking) -> None:
    author = await make_user(ask.engines, "author")
    post = await make_post(ask.by(author), tags={"add": [{"create": {"name": "Roses", "slug": "roses"}}]})
    await ask.by(author).do("publishPost", {"id": post}, POST)
    published = (await ask.by(author).do("updatePost", {"id": post, "title": "By right"}, POST))["post"]
    member = ask.by(replace(author, roles=frozenset()))  # as after `revokeRole`
    changes: list[dict[str, Any]] = [
        {"content": "Buy."},
        {"title": "T"},
        {"slug": "t"},
        {"tags": {"set": []}},
        {"contributors": {"set": []}},
    ]
    for change in changes:
        assert await member.refused("updatePost", {"id": post, **change}, POST) == [("Forbidden", ("input", "id"))]
    read = (
        f"query($id: ID!) {{ {POST.replace('post', 'post: node(id: $id)', 1).replace('{', '{ ... on Post {', 1)} }} }}"
    )
    assert await member(read, id=post) == {"post": published}
    assert (await member.do("archivePost", {"id": post}, POST))["errors"] == []
    assert (await member.do("updatePost", {"id": post, "title": "Mine"}, POST))["post"]["title"] == "Mine"
    assert await member.refused("publishPost", {"id": post}, POST) == [("Forbidden", ())]


async def test_nobody_changes_anything(ask: Asking) -> None:
    given = {"title": "T", "content": "C"}
    assert await ask.refused("createPost", given, POST) == [("NotSignedIn", ())]
    reader = ask.by(Viewer(1, frozenset({"admin"}), read_only=True))
    assert await reader.refused("createPost", given, POST) == [("Forbidden", ())]


async def test_only_admins_write_in_the_name_of_others(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author", name="Ada")
    bob = ask.by(await make_user(ask.engines, "editor"))
    given = {"title": "T", "content": "C", "authorId": id_of(User, ada.id)}
    assert await bob.refused("createPost", given, POST) == [("Forbidden", ("input", "authorId"))]
    assert (await ask.by(ADMIN).do("createPost", given, POST))["post"]["author"] == {"name": "Ada"}
    missing = given | {"slug": "other", "authorId": id_of(User, 999)}
    assert await ask.by(ADMIN).refused("createPost", missing, POST) == [("NotFound", ("input", "authorId"))]
    del given["authorId"]
    assert await ask.by(ADMIN).refused("createPost", given, POST) == [("InvalidInput", ("input", "authorId"))]


async def test_a_slug_is_made_of_the_title_and_must_be_one(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))

    async def slug(title: str) -> Any:
        payload = await author.do("createPost", {"title": title, "content": "C"}, "post { slug }")
        assert payload["errors"] == []
        return payload["post"]["slug"]

    assert await slug("C# & Rösti!") == "c-sharp-rösti"
    assert len(await slug("ﷺ" * 200)) <= 200  # each letter is spelled with eighteen
    empty = {"title": "!!!", "content": "C"}
    assert await author.refused("createPost", empty, POST) == [("InvalidInput", ("input", "slug"))]
    twice = {"title": "c sharp rösti", "content": "C"}
    assert await author.refused("createPost", twice, POST) == [("AlreadyExists", ("input", "slug"))]
    (error,) = (await author.do("createPost", twice | {"slug": "Not A Slug"}, POST))["errors"]
    assert error["message"] == "A slug has small letters, digits and hyphens; write `not-a-slug`."


async def test_deleting_takes_along_what_belongs_to_a_row_and_answers_its_id(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author, tags={"add": [{"create": {"name": "A", "slug": "a"}}]})
    assert await author.do("deletePost", {"id": post}, "deletedId") == {"deletedId": post, "errors": []}
    for table in (models.Post.__table__, models.post_tags, models.post_contributors):
        assert await rows(ask, select(table)) == []
    assert await rows(ask, select(models.Tag.slug)) == [("a",)]


async def test_of_many_who_take_one_slug_at_once_one_gets_it(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    given = {"title": "T", "content": "C"}
    payloads = await asyncio.gather(*(author.do("createPost", given, "post { slug }") for _ in range(5)))
    assert [payload["post"] for payload in payloads if payload["post"]] == [{"slug": "t"}]
    errors = [error for payload in payloads for error in payload["errors"]]
    assert {(error["__typename"], error["message"], *error["path"]) for error in errors} == {
        ("AlreadyExists", "Among the posts, this slug is taken; choose another.", "input", "slug")
    }


async def test_several_changes_of_one_operation_are_done_one_after_the_other(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    document = """mutation($a: CreatePostInput!, $b: CreatePostInput!) {
        first: createPost(input: $a) { post { slug } errors { ... on UserError { code } } }
        second: createPost(input: $a) { post { slug } errors { ... on UserError { code } } }
        third: createPost(input: $b) { post { slug } errors { ... on UserError { code } } }
    }"""
    given = {"title": "Roses", "content": "C"}
    assert await author(document, a=given, b=given | {"title": "Tulips"}) == {
        "first": {"post": {"slug": "roses"}, "errors": []},
        "second": {"post": None, "errors": [{"code": "ALREADY_EXISTS"}]},
        "third": {"post": {"slug": "tulips"}, "errors": []},
    }
