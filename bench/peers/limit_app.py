"""The limit: the same questions as statements on raw asyncpg, rows into dicts by hand, JSON by orjson. No GraphQL.

A path names the operation, the JSON body has its arguments. More than one statement runs in one REPEATABLE READ,
READ ONLY transaction, so that all levels agree; one alone runs without BEGIN. What a server for any schema needs,
a parser, arguments, permissions, pages with cursors, is left out: no such server can be faster than this.
"""

from collections.abc import Iterable
from typing import Any

import asyncpg

from bench.peers import limit_changes, limit_members
from bench.peers.limit_serving import (
    Answer,
    Asked,
    Connection,
    ForMember,
    Handler,
    Headers,
    Limit,
    Objects,
    groups,
)

USER = "SELECT id, name, email FROM users WHERE id = $1"
USERS_PAGE = "SELECT id, name FROM users ORDER BY id LIMIT $1"
USERS = "SELECT id, name FROM users WHERE id = ANY($1::BIGINT[])"
NEWEST = "SELECT id, title, created_at, author_id FROM posts ORDER BY created_at DESC, id DESC LIMIT $1"
NEWEST_FOR_MEMBER = """
    SELECT id, title, created_at, author_id FROM posts WHERE status = 'published' OR author_id = $2
    ORDER BY created_at DESC, id DESC LIMIT $1
"""
FLAT = "SELECT id, slug, title, summary, version, created_at FROM posts ORDER BY created_at DESC, id DESC LIMIT $1"
FIRST_POSTS = """
    SELECT author.id, post.id, post.title, post.published_at
    FROM unnest($1::BIGINT[]) WITH ORDINALITY AS author (id, position)
    JOIN LATERAL (
        SELECT id, title, published_at FROM posts WHERE author_id = author.id ORDER BY published_at, id LIMIT $2
    ) AS post ON true
    ORDER BY author.position, post.published_at, post.id
"""
ALL_POSTS = """
    SELECT author_id, id, title, published_at FROM posts WHERE author_id = ANY($1::BIGINT[])
    ORDER BY author_id, published_at, id
"""
TAGS = """
    SELECT post_id, tags.id, tags.name FROM post_tags JOIN tags ON tags.id = tag_id
    WHERE post_id = ANY($1::BIGINT[]) ORDER BY post_id, tags.id
"""
FITTING = """
    FROM tags JOIN post_tags ON tag_id = tags.id JOIN posts ON posts.id = post_id
    WHERE tags.slug = $1 AND title LIKE '%' || $2 || '%'
"""
COUNT_FITTING = f"SELECT count(*) {FITTING}"
NEWEST_FITTING = f"SELECT posts.id, title, created_at {FITTING} ORDER BY created_at DESC, posts.id DESC LIMIT $3"


async def feed(connection: Connection, asked: Asked) -> Answer:
    """The newest posts with author and tags."""
    return await _with_authors_and_tags(connection, await connection.fetch(NEWEST, asked["first"]))


async def members_feed(connection: Connection, asked: Asked, member: int) -> Answer:
    """The same, of what a member may see."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        posts = await connection.fetch(NEWEST_FOR_MEMBER, asked["first"], member)
        return await _with_authors_and_tags(connection, posts)


async def _with_authors_and_tags(connection: Connection, posts: list[asyncpg.Record]) -> Answer:
    authors = await _users(connection, {author for _, _, _, author in posts})
    tags = await _tags(connection, [id_ for id_, _, _, _ in posts])
    return [
        {"id": id_, "title": title, "createdAt": created, "author": authors[author], "tags": tags[id_]}
        for id_, title, created, author in posts
    ]


async def authors(connection: Connection, asked: Asked) -> Answer:
    """Users, each with the first posts, each with tags."""
    users = await _users_page(connection, asked["users"])
    await _with_posts(connection, users, await connection.fetch(FIRST_POSTS, _ids(users), asked["posts"]))
    return users


async def everything(connection: Connection, asked: Asked) -> Answer:
    """Users, each with all posts, each with tags."""
    users = await _users_page(connection, asked["users"])
    await _with_posts(connection, users, await connection.fetch(ALL_POSTS, _ids(users)))
    return users


async def skewed(connection: Connection, asked: Asked) -> Answer:
    """The first posts, with tags, of one user and of some others."""
    users = [await lookup(connection, asked), *await _users_page(connection, asked["users"])]
    del users[0]["email"]
    await _with_posts(connection, users, await connection.fetch(FIRST_POSTS, _ids(users), asked["posts"]))
    return {"prolific": users[0], "beside": users[1:]}


async def deep(connection: Connection, asked: Asked) -> Answer:
    """Users, their first posts, the author of each, the author's first posts, the tags of those."""
    users = await _users_page(connection, asked["users"])
    rows = await connection.fetch(FIRST_POSTS, _ids(users), asked["posts"])
    authors = await _users(connection, {author for author, _, _, _ in rows})
    inner = await connection.fetch(FIRST_POSTS, list(authors), asked["posts"])
    await _with_posts(connection, authors.values(), inner, dated=False)
    posts = groups(_ids(users))
    for author, id_, title, _ in rows:
        posts[author].append({"id": id_, "title": title, "author": authors[author]})
    return [{**user, "posts": posts[user["id"]]} for user in users]


