"""A plan of a catalog: classes, attributes and relations with their names.

A catalog enters, a `MappingPlan` leaves, the same each time. Every column of every table is in it, shown, hidden, or
as part of a relation; what is hidden is named with the reason. No database is asked here.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from db.reflection.calling import Calling
from db.reflection.catalog import (
    Catalog,
    FoundColumn,
    FoundEnum,
    FoundKey,
    FoundTable,
    Generated,
    Kind,
    LeftOut,
    Name,
    Told,
)
from db.reflection.classes import Classes, ClassName, plain_names
from db.reflection.composites import composites_of
from db.reflection.forms import Enums, Form, NamesRows, enum_name, form_of, is_as_text, plain_form, plain_names_rows
from db.reflection.naming import ID, Names, attribute, camel, words
from db.reflection.plan import EnumPlan, Guess, MappingPlan, PlannedAttribute, PlannedModel
from db.reflection.relating import Relating, is_association
from db.reflection.rules import rules_of
from db.reflection.showing import shown
from db.relations import python_type
from db.relations.types import underlying

LOOKED_UP: Collection[object] = frozenset({date, datetime, Decimal, int, str, uuid.UUID})
"""The types of values by which one row is looked up. Numbers that are rounded, and lists, name no row."""


def plan_of(catalog: Catalog, form: Form = plain_form, names_rows: NamesRows = plain_names_rows) -> MappingPlan:
    """How a catalog is to be mapped.

    `form` says which columns can be shown, and as what; `names_rows`, which of them ids have a form for.
    """
    composites = composites_of(catalog, form, plain_names(catalog.tables))
    catalog = shown(catalog, form, names_rows)
    associations = {table.name for table in catalog.tables if is_association(table, catalog)}
    tables = [table for table in catalog.tables if table.name not in associations]
    classes = Classes(cls.__name__ for cls in composites.classes)
    named = classes.tables(tables)
    enums = classes.enums(_used(catalog))
    attributes = {table.name: _Attributes(table, enums, form) for table in tables}
    names = {name: found.names for name, found in attributes.items()}
    relating = Relating(catalog, named, names, associations)
    calling = Calling(catalog, named, names, enums, form)
    models = [_model(table, named[table.name], attributes[table.name], relating, calling, catalog) for table in tables]
    guesses = [*composites.guesses, *classes.guesses, *_keys(tables)]
    for found in attributes.values():
        guesses += found.guesses
    left_out = [each for found in attributes.values() for each in found.left_out]
    return MappingPlan(
        catalog=catalog,
        models=sorted(models, key=lambda model: model.class_name),
        enums=sorted(enums.values(), key=lambda enum: enum.class_name),
        composites=composites.classes,
        calls=sorted(calling.calls, key=lambda call: call.name),
        guesses=[*guesses, *relating.guesses, *calling.guesses],
        left_out=[*catalog.left_out, *left_out, *calling.left_out],
    )


def _used(catalog: Catalog) -> Sequence[FoundEnum]:
    """The enumerations of columns, and of functions."""
    types = [column.type for table in catalog.tables for column in table.columns]
    types += [it.type for it in catalog.functions if it.type is not None]
    types += [argument.type for it in catalog.functions for argument in it.arguments if argument.type is not None]
    names = set(map(enum_name, types))
    return [enum for enum in catalog.enums if enum.name in names or Name(None, enum.name.name) in names]


def _model(
    table: FoundTable,
    named: ClassName,
    attributes: "_Attributes",
    relating: Relating,
    calling: Calling,
    catalog: Catalog,
) -> PlannedModel:
    return PlannedModel(
        table=table,
        class_name=named.class_name,
        module=named.module,
        plural=named.many,
        attributes=attributes.planned,
        relations=relating.relations[table.name],
        natural_keys=_natural_keys(table, attributes.planned),
        functions=calling.of_rows[table.name],
        rules=rules_of(table, attributes.planned, catalog.domains, catalog.dialect),
        description=table.comment or "",
    )


def _natural_keys(table: FoundTable, attributes: Sequence[PlannedAttribute]) -> Sequence[str]:
    """The attributes that are a key each for itself."""
    keys = [key for key in (table.key, *table.unique) if key is not None]
    alone = {key.columns[0] for key in keys if len(key.columns) == 1}
    return tuple(each.name for each in attributes if each.column.name in alone and _names_a_row(each))


def _names_a_row(found: PlannedAttribute) -> bool:
    if found.hidden or found.name == ID:
        return False
    return isinstance(found.annotation, EnumPlan) or python_type(underlying(found.column.type)) in LOOKED_UP


def _keys(tables: Sequence[FoundTable]) -> Sequence[Guess]:
    """The keys that are no primary keys, and tables that have none."""
    return [guess for table in tables if (guess := _key(table)) is not None]


def _key(table: FoundTable) -> Guess | None:
    what = f"key of {table.kind} {table.name}"
    key = table.key
    cure = "`@key (column, …)` in its comment" if table.kind is not Kind.TABLE else "A primary key"
    if key is None:
        return Guess(what, "There is none: its rows are a list, and have no ids.", f"{cure}.")
    if key.told is Told.DATABASE:
        return None
    return Guess(what, f"({', '.join(key.columns)}) is the key: so says a {key.told}.", f"{cure}.")


class _Attributes:
    """The attributes of one table."""

    def __init__(self, table: FoundTable, enums: Enums, form: Form) -> None:
        self.names = Names()
        self.guesses: list[Guess] = []
        self.left_out: list[LeftOut] = []
        self._table = table
        self._enums = enums
        self._form = form
        named = self._named()
        self.planned = [self._planned(column, named[column.name]) for column in table.columns]

    def _named(self) -> Mapping[str, str]:
        """A name for each column. Names that comments give go first, then columns that are called so already."""
        wanted = {column.name: self._wanted(place, column) for place, column in enumerate(self._table.columns, 1)}

        def turn(column: FoundColumn) -> tuple[bool, bool]:
            return column.called is None, wanted[column.name] != column.name

        return {
            column.name: self._given(column, wanted[column.name]) for column in sorted(self._table.columns, key=turn)
        }

    def _wanted(self, place: int, column: FoundColumn) -> str:
        # Rows without a key have no global id, so that a column may be called so.
        is_id = self._table.key is None or list(self._table.key.columns) == [column.name]
        said = column.called if column.called is not None and words(column.called) else column.name
        return attribute(said, place, is_id=is_id)

    def _given(self, column: FoundColumn, wanted: str) -> str:
        name = self.names.give(wanted)
        if name != "_".join(words(column.called or column.name)) or not any(map(str.isalnum, column.name)):
            decision = f"It is called {camel(name)}: what it would be called means something else, or is taken."
            cure = f"`@name …` in its comment, or the attribute {name}."
            self.guesses.append(Guess(f"column {self._table.name}.{column.name}", decision, cure))
        return name

    def _planned(self, column: FoundColumn, name: str) -> PlannedAttribute:
        form = form_of(column.type, self._enums, self._form)
        if form is None:
            why = f"No form is known for {column.written or 'a column without a type'}; the column is not shown."
            self.left_out.append(LeftOut(f"column {self._table.name}.{column.name}", why))
        elif is_as_text(form):
            decision = f"It is shown as text: no form is known for {column.written}."
            cure = f"A cast in a view, or `register_type` for the attribute {name}."
            self.guesses.append(Guess(f"type of column {self._table.name}.{column.name}", decision, cure))
        elif column.by_values:
            decision = f"Its first rows hold {column.type}; its own type, {column.written or 'none'}, does not say."
            cure = f"A type that says it, or that of the attribute {name}."
            self.guesses.append(Guess(f"type of column {self._table.name}.{column.name}", decision, cure))
        key: FoundKey | None = self._table.key
        return PlannedAttribute(
            column=column,
            name=name,
            graphql_name=self.names.spelt(name, column.called),
            annotation=python_type(column.type) if form is None else form,
            in_key=key is not None and column.name in key.columns,
            hidden=form is None,
            writable=self._is_given(column),
        )

    def _is_given(self, column: FoundColumn) -> bool:
        """Whether whoever writes a row gives the value. SQLite would count a key that refers to another row, too."""
        refers = any(column.name in key.columns for key in self._table.foreign_keys)
        counted = column.generated is Generated.IDENTITY_BY_DEFAULT and not refers
        computed = column.generated in (Generated.COMPUTED, Generated.IDENTITY_ALWAYS)
        return self._table.kind is Kind.TABLE and not counted and not computed
