"""The limit of one statement: all levels of an operation in one round trip, by hand on raw asyncpg.

A path names the operation, the JSON body has its arguments. Each level is a part of one WITH, and comes back as one
array for each column; Python puts the arrays together. One statement is one view of the database: no BEGIN, no COMMIT.

What PostgreSQL needs to be cheap here: `= ANY (ARRAY(…))` keeps its index scans at every size, which IN (SELECT …)
does not; a root has the greatest page as a number, for with `LIMIT $1` alone PostgreSQL expects a tenth of the table
and plans anew each time. No rows make NULL, not an empty array.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import asyncpg

from bench.peers import limit_members
from bench.peers.limit_app import USER
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

Column: TypeAlias = Sequence[Any] | None

MAX_PAGE = 100
MAX_FLAT = 1_000

NEWEST = "ORDER BY created_at DESC, id DESC"
BY_DATE = "ORDER BY author_id, published_at, id"
USERS_PAGE = f"""
    users_page AS MATERIALIZED (
        SELECT id, name FROM (SELECT id, name FROM users ORDER BY id LIMIT {MAX_PAGE}) AS bounded ORDER BY id LIMIT $1
    )
"""
USERS_COLUMNS = (
    "(SELECT array_agg(id ORDER BY id) FROM users_page), (SELECT array_agg(name ORDER BY id) FROM users_page)"
)


def _first_posts(parents: str) -> str:
    """Some posts of each parent, by date."""
    return f"""
        SELECT parent.id AS author_id, post.id, post.title, post.published_at
        FROM {parents} AS parent CROSS JOIN LATERAL (
            SELECT id, title, published_at FROM posts WHERE author_id = parent.id ORDER BY published_at, id LIMIT $2
        ) AS post
    """


def _tags(posts: str) -> str:
    """The tags of posts, as three arrays."""
    by_post = "ORDER BY post_id, tags.id"
    return f"""
        SELECT array_agg(post_id {by_post}), array_agg(tags.id {by_post}), array_agg(tags.name {by_post})
        FROM post_tags JOIN tags ON tags.id = tag_id
        WHERE post_id = ANY (ARRAY(SELECT id FROM {posts}))
    """


def _feed(posts: str) -> str:
    """Of these posts the newest, with their authors and tags."""
    return f"""
        WITH root AS MATERIALIZED ({posts})
        SELECT posts.*, users.*, tags.*
        FROM (
            SELECT array_agg(id {NEWEST}), array_agg(title {NEWEST}), array_agg(created_at {NEWEST}),
                array_agg(author_id {NEWEST})
            FROM root
        ) AS posts, (
            SELECT array_agg(id ORDER BY id), array_agg(name ORDER BY id) FROM users
            WHERE id = ANY (ARRAY(SELECT DISTINCT author_id FROM root))
        ) AS users, ({_tags("root")}) AS tags
    """


FEED = _feed(f"""
    SELECT * FROM (SELECT id, title, created_at, author_id FROM posts {NEWEST} LIMIT {MAX_PAGE}) AS bounded
    {NEWEST} LIMIT $1
""")
FEED_FOR_MEMBER = _feed(f"""
    SELECT * FROM (
        SELECT id, title, created_at, author_id FROM posts WHERE status = 'published' OR author_id = $2
        {NEWEST} LIMIT {MAX_PAGE}
    ) AS bounded {NEWEST} LIMIT $1
""")
DATED_POSTS = f"""(
    SELECT array_agg(author_id {BY_DATE}), array_agg(id {BY_DATE}), array_agg(title {BY_DATE}),
        array_agg(published_at {BY_DATE})
    FROM found
) AS posts"""
AUTHORS = f"""
    WITH {USERS_PAGE}, found AS MATERIALIZED ({_first_posts("users_page")})
    SELECT {USERS_COLUMNS}, posts.*, tags.* FROM {DATED_POSTS}, ({_tags("found")}) AS tags
