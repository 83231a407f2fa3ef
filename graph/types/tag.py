"""Tags, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from db import models
from graph.entity import Connection, Node, entity

if TYPE_CHECKING:
    from graph.types.post import Post


@entity(models.Tag, keys=["slug"])
class Tag(Node):
    """A subject that posts share."""

    name: str
    slug: str
    posts: Connection[Post]
