"""strawberry-sqlalchemy-mapper: types and batched relations from the models, roots written by hand as its users do.

Source: https://github.com/strawberry-graphql/strawberry-sqlalchemy
"""

from __future__ import annotations

from typing import Any

import strawberry
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.schema.config import StrawberryConfig
from strawberry_sqlalchemy_mapper import (
    StrawberrySQLAlchemyLoader,
    StrawberrySQLAlchemyMapper,
    strawberry_sqlalchemy_scalar_map,
)

from bench.peers import tables
from bench.peers.serving import CACHES, Endpoint

engine = tables.make_engine()
make_session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
mapper: StrawberrySQLAlchemyMapper[Any] = StrawberrySQLAlchemyMapper()


@mapper.type(tables.Tag)
class Tag:
    """What posts are about."""

    __exclude__ = ("posts",)


@mapper.type(tables.PostTag)
class PostTag:
    """A row of the join table: many-to-many relations themselves come out empty, so its users go this way."""


@mapper.type(tables.Post)
class Post:
    """What is written."""

    __exclude__ = ("tags",)


@mapper.type(tables.User)
class User:
    """Who writes."""


@strawberry.type
class PostPage:
    """Some posts, and how many there are."""

    nodes: list[Post]
    total_count: int


@strawberry.type
class Query:
    """Everything that is asked."""

    @strawberry.field
    async def posts(self, first: int) -> list[Post]:
        """The newest posts."""
        newest = tables.Post.created_at.desc(), tables.Post.id.desc()
        async with make_session() as session:
            return list(await session.scalars(select(tables.Post).order_by(*newest).limit(first)))

    @strawberry.field
    async def users(self, first: int) -> list[User]:
        """Users by their number."""
        async with make_session() as session:
            return list(await session.scalars(select(tables.User).order_by(tables.User.id).limit(first)))

    @strawberry.field
    async def user(self, id: int) -> User | None:
        """One user."""
        async with make_session() as session:
            return await session.get(tables.User, id)

    @strawberry.field
    async def filtered_posts(self, first: int, tag: str, title: str) -> PostPage:
        """The newest posts with a tag and a word in the title."""
        fits = (tables.Post.tags.any(tables.Tag.slug == tag), tables.Post.title.contains(title, autoescape=True))
        newest = tables.Post.created_at.desc(), tables.Post.id.desc()
        async with make_session() as session:
            total = await session.scalar(select(func.count()).select_from(tables.Post).where(*fits))
            page = await session.scalars(select(tables.Post).where(*fits).order_by(*newest).limit(first))
            return PostPage(nodes=list(page), total_count=total or 0)


class MapperEndpoint(Endpoint):
    """Gives each request a loader."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> dict[str, Any]:
        """What the mapped relations look for."""
        return {"sqlalchemy_loader": StrawberrySQLAlchemyLoader(async_bind_factory=make_session)}


mapper.finalize()
app = MapperEndpoint(
    strawberry.Schema(
        Query,
        extensions=CACHES,
        types=list(mapper.mapped_types.values()),
        config=StrawberryConfig(scalar_map=strawberry_sqlalchemy_scalar_map),
    )
)
