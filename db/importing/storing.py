"""Articles to rows: a chunk of any size in, a handful of statements out.

Users and tags that are missing are added; those that exist are never changed. A post is compared with its article
first, so that a post in which nothing changed is not touched. The caller owns the transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, cast

from sqlalchemy import Column, ColumnElement, Select, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from db.base import UtcDateTime, utcnow
from db.dialects import dialect_of
from db.importing.article import Article
from db.models import Post, Tag, User, post_contributors, post_tags

MAX_KEYS = 1000
"""Keys in one statement. Databases take some 32,000 parameters; fewer are compiled faster."""


Key: TypeAlias = ColumnElement[Any] | InstrumentedAttribute[Any]


class Outcome(NamedTuple):
    """How many posts came, changed, and stayed as they were."""

    new: int
    changed: int
    unchanged: int


class Link(NamedTuple):
    """A table between posts and something else."""

    table: Table
    target: str
    position: str | None = None

    @property
    def post_id(self) -> Column[Any]:
        """The post's side."""
        return self.table.c.post_id

    @property
    def order(self) -> Column[Any]:
        """What the targets of a post are sorted by."""
        return self.table.c[self.position or self.target]

    def rows(self, post_id: int, targets: Sequence[int]) -> list[dict[str, int]]:
        """A post's rows, one per target."""
        rows = [{"post_id": post_id, self.target: target} for target in targets]
        if self.position is not None:
            rows = [row | {self.position: number} for number, row in enumerate(rows)]
        return rows


LINKS = (Link(post_contributors, "user_id", "position"), Link(post_tags, "tag_id"))


class State(NamedTuple):
    """A post as it should be, or as it is."""

    title: str
    summary: str | None
    content: str
    status: str
    published_at: datetime | None
    author_id: int
    links: tuple[tuple[int, ...], ...] = ()
    """Contributors in order and tags by number: one tuple for each of `LINKS`."""

    @property
    def columns(self) -> dict[str, Any]:
        """The part that stands in the post's own row."""
        return {name: value for name, value in self._asdict().items() if name != "links"}


class Written(NamedTuple):
    """A post that was added or changed. Only a new one has version 1."""

    id: int
    version: int


COLUMNS = State._fields[:-1]

POSTS = cast(Table, Post.__table__)


async def store(connection: AsyncConnection, articles: Sequence[Article]) -> Outcome:
    """Make the database say what the articles say. Their slugs must be distinct.

    Raises SQLAlchemy's `DBAPIError` when the database refuses one of them; then none is stored.
    """
    users = await _user_ids(connection, articles)
    tags = await _ids(connection, Tag.slug, {tag.slug: tag._asdict() for article in articles for tag in article.tags})
    wanted = {article.slug: _wanted(article, users, tags) for article in articles}
    stored = await _stored(connection, list(wanted))
    written = {slug: state for slug, state in wanted.items() if stored.get(slug) != state}
    posts = await _write_posts(connection, written)
    for number, link in enumerate(LINKS):
        differing = {
            posts[slug]: state.links[number]
            for slug, state in written.items()
            if slug not in stored or stored[slug].links[number] != state.links[number]
        }
        await _replace_links(connection, link, differing)
    new = len(wanted) - len(stored)
    return Outcome(new, len(written) - new, len(wanted) - len(written))


def _wanted(article: Article, users: Mapping[str, int], tags: Mapping[str, int]) -> State:
    return State(
        title=article.title,
        summary=article.summary,
        content=article.content,
        status=article.status,
        published_at=article.published_at,
        author_id=users[article.author.email],
        links=(
            tuple(users[contributor.email] for contributor in article.contributors),
            tuple(sorted(tags[tag.slug] for tag in article.tags)),
        ),
    )


async def _user_ids(connection: AsyncConnection, articles: Iterable[Article]) -> dict[str, int]:
    now = utcnow()
    rows = {
        contributor.email: contributor._asdict() | {"is_active": True, "created_at": now, "updated_at": now}
        for article in articles
        for contributor in article.contributors
    }
    return await _ids(connection, User.email, rows)


async def _ids(
    connection: AsyncConnection, key: InstrumentedAttribute[str], rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, int]:
    """The ids of the rows with these keys; the missing ones are added, also while others add them."""
    table = key.class_.__table__
    known = select(key, table.c.id)
    ids = _pairs(await _by_key(connection, known, key, rows))
    missing = [rows[name] for name in sorted(rows.keys() - ids.keys())]  # sorted: two runs never wait for each other
    if missing:
        add = dialect_of(connection.dialect.name).insert_missing(table).returning(key, table.c.id)
        ids |= _pairs(await connection.execute(add, missing))
        ids |= _pairs(await _by_key(connection, known, key, rows.keys() - ids.keys()))
    return ids


async def _stored(connection: AsyncConnection, slugs: Sequence[str]) -> dict[str, State]:
    columns = [getattr(Post, name) for name in COLUMNS]
    statement = select(Post.id, Post.slug, *columns).order_by(Post.slug).with_for_update()
    posts = await _by_key(connection, statement, Post.slug, slugs)
    targets = [await _targets(connection, link, [post.id for post in posts]) for link in LINKS]
    # Past the type, the first and the last moment that Python knows come back without a zone: to PostgreSQL's driver
    # they are the infinities. Equal they are only with one.
    read = cast(UtcDateTime, POSTS.c.published_at.type).process_result_value
    return {
        post.slug: State(*post[2:])._replace(
            published_at=read(post.published_at, connection.dialect),
            links=tuple(by_post.get(post.id, ()) for by_post in targets),
        )
        for post in posts
    }


async def _targets(connection: AsyncConnection, link: Link, posts: Sequence[int]) -> dict[int, tuple[int, ...]]:
    statement = select(link.post_id, link.table.c[link.target]).order_by(link.post_id, link.order)
    rows = await _by_key(connection, statement, link.post_id, posts)
    return {post: tuple(row[1] for row in group) for post, group in groupby(rows, key=itemgetter(0))}


async def _write_posts(connection: AsyncConnection, states: Mapping[str, State]) -> dict[str, Written]:
    """Add or change posts, each by one row of one statement; a change counts the version up."""
    if not states:
        return {}
    now = utcnow()
    dialect = dialect_of(connection.dialect.name)
    new = dialect.new_values(POSTS)
    changes = {name: new[name] for name in COLUMNS} | {"version": Post.version + 1, "updated_at": new.updated_at}
    statement = dialect.upsert(POSTS, [POSTS.c.slug], changes).returning(Post.slug, Post.id, Post.version)
    rows = [
        {"slug": slug, "version": 1, "created_at": now, "updated_at": now, **state.columns}
        for slug, state in states.items()
    ]
    return {slug: Written(id_, version) for slug, id_, version in (await connection.execute(statement, rows)).all()}


async def _replace_links(connection: AsyncConnection, link: Link, targets: Mapping[Written, Sequence[int]]) -> None:
    for part in _slices([post.id for post in targets if post.version > 1]):
        await connection.execute(delete(link.table).where(link.post_id.in_(part)))
    if rows := [row for post in targets for row in link.rows(post.id, targets[post])]:
        await connection.execute(insert(link.table), rows)


async def _by_key(connection: AsyncConnection, statement: Select[Any], key: Key, keys: Iterable[Any]) -> list[Any]:
    """The rows that have one of these keys."""
    rows = list[Any]()
    for part in _slices(list(keys)):
        rows += await connection.execute(statement.where(key.in_(part)))
    return rows


def _slices(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(keys), MAX_KEYS):
        yield keys[start : start + MAX_KEYS]


def _pairs(rows: Iterable[Any]) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}
