"""Many parents in, one statement out.

Sources and shapes enter, statements leave; a dialect is given by SQLAlchemy's name. They know columns and keys, not
GraphQL. They never execute and never commit.
"""

from db.dialects import LIMIT, OFFSET
from db.relations import Key
from db.statements.cache import MAX_STATEMENTS, StatementCache
from db.statements.combined import Combination, Member, forms_of, is_selective
from db.statements.conditions import MAX_CHAIN, conditions, joined
from db.statements.counts import aggregate, count
from db.statements.distinct import first_of_each
from db.statements.groups import GroupShape, count_groups, groups
from db.statements.pages import PageShape, Side, counted_page, page, page_and_count
from db.statements.references import kept_by, references_to
from db.statements.rows import rows_by_key, rows_judged
from db.statements.statement import Statement, by_key, first_by_key

__all__ = [
    "LIMIT",
    "MAX_CHAIN",
    "MAX_STATEMENTS",
    "OFFSET",
    "Combination",
    "GroupShape",
    "Key",
    "Member",
    "PageShape",
    "Side",
    "Statement",
    "StatementCache",
    "aggregate",
    "by_key",
    "conditions",
    "count",
    "count_groups",
    "counted_page",
    "first_by_key",
    "first_of_each",
    "forms_of",
    "groups",
    "is_selective",
    "joined",
    "kept_by",
    "page",
    "page_and_count",
    "references_to",
    "rows_by_key",
    "rows_judged",
]
