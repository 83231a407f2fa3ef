"""What a text finds, post by post, on both databases; laws about all texts are in test_search_laws.py."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db import search
from db.models import Post, User
from db.session.engines import Engines
from tests.databases import StatementRecorder

POSTS = {
    1: ("Climbing roses on a north wall", "Well-known varieties.", "Frost and/or shade: see docs/roses.md."),
    2: ("Winter", None, "A climbing rose in the frost. Write to Ada@Example.org, https://example.org/a/b?c=d."),
    3: ("Café Ŵorld", "STRASSE 3.14", "Tulips don\u2019t climb; version v1.2.3 of 2024-05-06 does."),
    4: ("東京タワー", "서울에서 만나요", "ภาษาไทยง่ายมาก"),
    5: ("Notes", "Tulips", "Roses \U0001f331, and again roses, roses and roses."),
}


@pytest.fixture
async def connection(engines: Engines) -> AsyncIterator[AsyncConnection]:
    async with engines.writing().begin() as connection:
        await connection.execute(insert(User).values(id=1, email="ada@example.org", name="Ada"))
        for number, (title, summary, content) in POSTS.items():
            row = {"title": title, "summary": summary, "content": content, "slug": f"p{number}"}
            await connection.execute(insert(Post).values(id=number, author_id=1, **row))
        yield connection


async def found(connection: AsyncConnection, text: str) -> list[int]:
    """The posts that a text finds, the best first and of equals the latest."""
    source = search.posts(text)
    (rank,) = source.order
    hits = select(source.row.id).select_from(source.from_clause)
    return list(await connection.scalars(hits.order_by(rank.expression.desc(), source.row.id.desc())))


FINDS = {
    "climbing roses -frost": [],
    "climbing roses": [1, 2],  # both words in the title, then in the content
    "climb": [1, 3, 2],
    "rose": [1, 5, 2],
    "roses": [1, 5, 2],  # how often, nobody counts
    '"climbing roses"': [1],
    '"climbing rose"': [2],
    "tulip": [5, 3],  # in the summary, then in the content
    "tulip or frost": [5, 3, 2, 1],
    "climbing tulip or frost": [1, 3, 2],
    "rose -tulip -frost": [],
    'rose -"north wall"': [5, 2],
    "-frost": [],
    "": [],
    "…": [],
    "or": [],
    "known": [1],
    "well-known": [1],
    "known-well": [],
    "and/or": [1],
    "docs/roses.md": [1],
    "roses.md": [1],
    "ada@example.org": [2],
    "example": [2],
    "https://example.org/a/b": [2],
    "don't": [3],
    "cafe world": [3],
    "CAFE\u0301": [3],
    "straße": [3],
    "3.14": [3],
    "14": [3],
    "v1.2": [3],
    "v1*": [3],
    "2024-05": [3],
    "東京": [4],
    "京タ": [4],
    "東タ": [],
    "서울": [4],
    "\u1109\u1165\u110b\u116e\u11af": [4],  # in parts, and the post has it in one piece
    "ไทย": [4],
    "\U0001f331": [5],
    "clim*": [1, 3, 2],
    "title:winter": [],
    "NEAR(winter": [],
}


@pytest.mark.parametrize("text", FINDS)
async def test_a_text_finds(connection: AsyncConnection, text: str) -> None:
    assert await found(connection, text) == FINDS[text]


async def test_a_search_is_one_statement(connection: AsyncConnection, statements: StatementRecorder) -> None:
    for text in ("rose", " ".join(f"w{n}" for n in range(30)), '"climbing roses" or tulips -"north wall" 東京'):
        with statements() as seen:
            await found(connection, text)
        assert len(seen) == 1
