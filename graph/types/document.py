"""Documents, as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from strawberry.scalars import JSON

from db import models
from graph.entity import Node, computed, entity
from graph.files import StoredFile, stored_file
from graph.files.stored import FILE_COLUMNS

if TYPE_CHECKING:
    from graph.types.user import User


@entity(models.Document)
class Document(Node):
    """A piece of JSON with a title and a kind."""

    kind: str
    title: str
    body: JSON
    version: int
    created_at: datetime
    updated_at: datetime
    owner: User

    @computed(needs=["id", *FILE_COLUMNS])
    def file(self) -> StoredFile | None:
        """The document's file; null if it has none."""
        return stored_file(self)
