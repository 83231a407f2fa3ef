"""Functions of the database as fields: computed of a row, or of the root.

A catalog and the names of its classes enter, planned functions leave. A function of a table's row alone is a field of
that table's type, and filters and orders could ask for it; any other is a field of the root. Names of root fields that
are taken are numbered: two functions may share a name in the database, if their arguments differ.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from db.reflection.catalog import Catalog, FoundFunction, LeftOut, Name
from db.reflection.classes import ClassName
from db.reflection.forms import Enums, Form, form_of
from db.reflection.naming import RESERVED_ATTRIBUTES, Names, camel, numbered, snake, words
from db.reflection.plan import Guess, PlannedArgument, PlannedFunction
from db.relations import ColumnType


def types_of(function: FoundFunction) -> Sequence[ColumnType]:
    """The types of what clients give and get, but for rows."""
    types = [*(argument.type for argument in function.arguments), function.type]
    return [type_ for type_ in types if type_ is not None]


class Calling:
    """The functions of a plan: those of each table's rows, and those of the root."""

    def __init__(
        self,
        catalog: Catalog,
        named: Mapping[Name, ClassName],
        names: Mapping[Name, Names],
        roots: set[str],
        enums: Enums,
        form: Form,
    ) -> None:
        self.of_rows: defaultdict[Name, list[PlannedFunction]] = defaultdict(list)
        self.of_root: list[PlannedFunction] = []
        self.guesses: list[Guess] = []
        self.left_out: list[LeftOut] = []
        self._named = named
        self._names = names
        self._roots = roots
        self._enums = enums
        self._form = form
        for function in catalog.functions:
            self._plan(function)

    def _plan(self, function: FoundFunction) -> None:
        fault = self._fault(function)
        if fault is not None:
            self.left_out.append(LeftOut(f"function {function.name}", fault))
        elif function.row_of is None:
            self.of_root.append(self._planned(function, self._name_at_root(function)))
        else:
            planned = self._planned(function, self._name_of_row(function, function.row_of))
            self.of_rows[function.row_of].append(planned)

    def _fault(self, function: FoundFunction) -> str | None:
        """Why a function is no field; None for one that is."""
        tables = [name for name in (function.row_of, function.rows_from) if name is not None]
        if any(name not in self._named for name in tables):
            return "A table of its types is not shown."
        if function.row_of is not None and function.rows_from is not None:
            return "It gives rows for a row; a foreign key, or `@references` of a view, makes a relation."
        if any(form_of(type_, self._enums, self._form) is None for type_ in types_of(function)):
            return "No form is known for one of its types."
        return None

    def _name_of_row(self, function: FoundFunction, table: Name) -> str:
        """`users_full_name(users)` is the `full_name` of a user."""
        parts = words(function.called or function.name.name)
        of_table = words(table.name)
        is_longer = function.called is None and parts[: len(of_table)] == of_table and len(parts) > len(of_table)
        wanted = snake(parts[len(of_table) :] if is_longer else parts, "function", 1)
        return self._names[table].give(f"{wanted}_" if wanted in RESERVED_ATTRIBUTES else wanted)

    def _name_at_root(self, function: FoundFunction) -> str:
        wanted = snake(words(function.called or function.name.name), "function", 1)

        def is_free(name: str) -> bool:
            return camel(name) not in self._roots

        name = wanted if is_free(wanted) else numbered(wanted, is_free)
        self._roots.add(camel(name))
        return name

    def _planned(self, function: FoundFunction, name: str) -> PlannedFunction:
        target = function.rows_from
        self._guess(function, name)
        return PlannedFunction(
            name=name,
            graphql_name=camel(name),
            function=function,
            arguments=self._arguments(function),
            annotation=None if function.type is None else form_of(function.type, self._enums, self._form),
            target=None if target is None else self._named[target].class_name,
            many=function.returns_set,
        )

    def _arguments(self, function: FoundFunction) -> Sequence[PlannedArgument]:
        names = Names()
        found: list[PlannedArgument] = []
        for place, argument in enumerate(function.arguments, 1):
            if argument.type is None:  # the row
                continue
            wanted = snake(words(argument.name or ""), "argument", place)
            name = names.give(f"{wanted}_" if wanted in RESERVED_ATTRIBUTES else wanted)
            form = form_of(argument.type, self._enums, self._form)
            found.append(PlannedArgument(name=name, graphql_name=camel(name), annotation=form, found=argument))
        return found

    def _guess(self, function: FoundFunction, name: str) -> None:
        where = "the root" if function.row_of is None else self._named[function.row_of].class_name
        decision = f"It is the field {camel(name)} of {where}."
        self.guesses.append(Guess(f"function {function.name}", decision, "`@name …` or `@omit` in its comment."))