"""
SKEWED = f"""
    WITH {USERS_PAGE}, prolific AS MATERIALIZED (SELECT id, name FROM users WHERE id = $3),
        parents AS MATERIALIZED (SELECT id, name FROM prolific UNION SELECT id, name FROM users_page),
        found AS MATERIALIZED ({_first_posts("parents")})
    SELECT (SELECT array_agg(id) FROM prolific), (SELECT array_agg(id ORDER BY id) FROM users_page),
        (SELECT array_agg(id ORDER BY id) FROM parents), (SELECT array_agg(name ORDER BY id) FROM parents),
        posts.*, tags.*
    FROM {DATED_POSTS}, ({_tags("found")}) AS tags
"""
ALL = f"""
    WITH {USERS_PAGE}, found AS MATERIALIZED (
        SELECT author_id, id, title, published_at FROM posts WHERE author_id = ANY (ARRAY(SELECT id FROM users_page))
    )
    SELECT {USERS_COLUMNS}, posts.*, tags.* FROM {DATED_POSTS}, ({_tags("found")}) AS tags
"""
DEEP = f"""
    WITH {USERS_PAGE}, outside AS MATERIALIZED ({_first_posts("users_page")}), authors AS MATERIALIZED (
        SELECT id, name FROM users WHERE id = ANY (ARRAY(SELECT DISTINCT author_id FROM outside))
    ), inside AS MATERIALIZED ({_first_posts("authors")})
    SELECT {USERS_COLUMNS}, outside_posts.*, found_authors.*, inside_posts.*, tags.*
    FROM (
        SELECT array_agg(author_id {BY_DATE}), array_agg(id {BY_DATE}), array_agg(title {BY_DATE}) FROM outside
    ) AS outside_posts, (
        SELECT array_agg(id ORDER BY id), array_agg(name ORDER BY id) FROM authors
    ) AS found_authors, (
        SELECT array_agg(author_id {BY_DATE}), array_agg(id {BY_DATE}), array_agg(title {BY_DATE}) FROM inside
    ) AS inside_posts, ({_tags("inside")}) AS tags
"""
FLAT = f"""
    SELECT array_agg(id {NEWEST}), array_agg(slug {NEWEST}), array_agg(title {NEWEST}), array_agg(summary {NEWEST}),
        array_agg(version {NEWEST}), array_agg(created_at {NEWEST})
    FROM (
        SELECT * FROM (
            SELECT id, slug, title, summary, version, created_at FROM posts {NEWEST} LIMIT {MAX_FLAT}
        ) AS bounded {NEWEST} LIMIT $1
    ) AS page
"""
FILTERED = f"""
    WITH fitting AS MATERIALIZED (
        SELECT posts.id, title, created_at FROM tags JOIN post_tags ON tag_id = tags.id JOIN posts ON posts.id = post_id
        WHERE tags.slug = $1 AND title LIKE '%' || $2 || '%'
    ), page AS (SELECT * FROM fitting {NEWEST} LIMIT $3)
    SELECT (SELECT count(*) FROM fitting), array_agg(id {NEWEST}), array_agg(title {NEWEST}),
        array_agg(created_at {NEWEST})
    FROM page
"""


async def feed(connection: Connection, asked: Asked) -> Answer:
    """The newest posts with author and tags."""
    return _newest(*await _row(connection, FEED, asked["first"]))


async def members_feed(connection: Connection, asked: Asked, member: int) -> Answer:
    """The same, of what a member may see."""
    return _newest(*await _row(connection, FEED_FOR_MEMBER, asked["first"], member))


def _newest(*columns: Column) -> Answer:
    ids, titles, created, authors, *users_and_tags = columns
    users = {user["id"]: user for user in _users(*users_and_tags[:2])}
    tags = _tags_of(ids, *users_and_tags[2:])
    return [
        {"id": id_, "title": title, "createdAt": moment, "author": users[author], "tags": tags[id_]}
        for id_, title, moment, author in _rows(ids, titles, created, authors)
    ]


async def authors(connection: Connection, asked: Asked) -> Answer:
    """Users, each with the first posts, each with tags."""
    return _users_with_posts(*await _row(connection, AUTHORS, asked["users"], asked["posts"]))


async def everything(connection: Connection, asked: Asked) -> Answer:
    """Users, each with all posts, each with tags."""
    return _users_with_posts(*await _row(connection, ALL, asked["users"]))


async def skewed(connection: Connection, asked: Asked) -> Answer:
    """The first posts, with tags, of one user and of some others."""
    prolific, beside, *columns = await _row(connection, SKEWED, asked["users"], asked["posts"], asked["id"])
    users = {user["id"]: user for user in _users_with_posts(*columns)}
    return {"prolific": users[prolific[0]], "beside": [users[id_] for id_ in beside or ()]}


async def deep(connection: Connection, asked: Asked) -> Answer:
    """Users, their first posts, the author of each, the author's first posts, the tags of those."""
    found = await _row(connection, DEEP, asked["users"], asked["posts"])
    tags = _tags_of(found[8], *found[10:])
    authors = _users(*found[5:7])
    inside = groups(author["id"] for author in authors)
    for author, id_, title in _rows(*found[7:10]):
        inside[author].append({"id": id_, "title": title, "tags": tags[id_]})
    by_id = {author["id"]: {**author, "posts": inside[author["id"]]} for author in authors}
    users = _users(*found[:2])
    outside = groups(user["id"] for user in users)
    for author, id_, title in _rows(*found[2:5]):
        outside[author].append({"id": id_, "title": title, "author": by_id[author]})
    return [{**user, "posts": outside[user["id"]]} for user in users]


