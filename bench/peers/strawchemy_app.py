"""strawchemy: types, filters, orders and resolvers from the models, as its documentation shows for async sessions.

Sources: https://strawchemy.pages.dev/learn/getting-started, https://strawchemy.pages.dev/learn/aggregations.
"""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig
from strawchemy import Strawchemy, StrawchemyAsyncRepository, StrawchemyConfig

from bench.peers import tables
from bench.peers.serving import CACHES, Endpoint, Sessions

MAX_PAGE = 10_000

strawchemy = Strawchemy(
    StrawchemyConfig(
        "postgresql",
        repository_type=StrawchemyAsyncRepository,
        session_getter=lambda info: info.context["request"].scope["session"](),
        pagination={"posts"},
        order_by={"posts"},
        pagination_default_limit=MAX_PAGE,
    ),
    StrawberryConfig(),
)


@strawchemy.order(tables.User, include="all")
class UserOrder:
    """An order of users."""


@strawchemy.order(tables.Post, include="all")
class PostOrder:
    """An order of posts."""


@strawchemy.filter(tables.Post, include="all")
class PostFilter:
    """A filter of posts."""


@strawchemy.type(tables.Tag, include={"id", "name", "slug"}, override=True)
class Tag:
    """What posts are about."""


@strawchemy.type(tables.Post, include="all", exclude={"post_tags"}, override=True)
class Post:
    """What is written."""


@strawchemy.type(tables.User, include="all", override=True)
class User:
    """Who writes."""


@strawchemy.aggregate(tables.Post, include="all")
class PostAggregation:
    """Posts, and how many there are."""


@strawberry.type
class Query:
    """Everything that is asked."""

    users: list[User] = strawchemy.field(order_by_input=UserOrder, pagination=True)
    user: User = strawchemy.field()
    posts: list[Post] = strawchemy.field(filter_input=PostFilter, order_by_input=PostOrder, pagination=True)
    posts_aggregation: PostAggregation = strawchemy.field(
        filter_input=PostFilter, order_by_input=PostOrder, pagination=True, root_aggregations=True
    )


app = Sessions(Endpoint(strawberry.Schema(Query, extensions=CACHES)), tables.make_engine())
