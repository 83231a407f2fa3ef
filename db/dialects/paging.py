"""A page of each parent: the parts that every database's form shares.

Rows of all parents and their order enter the forms; at most `limit()` rows of each parent leave, in order. Which form
a database takes stands in its own file. Why: docs/decisions/0003-a-page-per-parent.md.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Integer, Label, Select, bindparam, literal_column, select

from db.relations import Expression, Term

Query: TypeAlias = Select[*tuple[Any, ...]]
"""A SELECT whose columns are chosen when it is built."""

# Parameters of conditions are called after their columns, so ours have names that no column has.
LIMIT = "__limit"
"""The parameter that says how many rows a page takes for each parent; ask for one more than is shown."""
OFFSET = "__offset"
"""The parameter that says how many rows of each parent stand in front of the page."""


class PagedRows(NamedTuple):
    """The rows of all parents, of which each parent gets one page."""

    rows: Query
    """The asked-for columns under every condition but the keys'; without order or limit."""
    key: tuple[Expression, ...]
    """The columns that say which parent a row belongs to."""
    order: tuple[Term, ...]
    """A total order; for a backward page, the reversed one."""
    cursors: bool
    """Whether the values of the order's terms are wanted, behind the columns."""
    through_table: bool
    """Whether a table of pairs stands between parents and rows."""
    skips: bool = False
    """Whether the page begins behind `offset()` rows of each parent."""
    most: int | None = None
    """What `limit()` is at most, of pages whose rows say their number, as the last column; None: they do not.

    Rows that say their number come in any order.
    """
    most_together: int = 0
    """How many rows all pages have together, about: a planner that knows no keys is told so."""
    reads_all: bool = False
    """Whether all rows of the parents are read anyway, whatever their pages have."""


def limit() -> ColumnElement[int]:
    """The number of rows that a page takes, bound when the statement runs."""
    return bindparam(LIMIT, type_=Integer())


def offset() -> ColumnElement[int]:
    """The number of rows in front of a page, bound when the statement runs."""
    return bindparam(OFFSET, type_=Integer())


def cut(rows: Query, *, skips: bool) -> Query:
    """A page of rows that stand in order."""
    page = rows.limit(limit())
    return page.offset(offset()) if skips else page


def first_of(rows: Query, most: int, parent: FromClause | None = None) -> Query:
    """A page of rows that stand in order and have a `number`, for a planner that is not told how long the page is.

    PostgreSQL takes an unknown LIMIT for a tenth of the table, and so plans the statement anew for every run. Here it
    is told the most that the LIMIT may be. The condition says which rows are meant, the LIMIT where to stop.
    """
    bounded = rows.limit(literal_column(str(most)))
    first = bounded.subquery("first") if parent is None else bounded.correlate(parent).lateral("first")
    return select(first).where(first.c.number <= limit()).limit(limit())


def on_page(number: ColumnElement[int], *, skips: bool) -> list[ColumnElement[bool]]:
    """Whether a row stands on a page, by its number among the rows of its parent, which begins at one."""
    return [number > offset(), number <= offset() + limit()] if skips else [number <= limit()]


def labelled(key: Sequence[Expression]) -> list[Label[Any]]:
    """The columns of a key under the names `key_0`, `key_1`, which no model's column has."""
    return [column.label(f"key_{index}") for index, column in enumerate(key)]


def sorted_by(order: Sequence[Term]) -> list[Expression]:
    """The terms of an order for ORDER BY."""
    return [term.sql() for term in order]
