"""Functions of the database as fields: values that it computes of a row.

A catalog and the names of its classes enter, planned functions leave. A function of a table's row is a field of that
table's type. Those of no row are left out by their names: a field of the root is somebody's own.
"""

from collections import defaultdict
from collections.abc import Mapping

from db.reflection.catalog import Catalog, FoundFunction, LeftOut, Name
from db.reflection.classes import ClassName
from db.reflection.forms import Enums, Form, form_of
from db.reflection.naming import RESERVED_ATTRIBUTES, Names, camel, snake, words
from db.reflection.plan import Guess, PlannedFunction
from db.relations import ColumnType


class Calling:
    """The functions of each table's rows, with the guesses that they are."""

    def __init__(
        self, catalog: Catalog, named: Mapping[Name, ClassName], names: Mapping[Name, Names], enums: Enums, form: Form
    ) -> None:
        self.of_rows: defaultdict[Name, list[PlannedFunction]] = defaultdict(list)
        self.guesses: list[Guess] = []
        self.left_out: list[LeftOut] = []
        self._named = named
        self._names = names
        self._enums = enums
        self._form = form
        for function in catalog.functions:
            self._plan(function)

    def _plan(self, function: FoundFunction) -> None:
        table, type_ = function.row_of, function.type
        if table is None:
            why = "It is of no row of a table; a field of your own can call it."
        elif table not in self._named:
            why = f"{table} is not shown."
        elif type_ is None:
            why = "It gives rows; a foreign key, or `@references` in the comment of a view, makes a relation."
        else:
            self._add(function, table, type_)
            return
        self.left_out.append(LeftOut(f"function {_signature(function)}", why))

    def _add(self, function: FoundFunction, table: Name, type_: ColumnType) -> None:
        form = form_of(type_, self._enums, self._form)
        if form is None:
            why = f"No form is known for {function.returns}."
            self.left_out.append(LeftOut(f"function {_signature(function)}", why))
            return
        name = self._name(function, table)
        shown = PlannedFunction(name=name, graphql_name=camel(name), function=function, annotation=form)
        self.of_rows[table].append(shown)
        decision = f"It is the field {shown.graphql_name} of {self._named[table].class_name}."
        cure = "`@name …` or `@omit` in its comment."
        self.guesses.append(Guess(f"function {_signature(function)}", decision, cure))

    def _name(self, function: FoundFunction, table: Name) -> str:
        """`users_full_name(users)` is the `full_name` of a user."""
        parts = words(function.called or function.name.name)
        of_table = words(table.name)
        is_longer = function.called is None and parts[: len(of_table)] == of_table and len(parts) > len(of_table)
        wanted = snake(parts[len(of_table) :] if is_longer else parts, "function", 1)
        return self._names[table].give(f"{wanted}_" if wanted in RESERVED_ATTRIBUTES else wanted)


def _signature(function: FoundFunction) -> str:
    return f"{function.name}({', '.join(argument.written for argument in function.arguments)})"
