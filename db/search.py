"""Full-text search: which posts speak of some words, and how prominently.

A text enters as people type it; a source of rows leaves, the best hits first. What a text means is `db.words.query`'s
affair, the index `db.search_index`'s. The rank of a post comes of the post alone: whether others are hidden, nobody
can tell by it. docs/decisions/0020-search.md
"""

import json
from itertools import chain
from typing import Any

from sqlalchemy import Double, bindparam, column, inspect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db import models
from db.relations import Source, Term
from db.search_index import TABLE, VECTOR
from db.words import postgresql, sqlite
from db.words.query import Phrase, Query, query_of

WEIGHTS = {"title": 4, "summary": 2}
"""What a word or phrase of the query counts when it stands there, once or often; in the content, nothing more."""

WORD, PHRASE, BEGINNING, SHORT_BEGINNING, EXCLUDED_PHRASE = 3, 15, 15, 60, 60
"""The work of each part of a query, measured over posts of 600 and of 6,000 characters: docs/decisions/0037."""
SHORT = 3
"""A beginning with fewer letters is short."""

FIELDS = ("title", "summary", "content")


class _Hits(FunctionElement[Any]):
    """`(asked, query, wanted, patterns, unwanted)`: a table of the ids of posts, with their rank.

    The first is for SQLite, the others are for PostgreSQL: what all vectors fulfil; for each word or phrase that is
    wanted what its vectors fulfil, and the patterns of its text where vectors do not tell; such patterns of what is
    unwanted. The last three have a line for each.
    """

    name = "trellis_post_hits"
    inherit_cache = True
    reads = frozenset({models.Post.__tablename__})
    """The index is of posts alone, and changes with them."""


@compiles(_Hits)
def _on_sqlite(element: _Hits, compiler: SQLCompiler, **kw: Any) -> str:
    asked = compiler.process(element.clauses.clauses[0], **kw)
    # A row of `asked` has a query and what it counts. The first is the whole, so who is found by it alone is a hit.
    return (
        f"(SELECT {TABLE}.rowid AS id, total(json_extract(asked.value, '$[0]')) AS rank"
        f" FROM json_each({asked}) AS asked CROSS JOIN {TABLE} ON {TABLE} MATCH json_extract(asked.value, '$[1]')"
        f" GROUP BY {TABLE}.rowid HAVING min(asked.key) = 0)"
    )


@compiles(_Hits, "postgresql")
def _on_postgresql(element: _Hits, compiler: SQLCompiler, **kw: Any) -> str:
    query, wanted, patterns, unwanted = (compiler.process(clause, **kw) for clause in element.clauses.clauses[1:])
    rank = " + ".join(
        f"{weight} * CAST({name}_vector @@ query AND (patterns IS NULL OR {_has_pattern(name)}) AS int)"
        for name, weight in WEIGHTS.items()
    )
    matches = " OR ".join(map(_has_pattern, FIELDS))
    return (
        f"(SELECT id, CAST((SELECT sum({rank})"
        f" FROM unnest({_lines(wanted, 'tsquery')}, {_lines(patterns)}) AS part (query, patterns)"
        f") AS double precision) AS rank FROM {TABLE} WHERE {VECTOR} @@ CAST({query} AS tsquery)"
        f" AND NOT EXISTS (SELECT FROM unnest({_lines(patterns)}) AS patterns WHERE NOT ({matches}))"
        f" AND NOT EXISTS (SELECT FROM unnest({_lines(unwanted)}) AS patterns WHERE {matches}))"
    )


def _has_pattern(field: str) -> str:
    return f"{field} LIKE ANY (string_to_array(patterns, '{postgresql.OR}'))"


def _lines(text: str, kind: str = "text") -> str:
    """The lines of a text as an array, null for an empty one; a SELECT of its own, so that it is made once for all."""
    return f"(SELECT CAST(string_to_array({text}, chr(10), '') AS {kind}[]))"


def posts(text: str) -> Source:
    """The posts that speak of a text, the best hits first. Raises `db.words.query.QueryTooLong`."""
    post = aliased(models.Post)
    hits = _hits(query_of(text)).table_valued(column("id", models.Post.id.type), column("rank", Double()), name="hits")
    from_clause = inspect(post).selectable.join(hits, post.id == hits.c.id)
    return Source(post, from_clause, order=(Term(hits.c.rank, descending=True),))


def work(text: str) -> int:
    """What a text asks of a database: 1 is a millisecond for 40,000 posts. Raises `db.words.query.QueryTooLong`."""
    query = query_of(text)
    return sum(map(_work, chain.from_iterable((*query.wanted, *query.unwanted)))) + sum(
        EXCLUDED_PHRASE for group in query.unwanted if any(len(phrase.words) > 1 for phrase in group)
    )


def _work(phrase: Phrase) -> int:
    """Of a beginning, all words that begin so are gathered: the fewer letters, the more."""
    if phrase.is_beginning:
        return SHORT_BEGINNING if len(phrase.words[-1]) < SHORT else BEGINNING
    return WORD if len(phrase.words) == 1 else PHRASE


def _hits(query: Query) -> _Hits:
    values = {
        "asked": json.dumps(_asked(query)),
        "query": postgresql.tsquery(query),
        "wanted": "\n".join(map(postgresql.any_of, query.wanted)),
        "patterns": "\n".join(map(postgresql.patterns, query.wanted)),
        "unwanted": "\n".join(filter(None, map(postgresql.patterns, query.unwanted))),
    }
    return _Hits(*(bindparam(name, value, unique=True) for name, value in values.items()))


def _asked(query: Query) -> list[tuple[int, str]]:
    """What SQLite is asked: the whole, then each wanted word in the fields where it counts."""
    counted = [
        (weight, f"{field} : {sqlite.any_of(group)}") for group in query.wanted for field, weight in WEIGHTS.items()
    ]
    return [(0, sqlite.fts5_query(query)), *counted]
