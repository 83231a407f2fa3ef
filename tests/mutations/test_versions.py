"""Two editors: what one read and the other has changed meanwhile."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from db import models
from tests.mutations.asking import Asking, make_user
from tests.mutations.rows import make_document, make_post, rows

POST = "post { title version }"


async def test_a_stale_version_changes_nothing_and_says_what_it_is_now(ask: Asking) -> None:
    author, editor = ask.by(await make_user(ask.engines, "author")), ask.by(await make_user(ask.engines, "editor"))
    post = await make_post(author)
    first = await author.do("updatePost", {"id": post, "title": "First", "ifVersion": 1}, POST)
    assert first == {"post": {"title": "First", "version": 2}, "errors": []}
    stale = {"id": post, "title": "Second", "ifVersion": 1, "tags": {"add": [{"create": {"name": "A", "slug": "a"}}]}}
    payload = await editor.do("updatePost", stale, POST)
    assert payload == {
        "post": None,
        "errors": [
            {
                "__typename": "VersionConflict",
                "code": "VERSION_CONFLICT",
                "message": "The version is 2 now, not 1; read it again and decide anew.",
                "path": ["input", "ifVersion"],
                "currentVersion": 2,
            }
        ],
    }
    assert await rows(ask, select(models.Post.title, models.Post.version)) == [("First", 2)]
    assert await rows(ask, select(models.Tag.slug)) == []
    again = await editor.do("updatePost", stale | {"ifVersion": 2}, POST)
    assert again == {"post": {"title": "Second", "version": 3}, "errors": []}


@pytest.mark.parametrize("name", ["updatePost", "publishPost", "archivePost", "deletePost"])
async def test_every_change_heeds_the_version(ask: Asking, name: str) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)
    given, selection = {"id": post, "ifVersion": 7}, "deletedId" if name == "deletePost" else POST
    assert await author.refused(name, given, selection) == [("VersionConflict", ("input", "ifVersion"))]


async def test_of_many_editors_with_one_version_one_wins(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)

    async def edit(number: int) -> Any:
        return await author.do("updatePost", {"id": post, "title": f"Title {number}", "ifVersion": 1}, POST)

    payloads = await asyncio.gather(*(edit(number) for number in range(8)))
    won = [payload["post"] for payload in payloads if not payload["errors"]]
    assert len(won) == 1
    conflicts = [error for payload in payloads for error in payload["errors"]]
    assert {(error["__typename"], error["currentVersion"]) for error in conflicts} == {("VersionConflict", 2)}
    assert await rows(ask, select(models.Post.title, models.Post.version)) == [(won[0]["title"], 2)]


async def test_editors_who_name_no_version_come_one_after_the_other(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)

    async def edit(number: int) -> Any:
        tags = {"add": [{"create": {"name": f"T{number}", "slug": f"t{number}"}}]}
        return await author.do("updatePost", {"id": post, "title": f"Title {number}", "tags": tags}, POST)

    payloads = await asyncio.gather(*(edit(number) for number in range(8)))
    assert all(payload["errors"] == [] for payload in payloads), payloads
    assert await rows(ask, select(models.Post.version)) == [(9,)]  # 1 at first, and 8 changes
    assert len(await rows(ask, select(models.post_tags.c.tag_id))) == 8


async def test_one_who_changes_and_one_who_deletes_at_once(ask: Asking) -> None:
    owner = ask.by(await make_user(ask.engines))
    for _ in range(4):
        document = await make_document(owner)
        changed, deleted = await asyncio.gather(
            owner.do("updateDocument", {"id": document, "title": "T"}, "document { version }"),
            owner.do("deleteDocument", {"id": document}, "deletedId"),
        )
        assert deleted["deletedId"] == document
        assert [error["__typename"] for error in changed["errors"]] in ([], ["NotFound"])
