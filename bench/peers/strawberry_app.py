"""Hand-written Strawberry: types, resolvers and DataLoaders as an experienced user would write them.

Only needed columns are read, relations come in batches, a page per parent is cut in the database.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry
from sqlalchemy import Row, func, select
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from bench.peers import tables
from bench.peers.dataloaders import POST_COLUMNS, Info, Loaders
from bench.peers.serving import CACHES, Endpoint

NEWEST = (tables.Post.created_at.desc(), tables.Post.id.desc())


@strawberry.type
class Tag:
    """What posts are about."""

    id: int
    name: str


@strawberry.type
class Post:
    """What is written."""

    id: int
    slug: str
    title: str
    summary: str | None
    version: int
    published_at: datetime | None
    created_at: datetime
    author_id: strawberry.Private[int]

    @classmethod
    def of(cls, row: Row[Any]) -> Post:
        """From a row with `POST_COLUMNS`."""
        return cls(
            id=row.id,
            slug=row.slug,
            title=row.title,
            summary=row.summary,
            version=row.version,
            published_at=row.published_at,
            created_at=row.created_at,
            author_id=row.author_id,
        )

    @strawberry.field
    async def author(self, info: Info) -> User:
        """Who wrote it."""
        return User.of(await info.context.users.load(self.author_id))

    @strawberry.field
    async def tags(self, info: Info) -> list[Tag]:
        """What it is about."""
        return [Tag(id=row.id, name=row.name) for row in await info.context.tags.load(self.id)]


@strawberry.type
class User:
    """Who writes."""

    id: int
    email: str
    name: str

    @classmethod
    def of(cls, row: Row[Any]) -> User:
        """From a row."""
        return cls(id=row.id, email=row.email, name=row.name)

    @strawberry.field
    async def posts(self, info: Info, first: int | None = None) -> list[Post]:
        """What the user wrote, the oldest first."""
        loader = info.context.posts if first is None else info.context.first_posts(first)
        return [Post.of(row) for row in await loader.load(self.id)]


@strawberry.type
class PostPage:
    """Some posts, and how many there are."""

    nodes: list[Post]
    total_count: int


@strawberry.type
class Query:
    """Everything that is asked."""

    @strawberry.field
    async def posts(self, info: Info, first: int) -> list[Post]:
        """The newest posts."""
        rows = await info.context.rows(select(*POST_COLUMNS).order_by(*NEWEST).limit(first))
        return [Post.of(row) for row in rows]

    @strawberry.field
    async def users(self, info: Info, first: int) -> list[User]:
        """Users by their number."""
        columns = (tables.User.id, tables.User.email, tables.User.name)
        return [User.of(row) for row in await info.context.rows(select(*columns).order_by(columns[0]).limit(first))]

    @strawberry.field
    async def user(self, info: Info, id: int) -> User:
        """One user."""
        return User.of(await info.context.users.load(id))

    @strawberry.field
    async def filtered_posts(self, info: Info, first: int, tag: str, title: str) -> PostPage:
        """The newest posts with a tag and a word in the title."""
        fits = (tables.Post.tags.any(tables.Tag.slug == tag), tables.Post.title.contains(title, autoescape=True))
        ((total,),) = await info.context.rows(select(func.count()).select_from(tables.Post).where(*fits))
        rows = await info.context.rows(select(*POST_COLUMNS).where(*fits).order_by(*NEWEST).limit(first))
        return PostPage(nodes=[Post.of(row) for row in rows], total_count=total)


engine = tables.make_engine().execution_options(isolation_level="AUTOCOMMIT")


class LoaderEndpoint(Endpoint):
    """Gives each request its loaders."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Any:
        """The context value of the resolvers."""
        return Loaders(engine)


app = LoaderEndpoint(strawberry.Schema(Query, extensions=CACHES))
