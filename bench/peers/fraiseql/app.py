"""FraiseQL: types over views that have a JSON document for each row, which its Rust pipeline hands on.

Source: https://github.com/fraiseql/fraiseql (1.9), its README and `fraiseql.fastapi.create_fraiseql_app`. It runs in an
environment of its own, on a Python of at least 3.13, and finds this module alone.
"""

import os
from datetime import datetime

import fraiseql
from fraiseql.fastapi import FraiseQLConfig, create_fraiseql_app
from graphql import GraphQLResolveInfo

URL = os.environ["DATABASE_URL"]
NEWEST = "created_at DESC, id DESC"


@fraiseql.type
class Tag:
    """What posts are about."""

    id: int
    name: str


@fraiseql.type(sql_source="fraiseql.v_user", jsonb_column="data")
class User:
    """Who writes."""

    id: int
    name: str
    email: str


@fraiseql.type
class Writer:
    """Who wrote a post."""

    id: int
    name: str


@fraiseql.type(sql_source="fraiseql.v_post", jsonb_column="data")
class Post:
    """What is written, without relations."""

    id: int
    slug: str
    title: str
    summary: str | None
    version: int
    created_at: datetime


@fraiseql.type(sql_source="fraiseql.v_feed", jsonb_column="data")
class FeedPost:
    """What is written, with author and tags."""

    id: int
    title: str
    created_at: datetime
    author: Writer
    tags: list[Tag]


@fraiseql.type
class AuthoredPost:
    """What an author has written, with tags."""

    id: int
    title: str
    published_at: datetime | None
    tags: list[Tag]


@fraiseql.type(sql_source="fraiseql.v_author", jsonb_column="data")
class Author:
    """Who writes, with everything written."""

    id: int
    name: str
    posts: list[AuthoredPost]


@fraiseql.query
async def user(info: GraphQLResolveInfo, id: int) -> User | None:
    """One user."""
    return await info.context["db"].find_one("fraiseql.v_user", "user", info, id=id)


@fraiseql.query
async def posts(info: GraphQLResolveInfo, first: int) -> list[Post]:
    """The newest posts, without relations."""
    return await info.context["db"].find("fraiseql.v_post", "posts", info, limit=first, order_by=NEWEST)


@fraiseql.query
async def feed(info: GraphQLResolveInfo, first: int) -> list[FeedPost]:
    """The newest posts."""
    return await info.context["db"].find("fraiseql.v_feed", "feed", info, limit=first, order_by=NEWEST)


@fraiseql.query
async def authors(info: GraphQLResolveInfo, first: int) -> list[Author]:
    """Users by their number, with all that they have written."""
    return await info.context["db"].find("fraiseql.v_author", "authors", info, limit=first, order_by="id")


app = create_fraiseql_app(
    config=FraiseQLConfig(database_url=URL, environment="production", database_pool_size=15, database_max_overflow=0),
    types=[Tag, User, Writer, Post, FeedPost, AuthoredPost, Author],
    queries=[user, posts, feed, authors],
    production=True,
)
