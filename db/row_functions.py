"""Values that a function of the database computes of a whole row.

    class User(Base):
        full_name = row_function("users_full_name", Text())

A function's name enters, a hybrid of the model leaves: clients see it, filter by it and order by it as by a column, and
the database computes it. Python has no value for it.

Sources: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-USAGE,
https://docs.sqlalchemy.org/en/21/core/selectable.html#sqlalchemy.sql.expression.FromClause.table_valued
"""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.sql.functions import Function

from db.relations import ColumnType


def row_function(name: str, type_: ColumnType, *, schema: str | None = None, doc: str = "") -> hybrid_property[Any]:
    """A hybrid that is a function of the model's row, and of nothing else. Its value may be null."""

    def in_python(row: object) -> Any:
        raise AttributeError(f"{name} of {type(row).__name__} is computed by the database; select it there.")

    def in_sql(cls: type[Any]) -> Function[Any]:
        row = inspect(cls).selectable.table_valued()
        packages = () if schema is None else (quoted_name(schema, quote=True),)
        return Function(quoted_name(name, quote=True), row, packagenames=packages, type_=type_)

    in_python.__doc__ = doc or None
    return hybrid_property(in_python, expr=in_sql)
