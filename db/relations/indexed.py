"""Which columns lead an index, as far as models say.

An expression enters, a boolean leaves. No database is asked: what somebody has created by hand is not known here.
"""

from sqlalchemy import ColumnElement, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.sql.elements import SQLCoreOperations

from db.views import is_view


def leads_an_index(expression: object) -> bool:
    """Whether rows are found by a column, and come in its order, without reading all: it is the first of an index."""
    element = expression.__clause_element__() if hasattr(expression, "__clause_element__") else expression
    if not isinstance(element, ColumnElement | SQLCoreOperations):
        return False
    return any(_leads(column) for column in getattr(element, "base_columns", ()))


def _leads(column: object) -> bool:
    table = getattr(column, "table", None)
    if not isinstance(table, Table) or is_view(table):
        return False  # the key of a view is told, and nothing finds its rows
    keys = (it for it in table.constraints if isinstance(it, PrimaryKeyConstraint | UniqueConstraint))
    return any(next(iter(it.columns), None) is column for it in (*keys, *table.indexes))
