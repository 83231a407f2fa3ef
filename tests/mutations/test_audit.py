"""The record of changes: one entry for each that was kept, none for others, for admins to read."""

from typing import Any

import pytest
from sqlalchemy import select
from starlette.requests import Request

from db import models
from graph.context import ContextFactory
from graph.entity.ids import id_of_type
from graph.policies import visibility
from graph.prepare.documents import OperationRequest
from graph.testing.clients import EVERY_KIND
from graph.types.post import Post
from graph.types.tag import Tag
from graph.types.user import User
from graph.viewer import Viewer
from tests.mutations.asking import ADMIN, SCHEMA, Asking, make_user
from tests.mutations.rows import id_of, make_document, make_post, rows

ENTRIES = "{ auditEntries(first: 100) { nodes { action actor objectIds input requestId user { name } } } }"


async def entries(ask: Asking) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask.by(ADMIN)(ENTRIES))["auditEntries"]["nodes"]
    return sorted(found, key=lambda entry: str(entry["objectIds"]))


async def test_an_entry_says_who_did_what_to_which_objects_in_which_request(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author", name="Ada")
    request = Request({"type": "http", "headers": [(b"x-request-id", b"client-7")]})
    context = ContextFactory(ask.engines, request=request, viewer=ada, visible=visibility(ada))
    document = """mutation($input: CreatePostInput!) {
      createPost(input: $input) { post { id } errors { ... on UserError { code } } }
    }"""
    given = {"title": "T", "content": "C", "tags": {"add": [{"create": {"name": "A", "slug": "a"}}]}}
    result = await SCHEMA.operations.answer(OperationRequest(document, {"input": given}), context, EVERY_KIND)
    assert result.data is not None
    assert result.data["createPost"]["errors"] == []
    (entry,) = await entries(ask)
    ids = entry.pop("objectIds")
    assert entry == {
        "action": "createPost",
        "actor": id_of(User, ada.id),
        "input": given,
        "requestId": "client-7",
        "user": {"name": "Ada"},
    }
    assert set(ids) == {id_of(Tag, 1), result.data["createPost"]["post"]["id"]}


async def test_every_kind_of_change_leaves_one_entry(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author")
    author, admin = ask.by(ada), ask.by(ADMIN)
    post, user = await make_post(author), id_of(User, ada.id)
    tag = (await admin.do("createTag", {"name": "A", "slug": "a"}, "tag { id }"))["tag"]["id"]
    document = await make_document(author)
    done = [("createPost", [post]), ("createTag", [tag]), ("createDocument", [document])]

    async def do(ask_: Asking, name: str, given: dict[str, Any], selection: str, *ids: str) -> None:
        assert (await ask_.do(name, given, selection))["errors"] == []
        done.append((name, list(ids)))

    await do(author, "updatePost", {"id": post, "title": "U"}, "post { id }", post)
    await do(author, "updatePost", {"id": post}, "post { id }", post)
    await do(author, "publishPost", {"id": post}, "post { id }", post)
    await do(admin, "upsertTags", {"tags": [{"name": "A", "slug": "a"}]}, "tags { id }", tag)
    rows_ = [{"title": "1", "content": "C"}, {"title": "2", "content": "C"}]
    await do(author, "createPosts", {"posts": rows_}, "posts { id }", id_of(Post, 2), id_of(Post, 3))
    await do(admin, "grantRole", {"userId": user, "role": "EDITOR"}, "user { id }", user)
    await do(admin, "revokeRole", {"userId": user, "role": "EDITOR"}, "user { id }", user)
    await do(author, "updateUser", {"id": user, "name": "N"}, "user { id }", user)
    await do(author, "deleteDocument", {"id": document}, "deletedId", document)
    found = await rows(
        ask, select(models.AuditEntry.action, models.AuditEntry.object_ids).order_by(models.AuditEntry.id)
    )
    assert found == done


async def test_a_refused_change_leaves_none(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("createPost", {"title": "", "content": "C"}, "post { id }"),
        ("createPost", {"title": "Roses", "content": "C"}, "post { id }"),
        ("updatePost", {"id": post, "title": "T", "ifVersion": 9}, "post { id }"),
        ("updatePost", {"id": post, "title": "T", "tags": {"add": [{"slug": "none"}]}}, "post { id }"),
        ("createTag", {"name": "A", "slug": "a"}, "tag { id }"),
        ("deletePost", {"id": id_of(Post, 99)}, "deletedId"),
        ("createPosts", {"posts": [{"title": "Roses", "content": "C"}]}, "posts { id }"),
    ]
    for name, given, selection in refused:
        await author.refused(name, given, selection)
    assert [entry["action"] for entry in await entries(ask)] == ["createPost"]


@pytest.mark.parametrize("role", [None, "member", "author", "editor"])
async def test_only_admins_read_the_record(ask: Asking, role: str | None) -> None:
    author = await make_user(ask.engines, "author")
    await make_post(ask.by(author))
    (entry,) = (await ask.by(ADMIN)("{ auditEntries { totalCount nodes { id } } }"))["auditEntries"]["nodes"]
    reader = ask.by(Viewer() if role is None else Viewer(author.id, frozenset({role})))
    hidden = await reader(
        "query($id: ID!) { auditEntries { totalCount nodes { id } } node(id: $id) { id } }", id=entry["id"]
    )
    assert hidden == {"auditEntries": {"totalCount": 0, "nodes": []}, "node": None}


async def test_a_machine_is_named_by_its_key(ask: Asking) -> None:
    await ask.by(ADMIN).do("createTag", {"name": "A", "slug": "a"}, "tag { id }")
    (entry,) = await entries(ask)
    assert (entry["actor"], entry["user"]) == (id_of_type("ApiKey", (1,)), None)
    found = await ask.by(ADMIN)("{ auditEntries(where: {user: {id: {isNull: true}}}) { totalCount } }")
    assert found == {"auditEntries": {"totalCount": 1}}


async def test_nobody_who_did_something_has_no_id(ask: Asking) -> None:
    assert (await ask.by(Viewer()).do("signOut", {}, "done"))["done"] is False
    (entry,) = await entries(ask)
    assert (entry["action"], entry["actor"], entry["objectIds"]) == ("signOut", None, [])


async def test_entries_are_found_by_the_object_that_was_changed(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines, "author"))
    posts = [await make_post(ada, slug=slug) for slug in ("one", "two")]
    await ada.do("updatePost", {"id": posts[1], "title": "Later"}, "post { id }")
    text = "query($id: ID) { auditEntries(where: {objectIds: {contains: $id}}) { nodes { action objectIds } } }"
    found = (await ask.by(ADMIN)(text, id=posts[1]))["auditEntries"]["nodes"]
    assert sorted(entry["action"] for entry in found) == ["createPost", "updatePost"]
    assert all(entry["objectIds"] == [posts[1]] for entry in found)
    counted = "query($id: ID) { auditEntries(where: {objectIds: {contains: $id}}) { totalCount } }"
    assert (await ask.by(ADMIN)(counted, id=id_of(Post, 99)))["auditEntries"] == {"totalCount": 0}


async def test_entries_of_a_user_who_is_deleted_stay_and_lead_to_nobody(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author", name="Ada")
    await ask.by(ada).do("updateUser", {"id": id_of(User, ada.id), "name": "Lady Ada"}, "user { id }")
    assert [entry["user"] for entry in await entries(ask)] == [{"name": "Lady Ada"}]
    await make_post(ask.by(ada))
    held = await ask.by(ADMIN).do("deleteUser", {"id": id_of(User, ada.id)}, "deletedId")
    assert [error["__typename"] for error in held["errors"]] == ["StillReferenced"]
    assert [entry["user"] for entry in await entries(ask)] == [{"name": "Lady Ada"}] * 2  # nothing was done

    grace = await make_user(ask.engines, name="Grace")
    await ask.by(grace).do("updateUser", {"id": id_of(User, grace.id), "name": "G"}, "user { id }")
    await ask.by(ADMIN).do("deleteUser", {"id": id_of(User, grace.id)}, "deletedId")
    (entry,) = [it for it in await entries(ask) if it["input"] == {"id": id_of(User, grace.id), "name": "G"}]
    assert (entry["actor"], entry["user"]) == (id_of(User, grace.id), None)
    kept = select(models.AuditEntry.user_id).where(models.AuditEntry.action == "updateUser")
    assert sorted(await rows(ask, kept), key=str) == [(str(ada.id),), (None,)]
