"""The tables as a user of the Python peers would declare them: plain SQLAlchemy models, with the columns that exist.

Trellis's own models stay out: their types and their `lazy="raise"` are ours, and peers shall not pay for them.
"""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, String, Table, Text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

POOL = {"pool_size": 15, "max_overflow": 0}
"""As many connections as all servers have, and none of them is closed between requests."""


class Base(DeclarativeBase):
    """The declarative base."""


post_tags = Table(
    "post_tags",
    Base.metadata,
    Column("post_id", BigInteger, ForeignKey("posts.id"), primary_key=True),
    Column("tag_id", BigInteger, ForeignKey("tags.id"), primary_key=True),
)


class User(Base):
    """Who writes."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    posts: Mapped[list[Post]] = relationship(back_populates="author", order_by="Post.published_at")


class Post(Base):
    """What is written."""

    __tablename__ = "posts"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    slug: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str | None] = mapped_column(String(2000))
    content: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id"))
    author: Mapped[User] = relationship(back_populates="posts")
    tags: Mapped[list[Tag]] = relationship(secondary=post_tags, back_populates="posts", order_by="Tag.id")
    post_tags: Mapped[list[PostTag]] = relationship(viewonly=True, order_by="PostTag.tag_id")


class PostTag(Base):
    """A row of the join table, for those who cannot read past it."""

    __table__ = post_tags

    tag: Mapped[Tag] = relationship(viewonly=True)


class Tag(Base):
    """What posts are about."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    slug: Mapped[str] = mapped_column(String(100))
    posts: Mapped[list[Post]] = relationship(secondary=post_tags, back_populates="tags")


def make_engine() -> AsyncEngine:
    """An engine for the database of the run."""
    url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
    return create_async_engine(url, **POOL)
