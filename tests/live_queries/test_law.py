"""The law of live queries: after each change, whatever it is, the live answer is that of the query itself."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Executable, Table, delete, exists, insert, literal, select, update

from db import models
from db.base import Base
from db.session.engines import Engines
from tests.live_queries.conftest import Shown, Watch, Write

pytestmark = pytest.mark.nouns

QUERIES = {
    "list": "query @live { posts(first: 5, orderBy: [{publishedAt: DESC}]) { nodes { title author { name } } } }",
    "tree": "query @live { users(first: 5) { nodes { posts(first: 2) { nodes { title tags { nodes { name } } } } } } }",
    "total": 'query @live { posts(where: {tags: {some: {name: {startsWith: "c"}}}}) { totalCount } }',
    "filter": 'query @live { tags(where: {posts: {none: {title: {contains: "e"}}}}) { nodes { slug } } }',
    "order": "query @live { users(first: 3, orderBy: [{posts: {count: DESC}}]) { nodes { name } } }",
    "aggregate": "query @live { postsAggregate { count } usersAggregate { count max { name } } }",
    "slug": 'query @live { tag(slug: "slug-1") { name posts { totalCount } } }',
    "search": 'query @live { search(text: "the", first: 3) { nodes { title } totalCount } }',
    "orders": "query @live { orders(first: 5) { nodes { totalPrice lines { nodes { quantity } } } } }",
    "two": "query @live { a: tags(first: 2) { nodes { name } } b: users(last: 2) { nodes { name email } } }",
}
PEOPLE = ("nobody", "an author", "an admin")
WRITES = 15
SEED = 75

POSTS, USERS, TAGS, LINES = [Base.metadata.tables[it] for it in ("posts", "users", "tags", "order_lines")]
PAIRS = Base.metadata.tables["post_tags"]


class Writer:
    """Makes changes of all kinds, at random, to rows that are there."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._random = random.Random(SEED)
        self._number = 0

    async def keys(self, table: Table) -> list[int]:
        async with self._engines.primary.connect() as connection:
            return list((await connection.scalars(select(table.c.id).order_by(table.c.id))).all())

    async def next(self) -> list[Executable]:
        """The changes of one transaction."""
        return [statement for _ in range(self._random.randint(1, 3)) for statement in await self._one()]

    async def _one(self) -> list[Executable]:
        self._number += 1
        pick, word = self._random.choice, f"{self._random.choice('abcde')}{self._number}"
        post, user, tag = [pick(await self.keys(table)) for table in (POSTS, USERS, TAGS)]
        line = pick(await self.keys(LINES))
        kinds: list[Callable[[], list[Executable]]] = [
            lambda: [update(POSTS).where(POSTS.c.id == post).values(title=f"the {word}")],
            lambda: [update(POSTS).where(POSTS.c.id == post).values(summary=word)],
            lambda: [update(POSTS).where(POSTS.c.id == post).values(status=pick(list(models.PostStatus)))],
            lambda: [update(POSTS).where(POSTS.c.id == post).values(author_id=user)],
            lambda: [update(USERS).where(USERS.c.id == user).values(name=word)],
            lambda: [update(TAGS).where(TAGS.c.id == tag).values(name=word)],
            lambda: [insert(TAGS).values(name=word, slug=f"slug-{self._number}")],
            lambda: [delete(TAGS).where(TAGS.c.id == tag)],
            lambda: [delete(PAIRS).where(PAIRS.c.post_id == post)],
            lambda: [
                delete(PAIRS).where(PAIRS.c.post_id == post, PAIRS.c.tag_id == tag),
                insert(PAIRS).from_select(
                    ["post_id", "tag_id"],
                    select(POSTS.c.id, literal(tag)).where(POSTS.c.id == post, exists().where(TAGS.c.id == tag)),
                ),
            ],
            lambda: [delete(POSTS).where(POSTS.c.id == post)],
            lambda: [update(LINES).where(LINES.c.id == line).values(quantity=self._number)],
            lambda: [delete(LINES).where(LINES.c.id == line)],
        ]
        return pick(kinds)()


async def test_after_each_change_a_live_answer_is_that_of_the_query_itself(
    shown: Shown, watch: Watch, write: Write, engines: Engines
) -> None:
    watchers: dict[str, Any] = {who: await watch(shown, who) for who in PEOPLE}
    for who, watcher in watchers.items():
        for name, query in QUERIES.items():
            assert "errors" not in await watcher.begin(name, query), (who, name)
    writer = Writer(engines)
    for _ in range(WRITES):
        await write(*await writer.next())
        for who, watcher in watchers.items():
            for name, query in QUERIES.items():
                await watcher.becomes(name, await shown.answer(query, who))
    told = [number for watcher in watchers.values() for number in watcher.told.values()]
    assert sum(told) > len(told)  # more than the first ones
    assert shown.queries.counts.failed == 0
