"""Tags and contributors, written together with their post."""

import asyncio
from typing import Any

from sqlalchemy import select

from db import models
from db.own import AuditEntry
from graph.types.tag import Tag
from graph.types.user import User
from tests.mutations.asking import ADMIN, Asking, make_user
from tests.mutations.rows import id_of, make_post, rows

NAMES = "post { version contributors { nodes { name } } }"
SLUGS = "post { version tags { nodes { slug } } }"


def new(slug: str) -> dict[str, Any]:
    return {"create": {"name": slug.upper(), "slug": slug}}


def names_in(payload: Any) -> list[str]:
    assert payload["errors"] == [], payload
    return [user["name"] for user in payload["post"]["contributors"]["nodes"]]


def slugs_in(payload: Any) -> set[str]:
    assert payload["errors"] == [], payload
    return {tag["slug"] for tag in payload["post"]["tags"]["nodes"]}


async def test_contributors_keep_their_order_and_the_author_stands_first(ask: Asking) -> None:
    viewers = [await make_user(ask.engines, "author", name=name) for name in ("Ada", "Bob", "Cy", "Di")]
    ada, bob, cy, di = ({"id": id_of(User, viewer.id)} for viewer in viewers)
    author = ask.by(viewers[0])
    post = await make_post(author, contributors={"add": [di, bob, di]})

    async def changed(**contributors: Any) -> list[str]:
        return names_in(await author.do("updatePost", {"id": post, "contributors": contributors}, NAMES))

    assert await changed(add=[cy]) == ["Ada", "Di", "Bob", "Cy"]
    assert await changed(set=[cy, ada, bob]) == ["Ada", "Cy", "Bob"]
    assert await changed(remove=[ada, cy]) == ["Ada", "Bob"]
    assert await changed(set=[bob], remove=[bob], add=[cy, bob]) == ["Ada", "Cy", "Bob"]
    positions = select(models.post_contributors.c.position).order_by(models.post_contributors.c.position)
    assert await rows(ask, positions) == [(0,), (1,), (2,)]


async def test_links_that_change_nothing_leave_the_version(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author, tags={"add": [new("a"), new("b")]})
    both = [{"slug": "b"}, {"slug": "a"}, {"slug": "b"}]
    nothing: list[dict[str, Any]] = [{"set": both}, {"add": both}, {"remove": []}, {}]
    for tags in nothing:
        payload = await author.do("updatePost", {"id": post, "tags": tags}, SLUGS)
        assert (slugs_in(payload), payload["post"]["version"]) == ({"a", "b"}, 1)
    payload = await author.do("updatePost", {"id": post, "tags": {"remove": [{"slug": "a"}]}}, SLUGS)
    assert (slugs_in(payload), payload["post"]["version"]) == ({"b"}, 2)


async def test_a_new_tag_that_is_there_is_taken_and_one_that_is_not_is_made_by_authors(ask: Asking) -> None:
    author, member = ask.by(await make_user(ask.engines, "author")), ask.by(await make_user(ask.engines))
    await make_post(author, tags={"add": [new("a")]})
    known = {"title": "T", "content": "C", "slug": "t", "tags": {"add": [new("a"), {"slug": "a"}]}}
    assert slugs_in(await member.do("createPost", known, SLUGS)) == {"a"}
    unknown = {"title": "T", "content": "C", "slug": "u", "tags": {"add": [{"slug": "a"}, new("b")]}}
    assert await member.refused("createPost", unknown, SLUGS) == [
        ("Forbidden", ("input", "tags", "add", "1", "create"))
    ]
    assert await rows(ask, select(models.Tag.slug)) == [("a",)]
    assert await rows(ask, select(models.Post.slug).order_by(models.Post.id)) == [("roses",), ("t",)]


