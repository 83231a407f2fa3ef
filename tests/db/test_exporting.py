"""Rows leave as NDJSON: every row once, with everything that belongs to it, in flat memory."""

import json
import tracemalloc
from typing import Any

import pytest
from sqlalchemy import insert, update

from db import demo
from db.base import Base
from db.dialects.own_names import bare
from db.exporting import ROWS_AT_ONCE, UnknownNoun, export, nouns
from db.models import AuditEntry, Document, Post, User
from db.session.engines import Engines
from tests.databases import StatementRecorder
from tests.db.importing.rows import all_rows


async def exported(engines: Engines, noun: str) -> list[dict[str, Any]]:
    return [json.loads(line) async for line in export(engines, noun)]


async def add_posts(engines: Engines, count: int, content: str = "") -> None:
    async with engines.writing().begin() as connection:
        await connection.execute(insert(User).values(id=1, email="ada@example.org", name="Ada"))
        posts = [{"slug": f"post-{n}", "title": f"Post {n}", "content": content, "author_id": 1} for n in range(count)]
        await connection.execute(insert(Post), posts)


@pytest.mark.parametrize("noun", nouns())
async def test_every_row_of_a_noun_is_one_line_in_order_of_its_key(engines: Engines, noun: str) -> None:
    await demo.fill(engines)
    found = await exported(engines, noun)
    rows = (await all_rows(engines))[noun]
    table = AuditEntry.__table__ if noun == "audit_entries" else Base.metadata.tables[noun]
    key = table.columns.keys().index("id")
    assert [row["id"] for row in found] == [row[key] if isinstance(row[key], int) else str(row[key]) for row in rows]


async def test_both_databases_export_the_same(engines: Engines) -> None:
    await demo.fill(engines)
    first = {noun: (await exported(engines, noun))[0] for noun in nouns() if noun != "audit_entries"}
    first["posts"]["content"] = first["posts"]["content"][:10]
    assert first["accounts"] == {
        "id": 1,
        "currency": "EUR",
        "balance_minor": first["accounts"]["balance_minor"],
        "owner_id": 1,
        "created_at": "2024-11-27T00:00:00Z",
        "updated_at": first["accounts"]["updated_at"],
    }
    assert isinstance(first["accounts"]["balance_minor"], int)
    assert first["roles"] == {"id": 1, "name": "admin"}
    assert first["tags"] == {"id": 1, "name": "Climbers", "slug": "climbers"}
    assert first["users"] == {
        "id": 1,
        "email": "ada.ashworth@example.org",
        "name": "Ada Ashworth",
        "is_active": True,
        "created_at": "2023-07-16T00:00:00Z",
        "updated_at": "2023-07-16T00:00:00Z",
    }
    assert first["order_lines"].keys() == {"id", "description", "quantity", "unit_price_minor", "order_id", "currency"}
    assert first["transfers"]["id"] in first["transfers"]["idempotency_key"]
    assert first["documents"]["body"]["nutrients"].keys() == {"N", "P", "K"}


async def test_posts_come_with_author_contributors_and_tags(engines: Engines) -> None:
    await demo.fill(engines)
    rows = await all_rows(engines)
    emails = {row[0]: row[1] for row in rows["users"]}
    slugs = {row[0]: row[2] for row in rows["tags"]}
    for post in await exported(engines, "posts"):
        contributors = sorted(
            (position, user) for id_, user, position in rows["post_contributors"] if id_ == post["id"]
        )
        assert post["author_email"] == emails[post["author_id"]]
        assert post["contributor_emails"] == [emails[user] for _, user in contributors]
        assert post["tag_slugs"] == sorted(slugs[tag] for id_, tag in rows["post_tags"] if id_ == post["id"])