async def lookup(connection: Connection, asked: Asked) -> Answer:
    """One user: one row is cheaper than arrays of one."""
    row = await connection.fetchrow(USER, asked["id"])
    return None if row is None else {"id": row[0], "name": row[1], "email": row[2]}


async def flat(connection: Connection, asked: Asked) -> Answer:
    """Many rows of six columns."""
    return [
        {"id": id_, "slug": slug, "title": title, "summary": summary, "version": version, "createdAt": created}
        for id_, slug, title, summary, version, created in _rows(*await _row(connection, FLAT, asked["first"]))
    ]


async def filtered(connection: Connection, asked: Asked) -> Answer:
    """A page of posts with a tag and a word in the title, and how many there are."""
    total, *columns = await _row(connection, FILTERED, asked["tag"], asked["title"], asked["first"])
    nodes = [{"id": id_, "title": title, "createdAt": created} for id_, title, created in _rows(*columns)]
    return {"totalCount": total, "nodes": nodes}


async def _row(connection: Connection, statement: str, *parameters: object) -> asyncpg.Record:
    (row,) = await connection.fetch(statement, *parameters)
    return row


def _users_with_posts(*columns: Column) -> Objects:
    """From the arrays of users, of their posts and of the posts' tags."""
    users, tags = _users(*columns[:2]), _tags_of(columns[3], *columns[6:])
    posts = groups(user["id"] for user in users)
    for author, id_, title, published in _rows(*columns[2:6]):
        posts[author].append({"id": id_, "title": title, "publishedAt": published, "tags": tags[id_]})
    for user in users:
        user["posts"] = posts[user["id"]]
    return users


def _users(ids: Column, names: Column) -> Objects:
    return [{"id": id_, "name": name} for id_, name in _rows(ids, names)]


def _tags_of(post_ids: Column, *columns: Column) -> dict[int, Objects]:
    tags = groups(post_ids or ())
    for post, id_, name in _rows(*columns):
        tags[post].append({"id": id_, "name": name})
    return tags


def _rows(*columns: Column) -> Iterable[tuple[Any, ...]]:
    return zip(*(column or () for column in columns), strict=True)


HANDLERS: dict[str, Handler] = {
    "/feed": feed,
    "/authors": authors,
    "/all": everything,
    "/skewed": skewed,
    "/deep": deep,
    "/lookup": lookup,
    "/flat": flat,
    "/filtered": filtered,
}


SIGNED_IN: dict[str, ForMember] = {"/signed_in": members_feed, "/signed_in_lookup": limit_members.alike(lookup)}


async def _answer(connection: Connection, path: str, asked: Asked, headers: Headers) -> Answer:
    if path in HANDLERS:
        return await HANDLERS[path](connection, asked)
    if path in SIGNED_IN:
        return await SIGNED_IN[path](connection, asked, await limit_members.signed_in(connection, headers))
    assert path == "/hidden"
    return await members_feed(connection, asked, limit_members.named(headers))


app = Limit(_answer)