async def lookup(connection: Connection, asked: Asked) -> Answer:
    """One user."""
    row = await connection.fetchrow(USER, asked["id"])
    return None if row is None else {"id": row[0], "name": row[1], "email": row[2]}


async def flat(connection: Connection, asked: Asked) -> Answer:
    """Many rows of six columns."""
    return [
        {"id": id_, "slug": slug, "title": title, "summary": summary, "version": version, "createdAt": created}
        for id_, slug, title, summary, version, created in await connection.fetch(FLAT, asked["first"])
    ]


async def filtered(connection: Connection, asked: Asked) -> Answer:
    """A page of posts with a tag and a word in the title, and how many there are."""
    total = await connection.fetchval(COUNT_FITTING, asked["tag"], asked["title"])
    rows = await connection.fetch(NEWEST_FITTING, asked["tag"], asked["title"], asked["first"])
    nodes = [{"id": id_, "title": title, "createdAt": created} for id_, title, created in rows]
    return {"totalCount": total, "nodes": nodes}


async def _users_page(connection: Connection, first: int) -> Objects:
    return [{"id": id_, "name": name} for id_, name in await connection.fetch(USERS_PAGE, first)]


async def _users(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    return {id_: {"id": id_, "name": name} for id_, name in await connection.fetch(USERS, list(ids))}


async def _with_posts(
    connection: Connection, users: Iterable[dict[str, Any]], rows: Any, *, dated: bool = True
) -> None:
    """Give each user its posts, and each post its tags."""
    tags = await _tags(connection, [id_ for _, id_, _, _ in rows])
    posts = groups([user["id"] for user in users])
    if dated:
        for author, id_, title, published in rows:
            posts[author].append({"id": id_, "title": title, "publishedAt": published, "tags": tags[id_]})
    else:
        for author, id_, title, _ in rows:
            posts[author].append({"id": id_, "title": title, "tags": tags[id_]})
    for user in users:
        user["posts"] = posts[user["id"]]


async def _tags(connection: Connection, posts: list[int]) -> dict[int, Objects]:
    tags = groups(posts)
    for post, id_, name in await connection.fetch(TAGS, posts):
        tags[post].append({"id": id_, "name": name})
    return tags


def _ids(objects: Objects) -> list[int]:
    return [one["id"] for one in objects]


ALONE: dict[str, Handler] = {"/lookup": lookup, "/flat": flat}
IN_ONE_VIEW: dict[str, Handler] = {
    "/feed": feed,
    "/authors": authors,
    "/all": everything,
    "/skewed": skewed,
    "/deep": deep,
    "/filtered": filtered,
}
CHANGES: dict[str, Handler] = {"/write": limit_changes.write, "/transfer": limit_changes.transfer}


SIGNED_IN: dict[str, ForMember] = {"/signed_in": members_feed, "/signed_in_lookup": limit_members.alike(lookup)}


async def _answer(connection: Connection, path: str, asked: Asked, headers: Headers) -> Answer:
    if path in CHANGES:
        return await CHANGES[path](connection, asked)
    if path in ALONE:
        return await ALONE[path](connection, asked)
    if path in IN_ONE_VIEW:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await IN_ONE_VIEW[path](connection, asked)
    if path in SIGNED_IN:
        return await SIGNED_IN[path](connection, asked, await limit_members.signed_in(connection, headers))
    assert path == "/hidden"
    return await members_feed(connection, asked, limit_members.named(headers))


app = Limit(_answer)