async def test_statements_grow_with_chunks_and_not_with_posts(engines: Engines, statements: StatementRecorder) -> None:
    await add_posts(engines, 2 * ROWS_AT_ONCE)
    with statements() as seen:
        assert len(await exported(engines, "posts")) == 2 * ROWS_AT_ONCE
    # the posts; contributors and tags of each of two chunks
    assert len(seen) == 1 + 2 * 2
    with statements() as seen:
        await exported(engines, "users")
    assert len(seen) == 1


async def test_what_somebody_did_is_a_line(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        entry = {"action": "createPost", "actor": "key:7", "object_ids": ["Post:1"], "request_id": "r"}
        await connection.execute(insert(AuditEntry).values(entry))
    (found,) = await exported(engines, "audit_entries")
    assert entry.items() <= found.items()


@pytest.mark.parametrize("table", ["api_keys", "sign_ins"])
async def test_what_holds_secrets_is_no_noun(engines: Engines, table: str) -> None:
    assert table in {bare(mapper.local_table.name) for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    with pytest.raises(UnknownNoun):
        await exported(engines, table)


@pytest.mark.parametrize("noun", nouns())
async def test_an_empty_table_gives_no_line(engines: Engines, noun: str) -> None:
    assert await exported(engines, noun) == []


async def test_passwords_never_leave(engines: Engines) -> None:
    await demo.fill(engines)
    async with engines.writing().begin() as connection:
        await connection.execute(update(User).values(hashed_password="$argon2id$secret"))
    for noun in nouns():
        async for line in export(engines, noun):
            assert b"argon2" not in line
            assert b"password" not in line


async def test_a_line_is_one_line_whatever_the_text_holds(engines: Engines) -> None:
    await add_posts(engines, 1, content='a\nb\r\n\u2028"c" \\ \x1f é 🌱')
    (line,) = [line async for line in export(engines, "posts")]
    assert line.count(b"\n") == 1
    assert line.endswith(b"}\n")
    assert json.loads(line)["content"] == 'a\nb\r\n\u2028"c" \\ \x1f é 🌱'


async def test_documents_may_hold_any_integer(engines: Engines) -> None:
    await add_posts(engines, 1)
    body = {"large": 2**80, "name": "é"}
    async with engines.writing().begin() as connection:
        await connection.execute(insert(Document).values(kind="note", title="t", body=body, owner_id=1))
    (found,) = await exported(engines, "documents")
    assert found["body"] == body
    assert found["created_at"].endswith("Z")


async def test_an_unknown_noun_lists_the_known(engines: Engines) -> None:
    with pytest.raises(
        UnknownNoun, match="no noun 'books'; take one of accounts, audit_entries, documents, order_lines, orders, posts"
    ):
        await exported(engines, "books")


async def test_an_export_sees_one_moment(engines: Engines) -> None:
    await add_posts(engines, 2 * ROWS_AT_ONCE)
    lines = export(engines, "posts")
    first = json.loads(await anext(lines))
    async with engines.writing().begin() as connection:
        await connection.execute(update(Post).values(title="Changed"))
    titles = {first["title"]} | {json.loads(line)["title"] async for line in lines}
    assert len(titles) == 2 * ROWS_AT_ONCE
    assert "Changed" not in titles


async def test_an_export_that_is_left_gives_its_connection_back(engines: Engines) -> None:
    await add_posts(engines, ROWS_AT_ONCE)
    lines = export(engines, "posts")
    await anext(lines)
    assert engines.pools()["primary"].checked_out == 1
    await lines.aclose()
    assert engines.pools()["primary"].checked_out == 0


async def test_memory_is_flat(engines: Engines) -> None:
    await add_posts(engines, 4 * ROWS_AT_ONCE, content="word " * 2000)
    peaks = []
    for limit in (ROWS_AT_ONCE, 2 * ROWS_AT_ONCE, 4 * ROWS_AT_ONCE):
        lines = export(engines, "posts")
        tracemalloc.start()
        for _ in range(limit):
            await anext(lines)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        await lines.aclose()
    _warm_up, some, twice = peaks
    assert twice < 1.3 * some
