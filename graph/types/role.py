"""Roles, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import models
from graph.entity import Connection, Node, entity

if TYPE_CHECKING:
    from graph.types.user import User


@entity(models.Role, keys=["name"])
class Role(Node):
    """A set of rights: admin, editor, author or member."""

    name: str
    users: Connection[User]
