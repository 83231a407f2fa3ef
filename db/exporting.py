"""Rows out of the database, as NDJSON: one JSON object per line, of any number of rows in flat memory.

A noun enters, lines leave, in the order of the primary key, all from one view of the database. Keys are the model's
attributes. Moments end in Z, UUIDs are text, money stays in minor units. A secret never leaves, hashed or not.
Source: https://github.com/ndjson/ndjson-spec
"""

import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapper

from db.base import Base
from db.dialects.own_names import bare
from db.models import ApiKey, Post, SignIn, Tag, User, post_contributors, post_tags
from db.session.engines import Engines

ROWS_AT_ONCE = 500

NEVER_EXPORTED = frozenset({"hashed_password"})
NO_NOUNS = frozenset({ApiKey, SignIn})
"""Secrets, and answers that were given to viewers who might see them then."""

Row: TypeAlias = dict[str, Any]


class UnknownNoun(Exception):
    """There is no such table of a model."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        super().__init__(f"There is no noun {noun!r}; take one of {', '.join(nouns())}.")


def nouns() -> list[str]:
    """Every table that has a model and may leave, by name."""
    return sorted(_mappers())


async def export(engines: Engines, noun: str) -> AsyncGenerator[bytes, None]:
    """Every row of a noun, each as one line of JSON with its line feed.

    Posts also carry `author_email`, `contributor_emails` in order and `tag_slugs`, at the cost of two statements for
    `ROWS_AT_ONCE` posts. Raises `UnknownNoun`.
    """
    if noun not in _mappers():
        raise UnknownNoun(noun)
    complete = COMPLETIONS.get(noun)
    # PostgreSQL keeps a cursor only inside a transaction; other statements may run between two of its fetches.
    async with (
        engines.snapshot().connect() as connection,
        connection.stream(_statement(noun), execution_options={"yield_per": ROWS_AT_ONCE}) as result,
    ):
        async for part in result.mappings().partitions():
            rows = [dict(row) for row in part]
            if complete is not None:
                await complete(connection, rows)
            for row in rows:
                yield _line(row)


def _mappers() -> Mapping[str, Mapper[Any]]:
    mappers = [mapper for mapper in Base.registry.mappers if mapper.class_ not in NO_NOUNS]
    return {bare(mapper.local_table.name): mapper for mapper in mappers}  # type: ignore[attr-defined]


def _statement(noun: str) -> Select[Any]:
    mapper = _mappers()[noun]
    names = [name for name in mapper.column_attrs.keys() if name not in NEVER_EXPORTED]  # noqa: SIM118 - no dict
    statement = select(*(getattr(mapper.class_, name).label(name) for name in names))
    if mapper.class_ is Post:
        statement = statement.join(Post.author).add_columns(User.email.label("author_email"))
    return statement.order_by(*mapper.primary_key)


async def _complete_posts(connection: AsyncConnection, posts: Sequence[Row]) -> None:
    """Add what the tables around these posts say, in two statements."""
    ids = [post["id"] for post in posts]
    emails = (
        select(post_contributors.c.post_id, User.email)
        .join(User, User.id == post_contributors.c.user_id)
        .where(post_contributors.c.post_id.in_(ids))
        .order_by(post_contributors.c.position, User.id)
    )
    slugs = (
        select(post_tags.c.post_id, Tag.slug)
        .join(Tag, Tag.id == post_tags.c.tag_id)
        .where(post_tags.c.post_id.in_(ids))
        .order_by(Tag.slug)
    )
    for key, statement in (("contributor_emails", emails), ("tag_slugs", slugs)):
        by_post: dict[int, list[str]] = {id_: [] for id_ in ids}
        for post_id, value in await connection.execute(statement):
            by_post[post_id].append(value)
        for post in posts:
            post[key] = by_post[post["id"]]


COMPLETIONS: Mapping[str, Callable[[AsyncConnection, Sequence[Row]], Coroutine[Any, Any, None]]] = {
    Post.__tablename__: _complete_posts
}


def _line(row: Row) -> bytes:
    try:
        return orjson.dumps(row, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # an integer above 64 bits inside a document: JSON allows it, orjson does not
        return json.dumps(row, default=_plain).encode() + b"\n"


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
