"""Plans of databases, and the indexes that would change them: the words that all databases share.

What a database says of a statement is a `Plan`; what a statement asks of a table is a `Need`; an `IndexForm` is how a
database serves a need. Nothing is executed here.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Table

from db.relations import Expression, Term


class Plan(NamedTuple):
    """How a database answers a statement."""

    text: str
    """In the database's own words."""
    scanned: Mapping[str, float | None]
    """The tables that are read from end to end, and how many of their rows stay; None: the database does not say."""
    sorted_rows: float
    """The most rows that are put in order at once; infinity for an unknown number."""
    is_analyzed: bool = False
    """Whether it tells what happened when the statement was run."""


class Search(Enum):
    """What is looked for inside of values."""

    PART = "a part of"
    START = "the start of"
    DOCUMENT = "what is in"


class OrderedNeed(NamedTuple):
    """Rows of a table by the values of columns, in an order or not: what an index of sorted values serves."""

    table: Table
    equal: tuple[Expression, ...]
    """What is equal to something; columns of the table, or expressions on them."""
    ranged: Expression | None
    """What is between values."""
    order: tuple[Term, ...]
    """The order of rows of which only the first are wanted."""


class SearchNeed(NamedTuple):
    """Rows of a table by what is inside of a value."""

    table: Table
    search: Search
    value: Expression


Need: TypeAlias = OrderedNeed | SearchNeed


class IndexForm(NamedTuple):
    """An index as a database wants it."""

    parts: Sequence[Expression]
    options: Mapping[str, Any] = {}
    """SQLAlchemy's options of `Index` for this database."""
    method: str = ""
    """What tells the index from one of sorted values, as a word for its name."""
    remark: str = ""
    """What has to be there first."""
