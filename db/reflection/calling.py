"""Functions of the database as fields: values that it computes of a row, and what it gives by itself.

A catalog and the names of its classes enter, planned functions leave. A function of a table's row is a field of that
table's type; others are fields of the root. What has no form is left out by its name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from db.reflection.catalog import Catalog, FoundArgument, FoundFunction, LeftOut, Name
from db.reflection.classes import AGGREGATE, ClassName
from db.reflection.forms import Enums, Form, form_of
from db.reflection.naming import ID, RESERVED_ATTRIBUTES, RESERVED_ROOTS, Names, camel, snake, words
from db.reflection.plan import Guess, PlannedArgument, PlannedCall, PlannedFunction
from db.relations import ColumnType

OF_LISTS = ("first", "after", "last", "before", "around", "limit", "offset", "distinct_by", "where", "order_by")
"""What lists take for themselves."""


class Calling:
    """The functions of each table's rows and those of the root, with the guesses that they are."""

    def __init__(
        self, catalog: Catalog, named: Mapping[Name, ClassName], names: Mapping[Name, Names], enums: Enums, form: Form
    ) -> None:
        self.of_rows: defaultdict[Name, list[PlannedFunction]] = defaultdict(list)
        self.calls: list[PlannedCall] = []
        self.guesses: list[Guess] = []
        self.left_out: list[LeftOut] = []
        self._named = named
        self._names = names
        self._of_tables = Names(_roots(named.values()))
        self._roots = Names(_roots(named.values()))
        self._enums = enums
        self._form = form
        for function in catalog.functions:
            self._plan(function)

    def _plan(self, function: FoundFunction) -> None:
        table, type_ = function.row_of, function.type
        if table is None:
            why = self._call(function)
        elif table not in self._named:
            why = f"{table} is not shown."
        elif type_ is None:
            why = "It gives rows; a foreign key, or `@references` in the comment of a view, makes a relation."
        else:
            why = self._add(function, table, type_)
        if why is not None:
            self.left_out.append(LeftOut(f"function {function.signature}", why))

    def _add(self, function: FoundFunction, table: Name, type_: ColumnType) -> str | None:
        """Make a function a field of a table's type; the reason why it cannot be one."""
        form = form_of(type_, self._enums, self._form)
        if form is None:
            return f"No form is known for {function.returns}."
        name = self._name(function, table)
        graphql_name = self._names[table].spelt(name, function.called)
        shown = PlannedFunction(name=name, graphql_name=graphql_name, function=function, annotation=form)
        self.of_rows[table].append(shown)
        decision = f"It is the field {shown.graphql_name} of {self._named[table].class_name}."
        self._guess(function, decision)
        return None

    def _call(self, function: FoundFunction) -> str | None:
        """Make a function a field of the root; the reason why it cannot be one."""
        target = None if function.rows_from is None else self._named.get(function.rows_from)
        if function.rows_from is not None and target is None:
            return f"{function.rows_from} is not shown."
        form = None if function.type is None else form_of(function.type, self._enums, self._form)
        if target is None and form is None:
            return f"No form is known for {function.returns}."
        forms = [self._form_of_argument(argument) for argument in function.arguments]
        unknown = next((it for it, found in zip(function.arguments, forms, strict=True) if found is None), None)
        if unknown is not None:
            return f"No form is known for its argument {unknown.name or unknown.written}, {unknown.written}."
        wanted = snake(words(function.called or function.name.name), "function", 1)
        wanted = f"{wanted}_" if wanted in RESERVED_ATTRIBUTES - {ID} else wanted
        name = self._roots.give(wanted if self._of_tables.is_free(wanted) else f"{wanted}_function")
        call = PlannedCall(
            name=name,
            graphql_name=camel(name),
            function=function,
            arguments=list(_arguments(function, forms)),
            target=None if target is None else target.class_name,
            annotation=form,
        )
        self.calls.append(call)
        self._guess(function, f"It is the field {call.graphql_name} of the root.")
        return None

    def _form_of_argument(self, argument: FoundArgument) -> object | None:
        return None if argument.type is None else form_of(argument.type, self._enums, self._form)

    def _guess(self, function: FoundFunction, decision: str) -> None:
        cure = "`@name …` or `@omit` in its comment."
        self.guesses.append(Guess(f"function {function.signature}", decision, cure))

    def _name(self, function: FoundFunction, table: Name) -> str:
        """`users_full_name(users)` is the `full_name` of a user."""
        parts = words(function.called or function.name.name)
        of_table = words(table.name)
        is_longer = function.called is None and parts[: len(of_table)] == of_table and len(parts) > len(of_table)
        wanted = snake(parts[len(of_table) :] if is_longer else parts, "function", 1)
        return self._names[table].give(f"{wanted}_" if wanted in RESERVED_ATTRIBUTES else wanted)


def _roots(named: Iterable[ClassName]) -> set[str]:
    """The fields of the root that tables have."""
    found = [(it.one, it.many, f"{it.many}{AGGREGATE}") for it in named]
    return {*RESERVED_ROOTS, *(name for names in found for name in names)}


def _arguments(function: FoundFunction, forms: Sequence[object]) -> Iterable[PlannedArgument]:
    """The arguments. Of a strict function null makes null, so that only those with defaults may be null there."""
    names = Names(OF_LISTS)
    for place, (argument, form) in enumerate(zip(function.arguments, forms, strict=True), 1):
        wanted = snake(words(argument.name or ""), "argument", place)
        wanted = f"{wanted}_" if wanted in RESERVED_ATTRIBUTES - {ID} else wanted
        name = names.give(wanted, f"{wanted}_argument")
        yield PlannedArgument(name, form, argument.has_default or not function.strict)
