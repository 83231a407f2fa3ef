"""Many parents in, one statement out."""

from db.statements.cache import MAX_STATEMENTS, StatementCache
from db.statements.pages import PageShape, Side, counted_page, page, page_and_count
from db.statements.rows import (
    KEYS,
    LIMIT,
    MAX_CHAIN,
    Key,
    Keys,
    Statement,
    aggregate,
    by_key,
    conditions,
    count,
    first_by_key,
    groups,
    joined,
    labelled,
    limit,
    rows_by_key,
)

__all__ = [
    "KEYS",
    "LIMIT",
    "MAX_CHAIN",
    "MAX_STATEMENTS",
    "Key",
    "Keys",
    "PageShape",
    "Side",
    "Statement",
    "StatementCache",
    "aggregate",
    "by_key",
    "conditions",
    "count",
    "counted_page",
    "first_by_key",
    "groups",
    "joined",
    "labelled",
    "limit",
    "page",
    "page_and_count",
    "rows_by_key",
]
