"""Posts, the heart of the content: written by authors, found by tag, date and text."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Column, Index, Integer, Table, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db import search_index, unmapped
from db.base import Base, Document, Id, Line, Paragraph, Slug, Timestamps, Versioned, Word, references, text_enum

if TYPE_CHECKING:
    from db.models.tag import Tag
    from db.models.user import User


class PostStatus(Word):
    """Where a post stands."""

    DRAFT = "draft", "Being written; not public."
    PUBLISHED = "published", "Public."
    ARCHIVED = "archived", "Kept, but no longer shown."


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", references("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", references("tags.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "tag_id", "post_id"),
)

post_contributors = Table(
    "post_contributors",
    Base.metadata,
    Column("post_id", references("posts.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", references("users.id"), primary_key=True),
    Column("position", Integer, nullable=False, default=0, doc="Counts from 0: the author first."),
    Index(None, "user_id", "post_id"),
)


class Post(Versioned, Timestamps, Base):
    """An article in Markdown, with one author and any number of contributors and tags."""

    __tablename__ = "posts"
    __table_args__ = (
        Index(None, "published_at", "id"),
        Index(None, "author_id", "published_at", "id"),
        Index(None, "status", "published_at", "id"),
        Index(None, "created_at", "id"),
        Index(None, "title", "id"),
        # The newest first, drafts last: SQLite finds that in the plain index, PostgreSQL wants it spelled out.
        Index("ix_posts_newest", text("published_at DESC NULLS LAST"), text("id DESC")).ddl_if(dialect="postgresql"),
    )
    __mapper_args__ = {"version_id_col": Versioned.version}  # noqa: RUF012 - the name and the form are SQLAlchemy's

    id: Mapped[Id]
    slug: Mapped[Slug] = mapped_column(unique=True, doc="The post's name in addresses; unique.")
    title: Mapped[Line] = mapped_column(doc="The headline.")
    summary: Mapped[Paragraph | None] = mapped_column(doc="What the post says, in a sentence or two.")
    content: Mapped[Document] = mapped_column(doc="The text, in Markdown.")
    status: Mapped[PostStatus] = mapped_column(
        text_enum(PostStatus), default=PostStatus.DRAFT, doc="Whether the post is a draft, published or archived."
    )
    published_at: Mapped[datetime | None] = mapped_column(doc="When the post was published; empty for a draft.")
    author_id: Mapped[int] = mapped_column(references("users.id"), doc="The author's number.")

    author: Mapped[User] = relationship(back_populates="posts", lazy="raise", doc="Who wrote the post.")
    contributors: Mapped[list[User]] = relationship(
        secondary=post_contributors,
        back_populates="contributions",
        order_by=post_contributors.c.position,
        lazy="raise",
        doc="Everyone who worked on the post, in order, the author first.",
    )
    tags: Mapped[list[Tag]] = relationship(
        secondary=post_tags, back_populates="posts", lazy="raise", doc="What the post is about."
    )


unmapped.register(search_index)
