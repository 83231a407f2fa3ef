"""The full-text index follows the posts, whatever they contain."""

import itertools

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.full_text import SEARCHED_CHARACTERS
from db.models import Post, User
from db.session.engines import Engines

FOUND = {
    "sqlite": "SELECT rowid FROM posts_search WHERE posts_search MATCH :word ORDER BY rowid",
    "postgresql": "SELECT id FROM posts WHERE search_vector @@ plainto_tsquery('english', :word) ORDER BY id",
}


async def found(connection: AsyncConnection, word: str) -> list[int]:
    return list(await connection.scalars(text(FOUND[connection.dialect.name]), {"word": word}))


async def add_post(connection: AsyncConnection, post_id: int, **values: str) -> None:
    row = {"slug": f"post-{post_id}", "title": "A title", "content": "Some content"} | values
    await connection.execute(insert(Post).values(id=post_id, author_id=1, version=1, **row))


async def add_author(connection: AsyncConnection) -> None:
    await connection.execute(insert(User).values(id=1, email="ada@example.org", name="Ada"))


async def test_title_summary_and_content_are_found_by_the_stems_of_their_words(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await add_author(connection)
        await add_post(connection, 1, title="Running engines")
        await add_post(connection, 2, summary="She runs")
        await add_post(connection, 3, content="Run!")
        assert await found(connection, "run") == [1, 2, 3]


async def test_a_post_that_changes_is_found_by_what_it_says_now(engines: Engines) -> None:
    async with engines.writing().begin() as connection:
        await add_author(connection)
        await add_post(connection, 1, content="looms")
        await connection.execute(update(Post).where(Post.id == 1).values(content="cards"))
        assert (await found(connection, "looms"), await found(connection, "cards")) == ([], [1])
        await connection.execute(delete(Post))
        assert await found(connection, "cards") == []


@pytest.mark.sqlite
async def test_the_index_on_sqlite_agrees_with_the_posts(engines: Engines) -> None:
    check = text("INSERT INTO posts_search (posts_search, rank) VALUES ('integrity-check', 1)")
    async with engines.writing().begin() as connection:
        await add_author(connection)
        for number in range(1, 6):
            await add_post(connection, number, content=f"word{number}")
        await connection.execute(update(Post).where(Post.id > 3).values(title="Another", summary="New"))
        await connection.execute(update(Post).where(Post.id == 1).values(id=11))
        await connection.execute(delete(Post).where(Post.id == 2))
        await connection.execute(check)
        await connection.execute(text("DROP TRIGGER posts_search_delete"))
        await connection.execute(delete(Post).where(Post.id == 3))
        with pytest.raises(DatabaseError, match="malformed"):  # so the check does look
            await connection.execute(check)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "alphabet", ["abcdefghijklmnopqrstuvwxyz", "".join(map(chr, range(0x10330, 0x1034A)))], ids=["latin", "gothic"]
)
async def test_no_content_is_too_much_for_postgresql(engines: Engines, alphabet: str) -> None:
    # The worst that we know: letters of four bytes in words that all differ, joined by hyphens, which PostgreSQL
    # keeps as a whole and in parts. Without a bound it refuses such a post.
    words = map("".join, itertools.product(alphabet, repeat=4))
    pairs = (f"{one}-{other}" for one, other in zip(words, words, strict=True))
    content = " ".join(itertools.islice(pairs, SEARCHED_CHARACTERS // 5))
    assert len(content) > SEARCHED_CHARACTERS
    async with engines.writing().begin() as connection:
        await add_author(connection)
        await add_post(connection, 1, content=content)
