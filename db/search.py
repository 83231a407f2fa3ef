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
from db.dialects.sqlite import FTS5_QUERY
from db.relations import Source, Term

WEIGHTS = {"title": 8, "summary": 4, "content": 1}
"""SQLite: what an occurrence counts, by the columns of the index in their order."""


class _Hits(FunctionElement[Any]):
    """`(text)`: a table of the ids of posts, with their rank; titles weigh most, then summaries."""

    name = "trellis_post_hits"
    inherit_cache = True


@compiles(_Hits)
def _on_sqlite(element: _Hits, compiler: SQLCompiler, **kw: Any) -> str:
    text = compiler.process(element.clauses, **kw)
    table = full_text.TABLE
    hits = (f"{weight} * {_occurrences(table, number, name)}" for number, (name, weight) in enumerate(WEIGHTS.items()))
    return (
        f"(SELECT rowid AS id, CAST({' + '.join(hits)} AS REAL) AS rank"
        f" FROM {table} WHERE {table} MATCH {FTS5_QUERY}({text}))"
    )


def _occurrences(table: str, number: int, column: str) -> str:
    """How often the words occur in a column: each is marked, and the marks are counted.

    FTS5's own rank weighs words by how rare they are among all posts, and so would tell of posts that are hidden.
    """
    return f"coalesce(length(highlight({table}, {number}, char(1), '')) - length({column}), 0)"


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
