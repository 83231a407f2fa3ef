"""The DataLoaders of the hand-written server: one statement for all the keys of one tick.

Each batch takes a connection of its own from the pool, outside any transaction: that is the cheapest way to run
siblings at once, and it promises no common view of the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import strawberry
from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from strawberry.dataloader import DataLoader

from bench.peers.tables import Post, Tag, User, post_tags

POST_COLUMNS = (
    Post.id,
    Post.slug,
    Post.title,
    Post.summary,
    Post.version,
    Post.published_at,
    Post.created_at,
    Post.author_id,
)
"""All but the text, which is long and never asked for here."""
BY_DATE = (Post.published_at, Post.id)


class Loaders:
    """The loaders of one request."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.users: DataLoader[int, Row[Any]] = DataLoader(self._load_users)
        self.tags: DataLoader[int, list[Row[Any]]] = DataLoader(self._load_tags)
        self.posts: DataLoader[int, list[Row[Any]]] = DataLoader(self._load_posts)
        self._first_posts: dict[int, DataLoader[int, list[Row[Any]]]] = {}

    def first_posts(self, first: int) -> DataLoader[int, list[Row[Any]]]:
        """The loader of pages of this size."""
        if first not in self._first_posts:
            self._first_posts[first] = DataLoader(self._page_loader(first))
        return self._first_posts[first]

    async def rows(self, statement: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
        """Run one statement."""
        async with self._engine.connect() as connection:
            return (await connection.execute(statement)).all()

    async def _load_users(self, ids: list[int]) -> list[Row[Any]]:
        rows = await self.rows(select(User.id, User.email, User.name).where(User.id.in_(ids)))
        by_id = {row.id: row for row in rows}
        return [by_id[id_] for id_ in ids]

    async def _load_tags(self, post_ids: list[int]) -> list[list[Row[Any]]]:
        joined = select(post_tags.c.post_id, Tag.id, Tag.name).join(post_tags, post_tags.c.tag_id == Tag.id)
        return _grouped(post_ids, await self.rows(joined.where(post_tags.c.post_id.in_(post_ids)).order_by(Tag.id)))

    async def _load_posts(self, author_ids: list[int]) -> list[list[Row[Any]]]:
        statement = select(Post.author_id.label("key"), *POST_COLUMNS).where(Post.author_id.in_(author_ids))
        return _grouped(author_ids, await self.rows(statement.order_by(*BY_DATE)))

    def _page_loader(self, first: int) -> Callable[[list[int]], Coroutine[Any, Any, list[list[Row[Any]]]]]:
        async def load(author_ids: list[int]) -> list[list[Row[Any]]]:
            number = func.row_number().over(partition_by=Post.author_id, order_by=BY_DATE).label("number")
            ranked = select(Post.author_id.label("key"), *POST_COLUMNS, number)
            page = ranked.where(Post.author_id.in_(author_ids)).subquery()
            return _grouped(author_ids, await self.rows(select(page).where(page.c.number <= first).order_by("number")))

        return load


def _grouped(keys: Sequence[int], rows: Sequence[Row[Any]]) -> list[list[Row[Any]]]:
    groups = defaultdict[int, list[Row[Any]]](list)
    for row in rows:
        groups[row[0]].append(row)
    return [groups[key] for key in keys]


Info = strawberry.Info[Loaders, None]
