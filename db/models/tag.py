"""What posts are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.base import Base, Id, ShortSlug
from db.models.post import post_tags

if TYPE_CHECKING:
    from db.models.post import Post


class Tag(Base):
    """A subject that posts share."""

    __tablename__ = "tags"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(100), index=True, doc="The tag as people read it.")
    slug: Mapped[ShortSlug] = mapped_column(unique=True, doc="The tag's name in addresses; unique.")

    posts: Mapped[list[Post]] = relationship(
        secondary=post_tags, back_populates="tags", lazy="raise", doc="Posts about this subject."
    )
