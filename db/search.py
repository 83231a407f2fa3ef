"""Full-text search: which rows speak of some words, and how much.

Text enters as people type it: words, "phrases" and -exclusions. A source of rows leaves, the best hits first. The
index is `db.full_text`'s. Sources: https://www.postgresql.org/docs/current/textsearch-controls.html,
https://www.sqlite.org/fts5.html#full_text_query_syntax
"""

from typing import Any

from sqlalchemy import Double, bindparam, column, inspect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db import full_text, models
from db.functions import FTS5_QUERY
from db.links import Source, Term


class _Hits(FunctionElement[Any]):
    """`(text)`: a table of the ids of posts, with their rank; titles weigh most, then summaries."""

    name = "trellis_post_hits"
    inherit_cache = True


@compiles(_Hits)
def _on_sqlite(element: _Hits, compiler: SQLCompiler, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    table = full_text.TABLE
    return (
        f"(SELECT rowid AS id, -bm25({table}, 8.0, 4.0, 1.0) AS rank"
        f" FROM {table} WHERE {table} MATCH {FTS5_QUERY}({text}))"
    )


@compiles(_Hits, "postgresql")
def _on_postgresql(element: _Hits, compiler: SQLCompiler, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    vector = full_text.VECTOR
    return (
        f"(SELECT id, CAST(ts_rank_cd({vector}, query) AS double precision) AS rank"
        f" FROM posts, websearch_to_tsquery('english', {text}) AS query WHERE {vector} @@ query)"
    )


def posts(text: str) -> Source:
    """The posts that speak of a text, the best hits first."""
    post = aliased(models.Post)
    hits = _Hits(bindparam("text", text, unique=True)).table_valued(
        column("id", models.Post.id.type), column("rank", Double()), name="hits"
    )
    from_clause = inspect(post).selectable.join(hits, post.id == hits.c.id)
    return Source(post, from_clause, order=(Term(hits.c.rank, descending=True),))
