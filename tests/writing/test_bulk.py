"""Many rows in one statement, and what becomes of the good ones when others are bad."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import func, select

from db import models
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.auth.policies import visibility
from graph.context import RequestContext
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.errors import DeclarationError
from graph.mutations.post import posts
from graph.mutations.tag import tags
from graph.types.tag import Tag
from graph.types.user import User
from graph.viewer import Viewer
from graph.writing import Change, Crud, Rejected, with_role
from graph.writing.bulk import ATTEMPTS, Bulk
from tests.databases import StatementRecorder
from tests.writing.asking import ADMIN, Asking, make_user

POLICIES = ("REJECT_ALL", "REJECT_FAILED", "IGNORE_FAILED")


def post_row(number: int, **values: Any) -> dict[str, Any]:
    return {"title": f"Title {number}", "content": f"Content {number}"} | values


def tag_row(slug: str, name: str | None = None) -> dict[str, Any]:
    return {"name": name or slug.capitalize(), "slug": slug}


async def slugs_in(engines: Engines, model: Any = models.Post) -> list[str]:
    async with RequestSession(engines) as session:
        return [row[0] for row in await session.rows(select(model.slug).order_by(model.id))]


def errors_of(payload: Any) -> list[tuple[str, tuple[str, ...]]]:
    return [(error["__typename"], tuple(error["path"])) for error in payload["errors"]]


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


@pytest.mark.parametrize("policy", POLICIES)
async def test_one_row_that_breaks_a_rule_under_each_policy(ask: Asking, policy: str) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    rows = [post_row(number) for number in range(5)]
    rows[3] = post_row(3, title="x" * 201, summary="s" * 2001)
    payload = await author.do("createPosts", {"posts": rows, "onError": policy}, "posts { slug }")
    broken = [
        ("InvalidInput", ("input", "posts", "3", "title")),
        ("InvalidInput", ("input", "posts", "3", "summary")),
    ]
    saved = [] if policy == "REJECT_ALL" else [f"title-{number}" for number in (0, 1, 2, 4)]
    assert [post["slug"] for post in payload["posts"]] == saved
    assert errors_of(payload) == ([] if policy == "IGNORE_FAILED" else broken)
    assert await slugs_in(ask.engines) == saved


@pytest.mark.parametrize("policy", POLICIES)
async def test_slugs_that_are_taken_in_the_table_or_in_the_input_under_each_policy(ask: Asking, policy: str) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    await author.do("createPost", post_row(0, slug="taken"), "post { id }")
    rows = [post_row(0, slug="a"), post_row(1, slug="taken"), post_row(2, slug="b"), post_row(3, slug="a")]
    payload = await author.do("createPosts", {"posts": rows, "onError": policy}, "posts { slug }")
    saved = [] if policy == "REJECT_ALL" else ["a", "b"]
    broken = [
        ("AlreadyExists", ("input", "posts", "1", "slug")),
        ("AlreadyExists", ("input", "posts", "3", "slug")),
    ]
    assert [post["slug"] for post in payload["posts"]] == saved
    assert errors_of(payload) == ([] if policy == "IGNORE_FAILED" else broken)
    assert await slugs_in(ask.engines) == ["taken", *saved]


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


async def test_an_input_of_bad_rows_alone_is_done_when_they_are_to_be_ignored(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    rows = {"posts": [post_row(0, title=""), post_row(1, slug="!")], "onError": "IGNORE_FAILED"}
    assert await author.do("createPosts", rows, "posts { id }") == {"posts": [], "errors": []}
    assert await slugs_in(ask.engines) == []


async def test_a_thousand_rows_are_taken_and_one_more_is_refused(ask: Asking) -> None:
    editor = ask.by(await make_user(ask.engines, "editor"))
    rows = [tag_row(f"t{number}") for number in range(1_001)]
    for policy in POLICIES:
        assert await editor.refused("upsertTags", {"tags": rows, "onError": policy}, "tags { id }") == [
            ("InvalidInput", ("input", "tags"))
        ]
    assert len((await editor.do("upsertTags", {"tags": rows[1:]}, "tags { id }"))["tags"]) == 1_000


async def test_no_rows_are_no_error(ask: Asking) -> None:
    editor = ask.by(await make_user(ask.engines, "editor"))
    assert await editor.do("upsertTags", {"tags": []}, "tags { id }") == {"tags": [], "errors": []}
    assert await editor.do("createPosts", {"posts": []}, "posts { id }") == {"posts": [], "errors": []}


async def test_columns_that_only_some_rows_give_have_their_defaults_in_the_others(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    rows = [post_row(0), post_row(1, summary="S"), post_row(2, summary=None)]
    payload = await author.do("createPosts", {"posts": rows}, "posts { summary }")
    assert payload["posts"] == [{"summary": None}, {"summary": "S"}, {"summary": None}]


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


async def test_only_editors_upsert_tags(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))
    assert await author.refused("upsertTags", {"tags": [tag_row("a")]}, "tags { id }") == [("Forbidden", ())]
    assert await ask.refused("upsertTags", {"tags": [tag_row("a")]}, "tags { id }") == [("NotSignedIn", ())]


async def test_upserted_rows_keep_their_ids_and_stand_in_the_order_of_the_input(ask: Asking) -> None:
    editor = ask.by(await make_user(ask.engines, "editor"))
    before = await editor.do("upsertTags", {"tags": [tag_row("a"), tag_row("b"), tag_row("c")]}, "tags { id slug }")
    rows = [tag_row("c", "New C"), tag_row("d"), tag_row("a", "New A")]
    after = (await editor.do("upsertTags", {"tags": rows}, "tags { id slug name }"))["tags"]
    ids = {tag["slug"]: tag["id"] for tag in before["tags"]}
    assert [(tag["slug"], tag["name"]) for tag in after] == [("c", "New C"), ("d", "D"), ("a", "New A")]
    assert (after[0]["id"], after[2]["id"]) == (ids["c"], ids["a"])
    assert await slugs_in(ask.engines, models.Tag) == ["a", "b", "c", "d"]


async def test_a_key_may_stand_once_in_an_upsert(ask: Asking) -> None:
    editor = ask.by(await make_user(ask.engines, "editor"))
    rows = {"tags": [tag_row("a", "First"), tag_row("a", "Second")], "onError": "REJECT_FAILED"}
    payload = await editor.do("upsertTags", rows, "tags { name }")
    assert payload["tags"] == [{"name": "First"}]
    assert errors_of(payload) == [("AlreadyExists", ("input", "tags", "1", "slug"))]
    assert "Row 0" in payload["errors"][0]["message"]


async def test_the_same_new_rows_by_many_at_once_are_saved_once(ask: Asking) -> None:
    author = ask.by(await make_user(ask.engines, "author"))

    async def create() -> Any:
        rows = [post_row(number) for number in range(20)]
        return await author.do("createPosts", {"posts": rows, "onError": "REJECT_FAILED"}, "posts { slug }")

    payloads = await asyncio.gather(*(create() for _ in range(4)))
    assert sorted(len(payload["posts"]) for payload in payloads) == [0, 0, 0, 20]
    assert {error["__typename"] for payload in payloads for error in payload["errors"]} == {"AlreadyExists"}
    assert len(await slugs_in(ask.engines)) == 20


async def test_the_same_tags_upserted_by_many_at_once_are_made_once_and_nobody_fails(ask: Asking) -> None:
    editor = ask.by(await make_user(ask.engines, "editor"))

    async def upsert(number: int) -> Any:
        rows = [tag_row(f"t{at}", f"By {number}") for at in range(20)]
        return await editor.do("upsertTags", {"tags": rows}, "tags { slug }")

    payloads = await asyncio.gather(*(upsert(number) for number in range(5)))
    assert all(payload["errors"] == [] and len(payload["tags"]) == 20 for payload in payloads), payloads
    assert len(await slugs_in(ask.engines, models.Tag)) == 20
    names = {tag["name"] for tag in (await editor("{ tags(first: 100) { nodes { name } } }"))["tags"]["nodes"]}
    assert len(names) == 1


async def test_a_row_that_nobody_looked_at_is_not_overwritten(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(_self: Bulk, _batch: Any, _change: Change) -> list[Any]:
        return []  # as if it had been made since then

    async def seed(change: Change) -> None:
        change.orm.add(models.Tag(name="Theirs", slug="a"))

    monkeypatch.setattr(Bulk, "_look", blind)
    await in_change(engines, seed)
    with pytest.raises(Rejected) as refused:
        await in_change(engines, lambda change: bulk(change, [tag_row("b"), tag_row("a", "Ours")]))
    assert [error.path for error in refused.value.errors] == [["input", "tags", "1", "slug"]]
    async with RequestSession(engines) as session:
        assert [tuple(row) for row in await session.rows(select(models.Tag.name))] == [("Theirs",)]


async def in_change(engines: Engines, work: Any) -> Any:
    viewer = Viewer(None, frozenset({"admin"}), key_id=1)
    context = RequestContext(engines, viewer=viewer, visible=visibility(viewer))

    async def run(transaction: RequestSession) -> Any:
        return await work(Change(transaction, context, ("input",)))

    async with RequestSession(engines, Mode.CURRENT) as session:
        return await session.write(run)


async def bulk(change: Change, rows: Iterable[dict[str, Any]]) -> Any:
    """Upsert tags inside a change, as the mutation does."""
    field = tags.upsert_many("slug")
    return await field._work(field.model.model_validate({"tags": list(rows)}), change)  # noqa: SLF001 - the work without its frame


async def test_a_bulk_statement_flushes_what_the_session_holds_and_never_overwrites_it(engines: Engines) -> None:
    async def seed(change: Change) -> None:
        change.orm.add_all([models.Tag(name="CompiledStatement", slug="kept"), models.Tag(name="Old", slug="both")])

    async def work(change: Change) -> tuple[str, str]:
        kept, both = await change.orm.scalars(select(models.Tag).order_by(models.Tag.id))
        kept.name = "Changed in the session"
        both.name = "Changed in the session"
        pending = models.Tag(name="Pending", slug="pending")
        change.orm.add(pending)
        await bulk(change, [tag_row("both", "Bulk"), tag_row("pending", "Bulk")])
        assert pending.id is not None
        both.slug = "renamed"  # a later change of one column does not bring back another
        await change.orm.flush()
        return both.name, pending.name

    await in_change(engines, seed)
    assert await in_change(engines, work) == ("Bulk", "Bulk")
    async with RequestSession(engines) as session:
        rows = await session.rows(select(models.Tag.slug, models.Tag.name).order_by(models.Tag.id))
    assert [tuple(row) for row in rows] == [
        ("kept", "Changed in the session"),
        ("renamed", "Bulk"),
        ("pending", "Bulk"),
    ]


async def test_a_race_is_looked_at_three_times(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0

    async def blind(self: Bulk, batch: Any, change: Change) -> list[Any]:
        nonlocal looked
        looked += 1
        return await look(self, batch, change) if looked == ATTEMPTS else []  # as if the other had committed by then

    async def seed(change: Change) -> None:
        change.orm.add(
            models.Post(title="T", slug="taken", content="", author=models.User(email="a@b.example", name="A"))
        )

    async def work(change: Change) -> Any:
        author = await change.orm.scalar(select(models.User.id))
        change.viewer = Viewer(author, frozenset({"author"}))
        field = posts.create_many()
        given = {"posts": [post_row(0, slug="taken"), post_row(1)], "onError": "REJECT_FAILED"}
        return await field._work(field.model.model_validate(given), change)  # noqa: SLF001 - as above

    await in_change(engines, seed)
    look = Bulk._look  # noqa: SLF001 - the one place where time passes between looking and writing
    monkeypatch.setattr(Bulk, "_look", blind)
    result = await in_change(engines, work)
    assert (len(result["posts"]), [error.path for error in result["errors"]]) == (1, [["input", "posts", "0", "slug"]])
    assert looked == ATTEMPTS
    async with RequestSession(engines) as session:
        assert [tuple(row) for row in await session.rows(select(func.count()).select_from(models.Post))] == [(2,)]


def test_a_natural_key_that_is_not_unique_is_refused_when_it_is_declared() -> None:
    with pytest.raises(DeclarationError, match="name is not unique"):
        Crud(Tag, ["name", "slug"], may=with_role()).upsert_many("name")


def test_links_that_every_row_has_and_upsert_do_not_go_together() -> None:
    with pytest.raises(DeclarationError, match="links"):
        posts.upsert_many("slug")
