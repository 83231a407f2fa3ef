"""A live query is answered at once, and again whenever its answer is another one; what runs, and for whom."""

from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from db import models
from db.base import Base
from db.session.engines import Engines
from tests.databases import Database, StatementRecorder
from tests.live_queries.conftest import Show, Shown, Watch, Write

pytestmark = pytest.mark.nouns

TAGS = "query @live { tags(first: 3, orderBy: [{name: ASC}]) { nodes { name } } }"
POSTS = "query @live { posts(first: 50, orderBy: [{title: ASC}]) { nodes { title } totalCount } }"
TITLE = "query($id: ID!) @live { node(id: $id) { ... on Post { title author { name } } } }"
ME = "query @live { viewer { name } }"
SOCKETS = 50
TABLE = Base.metadata.tables["posts"]


def first(name: str) -> Any:
    """Have a tag that comes before all others."""
    return insert(models.Tag).values(name=name, slug=f"slug-{name.lower()}")


async def id_of(shown: Shown, title: str) -> str:
    """The id of the post with a title."""
    found = await shown.answer(
        "query($title: String!) { posts(where: {title: {eq: $title}}) { nodes { id } } }", "an admin", title=title
    )
    return str(found["data"]["posts"]["nodes"][0]["id"])


async def some_posts(engines: Engines) -> list[Any]:
    """Published posts by their numbers."""
    async with engines.primary.connect() as connection:
        published = select(models.Post.id, models.Post.title, models.Post.author_id).where(
            models.Post.status == models.PostStatus.PUBLISHED
        )
        return list((await connection.execute(published.order_by(models.Post.id))).all())


async def test_an_answer_follows_each_change_of_whoever_makes_it(
    shown: Shown, watch: Watch, write: Write, statements: StatementRecorder
) -> None:
    watcher = await watch(shown)
    with statements() as seen:
        assert await watcher.begin("a", TAGS) == await shown.answer(TAGS)
    assert len(seen) == 2  # one for each
    for name in ("0000", "000", "00"):
        with statements() as seen:
            await write(first(name))
            await watcher.hear()
        assert watcher.newest["a"]["data"]["tags"]["nodes"][0] == {"name": name}
        assert len(seen) == 1
    await write(delete(models.Tag).where(models.Tag.name.in_(["0000", "000", "00"])))
    await watcher.becomes("a", await shown.answer(TAGS))
    await watcher.client.complete("a")
    await shown.until(lambda: not shown.queries.groups)
    assert shown.queries.members == 0


async def test_a_mutation_of_the_same_server_is_followed(shown: Shown, watch: Watch) -> None:
    watcher = await watch(shown, "an admin")
    await watcher.begin("a", TAGS)
    await watcher.client.subscribe("b", 'mutation { createTag(input: {name: "00", slug: "aa"}) { tag { name } } }')
    kinds = {(message["id"], message["type"]): message for message in [await watcher.client.next() for _ in range(3)]}
    assert kinds.keys() == {("a", "next"), ("b", "next"), ("b", "complete")}
    assert kinds["a", "next"]["payload"]["data"]["tags"]["nodes"][0] == {"name": "00"}


async def test_an_answer_that_stays_the_same_is_not_told(shown: Shown, watch: Watch, write: Write) -> None:
    watcher = await watch(shown)
    await watcher.begin("a", TAGS)
    runs = shown.runs
    async with shown.heard_of():
        await write(first("zzz"))  # the list shows the first three
    await shown.until(lambda: shown.runs == runs + 1)
    await write(first("00"))
    await watcher.hear()
    assert watcher.newest["a"]["data"]["tags"]["nodes"][0] == {"name": "00"}
    assert shown.runs == runs + 2
    assert shown.queries.counts.same == 1


async def test_columns_that_no_statement_names_run_nothing(
    shown: Shown, watch: Watch, write: Write, engines: Engines
) -> None:
    posts = await some_posts(engines)
    watcher = await watch(shown)
    await watcher.begin("a", POSTS)
    runs = shown.runs
    async with shown.heard_of():
        await write(update(TABLE).values(summary="new", content="newer"))
    assert shown.runs == runs
    await write(update(TABLE).where(TABLE.c.id == posts[0].id).values(title="!"))
    await watcher.hear()
    assert watcher.newest["a"]["data"]["posts"]["nodes"][0] == {"title": "!"}
    assert shown.runs == runs + 1
    # What a policy asks counts, though nobody selects it.
    await write(update(TABLE).where(TABLE.c.id == posts[0].id).values(status=models.PostStatus.DRAFT))
    await watcher.hear()
    assert watcher.newest["a"] == await shown.answer(POSTS)


async def test_a_look_up_by_key_is_run_for_its_rows_alone(
    shown: Shown, watch: Watch, write: Write, engines: Engines
) -> None:
    posts = await some_posts(engines)
    shown_post = posts[0]
    other = next(post for post in posts if post.author_id != shown_post.author_id)
    watcher = await watch(shown)
    before = await watcher.begin("a", TITLE, id=await id_of(shown, shown_post.title))
    assert before["data"]["node"]["title"] == shown_post.title
    runs = shown.runs
    elsewhere = (
        update(models.Post).where(models.Post.id == other.id).values(title="elsewhere", status=models.PostStatus.DRAFT),
        update(models.User).where(models.User.id == other.author_id).values(name="Somebody Else"),
        delete(models.Post).where(models.Post.id == posts[-1].id),
        first("a"),
    )
    for statement in elsewhere:
        async with shown.heard_of():
            await write(statement)
    assert shown.runs == runs
    await write(update(models.User).where(models.User.id == shown_post.author_id).values(name="The Author"))
    await watcher.hear()
    await write(update(models.Post).where(models.Post.id == shown_post.id).values(title="here"))
    await watcher.hear()
    assert watcher.newest["a"] == {"data": {"node": {"title": "here", "author": {"name": "The Author"}}}}
    assert shown.runs == runs + 2
    await write(delete(models.Post).where(models.Post.id == shown_post.id))
    await watcher.hear()
    assert watcher.newest["a"] == {"data": {"node": None}}


