"""The demo with as many posts as an attack needs: copies of its own, with long texts, made by the database itself."""

from sqlalchemy import func, select, text

from db.models import Post
from db.session.engines import Engines
from graph.settings import Settings

STEP = 100_000
"""Between the id of a post and that of its copy."""

FILLING_S = 600

COPY_POSTS = f"""
    INSERT INTO posts (id, slug, title, summary, content, status, published_at, author_id,
        created_at, updated_at, version)
    WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < :copies)
    SELECT posts.id + {STEP} * n, slug || '-copy-' || n, title, summary, content, status, published_at, author_id,
        created_at, updated_at, version
    FROM posts CROSS JOIN copies
"""
COPY_CONTRIBUTORS = f"""
    INSERT INTO post_contributors (post_id, user_id, position)
    SELECT copy.id, pair.user_id, pair.position
    FROM posts AS copy JOIN post_contributors AS pair ON pair.post_id = copy.id % {STEP} WHERE copy.id > {STEP}
"""
COPY_TAGS = f"""
    INSERT INTO post_tags (post_id, tag_id)
    SELECT copy.id, pair.tag_id
    FROM posts AS copy JOIN post_tags AS pair ON pair.post_id = copy.id % {STEP} WHERE copy.id > {STEP}
"""


def patient(settings: Settings) -> Settings:
    """The same database, for statements that take long."""
    return settings.model_copy(update={"statement_timeout_s": FILLING_S})


async def add_posts(engines: Engines, wanted: int) -> None:
    """Copy the posts of a filled demo until there are about so many, and tell the planner."""
    async with engines.writing().begin() as connection:
        there = await connection.scalar(select(func.count()).select_from(Post))
        await connection.execute(text(COPY_POSTS), {"copies": max(1, wanted // (there or 1) - 1)})
        await connection.execute(text(COPY_CONTRIBUTORS))
        await connection.execute(text(COPY_TAGS))
    async with engines.writing().connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("ANALYZE"))
