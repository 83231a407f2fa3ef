"""Users, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from db import models
from graph.entity import Connection, Node, entity

if TYPE_CHECKING:
    from graph.types.account import Account
    from graph.types.document import Document
    from graph.types.order import Order
    from graph.types.post import Post
    from graph.types.role import Role


@entity(models.User, keys=["email"])
class User(Node):
    """A person who can sign in, write, order and hold accounts."""

    email: str | None
    name: str
    is_active: bool
    created_at: datetime
    updated_at: datetime
    roles: Connection[Role]
    posts: Connection[Post]
    contributions: Connection[Post]
    documents: Connection[Document]
    orders: Connection[Order]
    accounts: Connection[Account]