async def test_the_same_new_tag_by_many_at_once_is_made_once(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    await asyncio.gather(*(make_post(author, slug=f"p{at}", tags={"add": [new("new")]}) for at in range(6)))
    assert await rows(ask, select(models.Tag.slug)) == [("new",)]
    assert len(await rows(ask, select(models.post_tags.c.tag_id))) == 6


async def test_slugs_are_told_apart_by_case_and_addresses_are_not(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author", name="Ada")
    await make_user(ask.engines, name="Bob", email="bob@example.com")
    post = await make_post(ask.by(ada), tags={"add": [new("a")]})
    wrong = {"id": post, "tags": {"add": [{"slug": "A"}]}}
    assert await ask.by(ada).refused("updatePost", wrong, SLUGS) == [("NotFound", ("input", "tags", "add", "0"))]
    by_email = {"id": post, "contributors": {"add": [{"email": "BOB@Example.com"}]}}
    assert names_in(await ask.by(ADMIN).do("updatePost", by_email, NAMES)) == ["Ada", "Bob"]


async def test_addresses_that_the_viewer_may_not_see_find_nobody(ask: Asking) -> None:
    ada = ask.by(await make_user(ask.engines, "author"))
    await make_user(ask.engines, email="bob@example.com")
    post = await make_post(ada)
    for email in ("bob@example.com", "nobody@example.com"):
        given = {"id": post, "contributors": {"add": [{"email": email}]}}
        assert await ada.refused("updatePost", given, NAMES) == [("NotFound", ("input", "contributors", "add", "0"))]


async def test_what_is_not_there_or_no_reference_is_told_at_its_place(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    post = await make_post(author)
    lists = {
        "set": [new("a"), {"id": id_of(Tag, 99)}],
        "add": [{"slug": "none"}],
        "remove": [{"slug": "a"}, {"slug": "none"}],
    }
    first = {"id": post, "tags": lists}
    assert await author.refused("updatePost", first, SLUGS) == [("NotFound", ("input", "tags", "set", "1"))]
    remove = {"id": post, "tags": {"remove": lists["remove"]}}
    assert await author.refused("updatePost", remove, SLUGS) == [
        ("NotFound", ("input", "tags", "remove", "0")),
        ("NotFound", ("input", "tags", "remove", "1")),
    ]
    long = {"id": post, "tags": {"add": [{"create": {"name": "n" * 101, "slug": "Ä Ö"}}]}}
    assert await author.refused("updatePost", long, SLUGS) == [
        ("InvalidInput", ("input", "tags", "add", "0", "create", "name")),
        ("InvalidInput", ("input", "tags", "add", "0", "create", "slug")),
    ]
    assert await rows(ask, select(models.Tag.slug)) == []


async def test_a_users_posts_are_changed_along_with_the_user_by_the_rules_of_posts(ask: Asking) -> None:
    ada = await make_user(ask.engines, "author", name="Ada")
    writer = ask.by(ada)
    me = id_of(User, ada.id)
    posts = "user { name posts(orderBy: [{slug: ASC}]) { nodes { id slug version contributors { nodes { name } } } } }"
    tags = {"add": [{"create": {"name": "A", "slug": "a"}}]}
    new = [{"title": "Roses", "content": "Tie them.", "tags": tags}, {"title": "Tulips", "content": ""}]
    made = (await writer.do("updateUser", {"id": me, "name": "Eve", "posts": {"create": new}}, posts))["user"]
    assert made["name"] == "Eve"
    roses, tulips = made["posts"]["nodes"]
    assert [(it["slug"], it["contributors"]["nodes"]) for it in (roses, tulips)] == [
        ("roses", [{"name": "Eve"}]),
        ("tulips", [{"name": "Eve"}]),
    ]
    await writer.do("publishPost", {"id": roses["id"]}, "post { id }")
    emptied = {"id": me, "posts": {"update": [{"id": tulips["id"], "title": "T"}, {"id": roses["id"], "content": " "}]}}
    assert await writer.refused("updateUser", emptied) == [
        ("InvalidInput", ("input", "posts", "update", "1", "content"))
    ]
    stranger = ask.by(await make_user(ask.engines, "author"))
    assert await stranger.refused("updateUser", emptied) == [("Forbidden", ("input", "id"))]
    entries = await rows(ask, select(AuditEntry.action, AuditEntry.object_ids).order_by(AuditEntry.created_at))
    assert entries[0][0] == "updateUser"
    assert {me, roses["id"], tulips["id"]} < set(entries[0][1])  # and the tag

    admin = ask.by(await make_user(ask.engines, "admin"))
    given = {"email": "new@example.org", "name": "New", "posts": {"create": [{"title": "Lilies", "content": ""}]}}
    (lilies,) = (await admin.do("createUser", given, posts))["user"]["posts"]["nodes"]
    assert lilies["contributors"]["nodes"] == [{"name": "New"}]
