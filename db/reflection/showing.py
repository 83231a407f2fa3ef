"""What of a catalog can be shown: keys that ids have a form for, and tables of which there is anything to show.

A catalog enters; a catalog leaves in which a table has no key that nobody can write as an id, no foreign key leads to
a row that has none, and no table is without an id and a value. What is taken away is left out by its name.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from db.reflection.catalog import Catalog, FoundColumn, FoundForeignKey, FoundTable, LeftOut, Name
from db.reflection.forms import Form, NamesRows, enum_name, form_of


def shown(catalog: Catalog, form: Form, names_rows: NamesRows) -> Catalog:
    """The catalog with what can be shown."""
    left_out: list[LeftOut] = []
    tables = [_with_key(table, names_rows, left_out) for table in catalog.tables]
    tables = _with_values(tables, form, left_out)
    keyed = {table.name for table in tables if table.key is not None}
    tables = [_with_targets(table, keyed, left_out) for table in tables]
    return replace(catalog, tables=tables, left_out=[*catalog.left_out, *left_out])


def _with_targets(table: FoundTable, keyed: Collection[Name], left_out: list[LeftOut]) -> FoundTable:
    lost = [each for each in table.foreign_keys if each.target not in keyed]
    left_out += [_lost(table, each) for each in lost]
    return replace(table, foreign_keys=[each for each in table.foreign_keys if each.target in keyed]) if lost else table


def _with_key(table: FoundTable, names_rows: NamesRows, left_out: list[LeftOut]) -> FoundTable:
    parts = [] if table.key is None else [each for each in table.columns if each.name in table.key.columns]
    fault = next((each for each in parts if enum_name(each.type) is None and not names_rows(each.type)), None)
    if fault is None:
        return table
    why = f"Ids have no form for {fault.written}; its rows are a list, and have no ids."
    left_out.append(LeftOut(f"key of {table.kind} {table.name}", why))
    return replace(table, key=None)


def _with_values(tables: Sequence[FoundTable], form: Form, left_out: list[LeftOut]) -> list[FoundTable]:
    keyless = [table for table in tables if table.key is None]
    empty = {table.name for table in keyless if not any(_has_form(column, form) for column in table.columns)}
    why = "It has no key, and no form is known for any of its columns."
    left_out += [LeftOut(f"{table.kind} {table.name}", why) for table in tables if table.name in empty]
    return [table for table in tables if table.name not in empty]


def _has_form(column: FoundColumn, form: Form) -> bool:
    return enum_name(column.type) is not None or form_of(column.type, {}, form) is not None


def _lost(table: FoundTable, foreign_key: FoundForeignKey) -> LeftOut:
    what = f"foreign key {table.name} ({', '.join(foreign_key.columns)})"
    return LeftOut(what, f"Rows of {foreign_key.target} have no ids.")