async def test_fifty_sockets_of_one_kind_share_one_run_for_each_change(
    shown: Shown, watch: Watch, write: Write, statements: StatementRecorder
) -> None:
    watchers = [await watch(shown, who) for who in ["a member", "another member"] * (SOCKETS // 2)]
    for watcher in watchers:
        await watcher.begin("a", TAGS)
    assert (shown.queries.groups, shown.queries.members) == (1, SOCKETS)
    for name in ("000", "00"):
        runs = shown.runs
        with statements() as seen:
            await write(first(name))
            for watcher in watchers:
                await watcher.hear()
                assert watcher.newest["a"]["data"]["tags"]["nodes"][0] == {"name": name}
        assert shown.runs == runs + 1
        assert len(seen) == 1
    for watcher in watchers:
        watcher.client.leave()
    await shown.until(lambda: not shown.queries.groups)


async def test_who_may_see_something_else_is_told_that(
    shown: Shown, watch: Watch, write: Write, engines: Engines
) -> None:
    people = ("nobody", "an author", "an author", "another author", "an editor", "an admin")
    watchers = [await watch(shown, who) for who in people]
    for who, watcher in zip(people, watchers, strict=True):
        assert await watcher.begin("a", POSTS) == await shown.answer(POSTS, who)
    # Nobody; two authors, by their own drafts; editors and admins see all posts, by policies of their own.
    assert shown.queries.groups == 5
    assert shown.queries.members == len(people)
    author = shown.people["an author"].id
    async with engines.primary.connect() as connection:
        drafts = select(func.min(models.Post.id)).where(models.Post.author_id == author)
        number = await connection.scalar(drafts)
    assert number is not None
    for status in models.PostStatus:
        await write(update(TABLE).where(TABLE.c.id == number).values(status=status, title=f"Now {status.value}"))
        for who, watcher in zip(people, watchers, strict=True):
            await watcher.becomes("a", await shown.answer(POSTS, who))


async def test_whoever_asks_who_they_are_shares_with_nobody_else(shown: Shown, watch: Watch) -> None:
    one, again, other = [await watch(shown, who) for who in ("a member", "a member", "another member")]
    answers = [await watcher.begin("a", ME) for watcher in (one, again, other)]
    assert answers[0] == answers[1] != answers[2]
    assert shown.queries.groups == 2


async def test_variables_and_documents_tell_groups_apart(shown: Shown, watch: Watch) -> None:
    watcher = await watch(shown)
    query = "query($n: Int!) @live { tags(first: $n) { nodes { name } } }"
    for id_, number in (("a", 1), ("b", 2), ("c", 1)):
        assert len((await watcher.begin(id_, query, n=number))["data"]["tags"]["nodes"]) == number
    assert shown.queries.groups == 2


async def test_who_joins_sees_what_was_written_before_though_nobody_has_told_it(
    show: Show, watch: Watch, write: Write
) -> None:
    shown = await show(changes_poll_s=60, changes=True)
    early, late = await watch(shown), await watch(shown)
    await early.begin("a", TAGS)
    await write(first("00"))
    answer = await late.begin("a", TAGS)
    assert answer["data"]["tags"]["nodes"][0] == {"name": "00"}
    await early.becomes("a", answer)  # who is there already is told it as well


async def test_with_other_roles_it_ends_and_is_asked_anew(show: Show, watch: Watch) -> None:
    shown = await show(socket_identity_s=0.05)
    watcher = await watch(shown, "an editor")
    await watcher.begin("a", POSTS)
    shown.people["an editor"] = shown.people["a member"]
    message = await watcher.client.next()
    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "IDENTITY_CHANGED")
    await shown.until(lambda: not shown.queries.groups)
    assert await watcher.begin("b", POSTS) == await shown.answer(POSTS, "a member")


async def test_what_is_counted_is_told_by_metrics(shown: Shown, watch: Watch, write: Write) -> None:
    watcher = await watch(shown)
    await watcher.begin("a", TAGS)
    await watcher.begin("b", TAGS)
    await write(first("00"))
    await watcher.hear()
    await watcher.hear()
    figures = await shown.figures()
    assert figures["trellis_live_queries"] == 2
    assert figures["trellis_live_query_groups"] == 1
    assert figures["trellis_live_query_answers_total"] == 4
    assert figures["trellis_live_query_runs_total"] == 3  # for each who joined, and for the change
    assert figures["trellis_live_query_failed_total"] == 0


async def test_a_table_that_is_not_recorded_is_named_in_the_log(
    shown: Shown, watch: Watch, engines: Engines, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with engines.writing().begin() as connection:
        if database.dialect == "postgresql":
            await connection.execute(text("ALTER TABLE tags DISABLE TRIGGER USER"))
        else:
            found = await connection.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'tags'")
            )
            for (name,) in found.all():
                await connection.execute(text(f'DROP TRIGGER "{name}"'))
    watcher = await watch(shown)
    await watcher.client.subscribe("a", TAGS)
    message = await watcher.client.next()
    assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "NOT_LIVE")
    assert "`trellis live install tags`" in caplog.text
    assert "tags" not in message["payload"][0]["message"]
    assert shown.queries.groups == 0
    assert "errors" not in await watcher.begin("b", "query @live { users(first: 1) { nodes { name } } }")
