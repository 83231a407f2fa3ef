"""The search index follows the posts, whoever writes them, whatever they contain, and since before it was made."""

import itertools
import sqlite3

import asyncpg
import pytest
from sqlalchemy import Connection, delete, insert, make_url, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import migrate, search
from db.models import Post, User
from db.search_index import SEARCHED_CHARACTERS
from db.session.engines import Engines
from db.settings import DatabaseSettings
from tests.databases import Database, settings_for
from tests.migrations import sample

FOUND_BEFORE = {
    "sqlite": "SELECT rowid FROM posts_search WHERE posts_search MATCH 'card' ORDER BY rowid",
    "postgresql": "SELECT id FROM posts WHERE search_vector @@ plainto_tsquery('english', 'card') ORDER BY id",
}
"""What the first index says."""

ADD = """INSERT INTO posts (id, slug, title, content, status, author_id, version, created_at, updated_at) VALUES
    (2, 'raw', 'Prunin\u0301g', '東京', 'draft', 1, 1, '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00')"""


async def found(connection: AsyncConnection, words: str) -> list[int]:
    source = search.posts(words)
    return list(await connection.scalars(select(source.row.id).select_from(source.from_clause).order_by(source.row.id)))


async def add_post(connection: AsyncConnection, post_id: int, **values: str) -> None:
    row = {"slug": f"post-{post_id}", "title": "A title", "content": "Some content"} | values
    await connection.execute(insert(Post).values(id=post_id, author_id=1, version=1, **row))


async def add_author(connection: AsyncConnection) -> None:
    await connection.execute(insert(User).values(id=1, email="ada@example.org", name="Ada"))


async def test_a_post_that_changes_is_found_by_what_it_says_now(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await add_author(connection)
        await add_post(connection, 1, content="looms")
        await connection.execute(update(Post).where(Post.id == 1).values(content="cards"))
        assert (await found(connection, "looms"), await found(connection, "cards")) == ([], [1])
        await connection.execute(update(Post).where(Post.id == 1).values(id=11, summary="Threads"))
        assert (await found(connection, "cards"), await found(connection, "threads")) == ([11], [11])
        await connection.execute(delete(Post))
        assert await found(connection, "cards") == []


async def test_whoever_writes_a_post_by_sql_alone_is_followed(settings: DatabaseSettings, engines: Engines) -> None:
    await sample.ask(settings, sample.fill)
    await by_other_means(settings, ADD, "UPDATE posts SET content = '東京タワー' WHERE id = 2")
    async with engines.reading().connect() as connection:
        assert [await found(connection, words) for words in ("pruning", "京タワ", "cards")] == [[2], [2], [1]]


async def by_other_means(settings: DatabaseSettings, *statements: str) -> None:
    """Run statements with the database's driver, which knows nothing of ours."""
    if settings.primary.get_backend_name() == "sqlite":
        connection = sqlite3.connect(str(settings.primary.database))
        connection.executescript("; ".join(statements))
        connection.close()
        return
    url = make_url(settings.primary).set(drivername="postgresql").render_as_string(hide_password=False)
    postgresql = await asyncpg.connect(url)
    await postgresql.execute("; ".join(statements))
    await postgresql.close()


@pytest.mark.postgresql
async def test_a_role_that_may_write_posts_alone_is_followed(engines: Engines) -> None:
    async with engines.writing().connect() as connection:
        await add_author(connection)
        await connection.execute(text("CREATE ROLE trellis_test_writer"))
        await connection.execute(text("GRANT INSERT ON posts TO trellis_test_writer"))
        await connection.execute(text("SET LOCAL ROLE trellis_test_writer"))
        await connection.execute(text(ADD.replace(":00", r"\:00")))
        await connection.execute(text("RESET ROLE"))
        assert await found(connection, "pruning") == [2]
        await connection.rollback()


@pytest.mark.sqlite
async def test_a_row_that_replaces_another_takes_its_words_along(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await add_author(connection)
        await add_post(connection, 1, content="looms")
        await connection.execute(
            insert(Post)
            .prefix_with("OR REPLACE")
            .values(id=1, author_id=1, version=1, slug="post-1", title="A title", content="cards")
        )
        assert (await found(connection, "looms"), await found(connection, "cards")) == ([], [1])


@pytest.mark.sqlite
async def test_the_index_on_sqlite_is_sound(engines: Engines) -> None:
    check = text("INSERT INTO posts_search (posts_search, rank) VALUES ('integrity-check', 1)")
    async with engines.writing().begin() as connection:
        await add_author(connection)
        for number in range(1, 6):
            await add_post(connection, number, content=f"word{number} é")
        await connection.execute(update(Post).where(Post.id > 3).values(title="Another", summary="New"))
        await connection.execute(update(Post).where(Post.id == 1).values(id=11))
        await connection.execute(delete(Post).where(Post.id == 2))
        await connection.execute(check)
        await connection.execute(text("DELETE FROM posts_search_content WHERE id = 3"))
    async with engines.writing().connect() as connection:
        with pytest.raises(DatabaseError, match="malformed"):  # so the check does look
            await connection.execute(check)


@pytest.mark.parametrize(
    "alphabet",
    [
        "abcdefghijklmnopqrstuvwxyz",
        "".join(map(chr, range(0x10330, 0x1034A))),
        "".join(map(chr, range(0xFCCF, 0xFCE8))),
    ],
    ids=["latin", "gothic", "ligatures"],
)
async def test_no_content_is_too_much(engines: Engines, alphabet: str) -> None:
    # The worst that we know: letters of four bytes, or of two letters in one, in words that all differ. Without a
    # bound, PostgreSQL refuses such a post. Both databases look at the same part of it.
    words = map("".join, itertools.product(alphabet, repeat=4))
    content = " ".join(itertools.islice(words, SEARCHED_CHARACTERS // 5 - 2))
    async with engines.writing().begin() as connection:
        await add_author(connection)
        await add_post(connection, 1, content=f"{content} near {content} far")
        await add_post(connection, 2, content="x" * SEARCHED_CHARACTERS + " far")
        assert [await found(connection, word) for word in ("near", "far", "x*")] == [[1], [], [2]]


async def test_posts_of_before_are_found_after_the_revision_and_after_it_is_taken_back(
    blank_database: Database,
) -> None:
    settings = settings_for(blank_database)
    migrate.upgrade(settings, "0002")
    await sample.ask(settings, sample.fill)
    before = text(FOUND_BEFORE[blank_database.dialect])
    assert await sample.ask(settings, lambda connection: list(connection.scalars(before))) == [1]
    migrate.upgrade(settings, "0003")
    assert await sample.ask(settings, now) == [1]
    migrate.downgrade(settings, "0002")
    assert await sample.ask(settings, lambda connection: list(connection.scalars(before))) == [1]


def now(connection: Connection) -> list[int]:
    source = search.posts("card")
    return list(connection.scalars(select(source.row.id).select_from(source.from_clause)))
