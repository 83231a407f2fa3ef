"""Where rows of one model come from in one statement.

A model enters, a `Source` leaves; the sources of related rows are made by `db.relations.relationships`.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy.orm import aliased

from db.relations.order import Term
from db.relations.rows import Expression, Row


class Source(NamedTuple):
    """A FROM clause, the alias whose rows count, and the columns that say which parent a row belongs to."""

    row: Row
    from_clause: Any
    """The row itself or a join; never its bare table, which would forget that classes may share one."""
    key: tuple[Expression, ...] = ()
    """The columns that carry the parent's key; none at the root."""
    order: tuple[Term, ...] = ()
    """The natural order, for requests without an `orderBy`; the primary key comes behind these terms."""
    through_table: bool = False
    """Whether a table of pairs stands between parents and children."""
    only: tuple[ColumnElement[bool], ...] = ()
    """What holds of the rows that count, where that hangs on the other rows of the source."""


def root(model: type[object]) -> Source:
    """All rows of a model."""
    row = aliased(model)
    return Source(row, row)
