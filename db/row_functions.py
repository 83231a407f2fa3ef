"""What functions of the database give: values that they compute of a row, and values and rows by themselves.

    class User(Base):
        full_name = row_function("users_full_name", Text())

    add = Called("add_numbers", {"a": Integer(), "b": Integer()})

A function's name enters. Of a row, a hybrid of the model leaves: clients see it, filter by it and order it as by a
column, and the database computes it; Python has no value for it. By itself, a call leaves, or the source of a list.

Sources: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-USAGE,
https://www.postgresql.org/docs/current/sql-syntax-calling-funcs.html,
https://docs.sqlalchemy.org/en/21/core/selectable.html#sqlalchemy.sql.expression.FromClause.table_valued
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BindParameter, bindparam, column, inspect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapper, aliased
from sqlalchemy.sql.elements import ColumnElement, quoted_name
from sqlalchemy.sql.functions import Function

from db.relations import ColumnType, Source, Term

PLACE = "ordinality"
"""What PostgreSQL calls the number of a row among those that a function gives."""


def row_function(name: str, type_: ColumnType, *, schema: str | None = None, doc: str = "") -> hybrid_property[Any]:
    """A hybrid that is a function of the model's row, and of nothing else. Its value may be null."""

    def in_python(row: object) -> Any:
        raise AttributeError(f"{name} of {type(row).__name__} is computed by the database; select it there.")

    def in_sql(cls: type[Any]) -> Function[Any]:
        row = inspect(cls).selectable.table_valued()
        return _function(name, schema, row, type_=type_)

    in_python.__doc__ = doc or None
    return hybrid_property(in_python, expr=in_sql)


@dataclass(frozen=True, eq=False)
class Called:
    """A function of the database that changes nothing, and its arguments by their names there.

    Where a function's arguments have no names, `by_place` says so: those that are given are the first.
    """

    name: str
    arguments: Mapping[str, ColumnType] = field(default_factory=dict)
    schema: str | None = None
    required: int | None = None
    """How many arguments have no default; None: all of them."""
    by_place: bool = False

    def call(self, values: Mapping[str, Any], type_: ColumnType | None = None) -> Function[Any]:
        """The call with the values of some arguments; others have their defaults, or are null.

        Raises `ValueError` for an argument that is told by its place alone, and one in front of which is left out.
        """
        required = len(self.arguments) if self.required is None else self.required
        missing = [name for place, name in enumerate(self.arguments) if place >= required and name not in values]
        given = [name for name in self.arguments if name not in missing]
        if self.by_place and given != list(self.arguments)[: len(given)]:
            raise ValueError("each argument in front of one that is given must be given, too")
        parts = [self._argument(name, values.get(name)) for name in given]
        return _function(self.name, self.schema, *parts, type_=type_)

    def rows(self, mapper: Mapper[Any], values: Mapping[str, Any]) -> Source:
        """The rows of a model's table that a call gives, in the order in which they come.

        A function that computes a value of a row takes no row with a number, so that rows of such models are in the
        order of their key.
        """
        names = {each.name: each.type for each in mapper.local_table.columns}
        numbered = PLACE not in names and not any(
            isinstance(each, hybrid_property) for each in mapper.all_orm_descriptors
        )
        call, columns = self.call(values), [column(name, type_) for name, type_ in names.items()]
        found = call.table_valued(*columns, with_ordinality=PLACE) if numbered else call.table_valued(*columns)
        row = aliased(mapper.entity, found.alias(), adapt_on_names=True)
        return Source(row, row, (), (Term(inspect(row).selectable.c[PLACE]),) if numbered else ())

    def _argument(self, name: str, given: object) -> ColumnElement[Any]:
        value: BindParameter[Any] = bindparam(None, given, type_=self.arguments[name], unique=True)
        return value if self.by_place else column(quoted_name(name, quote=True)).op("=>")(value)


def _function(name: str, schema: str | None, *arguments: Any, type_: ColumnType | None) -> Function[Any]:
    packages = () if schema is None else (quoted_name(schema, quote=True),)
    return Function(quoted_name(name, quote=True), *arguments, packagenames=packages, type_=type_)
