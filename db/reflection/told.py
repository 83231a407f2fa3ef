"""What comments tell of tables, put to what the database holds to; what leads nowhere is taken away.

A catalog with comments as they were written enters; a catalog leaves in which each directive has its effect, each key
has its columns, and each foreign key leads to a table of the catalog. What is taken away is left out by its name.
Nothing is read here.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from db.reflection.catalog import (
    Catalog,
    FoundColumn,
    FoundForeignKey,
    FoundFunction,
    FoundIndex,
    FoundKey,
    FoundTable,
    Kind,
    LeftOut,
    Name,
    Told,
)
from db.reflection.comments import Directives, Reference, UnreadableDirective, directives_of, text_of
from db.relations import ColumnType, python_type, underlying

NUMBERS: frozenset[object] = frozenset({int, Decimal, float})
OMITTED = "Its comment says `@omit`."


def with_comments(catalog: Catalog, default_schema: str | None) -> Catalog:
    """The catalog with the effect of each directive. Names of the default schema may be written with it or without."""
    left_out: list[LeftOut] = []
    tables = [table for each in catalog.tables for table in _told(each, default_schema, left_out)]
    functions = [function for each in catalog.functions for function in _told_function(each, left_out)]
    return replace(catalog, tables=tables, functions=functions, left_out=[*catalog.left_out, *left_out])


def without_loose_ends(catalog: Catalog) -> Catalog:
    """The catalog without keys and foreign keys over columns, or to tables, that are not in it."""
    left_out: list[LeftOut] = []
    tables = [_with_its_columns(table, left_out) for table in catalog.tables if table.columns]
    empty = [table for table in catalog.tables if not table.columns]
    left_out += [LeftOut(f"{table.kind} {table.name}", "It has no columns.") for table in empty]
    known = {table.name: table for table in tables}
    functions = [each for each in catalog.functions if {each.row_of, each.rows_from} <= {None, *known}]
    lost = [each for each in catalog.functions if each not in functions]
    left_out += [LeftOut(f"function {each.name}", "A table of its types was left out.") for each in lost]
    folded = {Name(name.schema, name.name.lower()): table for name, table in known.items()}
    settled = [replace(table, foreign_keys=list(_settled(table, known, folded, left_out))) for table in tables]
    return replace(catalog, tables=settled, functions=functions, left_out=[*catalog.left_out, *left_out])


def _told(table: FoundTable, default_schema: str | None, left_out: list[LeftOut]) -> Iterable[FoundTable]:
    directives = _directives(f"{table.kind} {table.name}", table.comment, left_out)
    if directives.omit:
        left_out.append(LeftOut(f"{table.kind} {table.name}", OMITTED))
        return
    columns: list[FoundColumn] = []
    references = list(directives.references)
    for column in table.columns:
        what = f"column {table.name}.{column.name}"
        said = _directives(what, column.comment, left_out)
        if said.omit:
            left_out.append(LeftOut(what, OMITTED))
            continue
        references += [each if each.columns else replace(each, columns=(column.name,)) for each in said.references]
        columns.append(replace(column, comment=said.text, called=said.names[0] if said.names else None))
    foreign_keys = [*table.foreign_keys, *(_foreign_key(each, default_schema) for each in references)]
    key = _key(table, directives, left_out)
    yield replace(
        table,
        columns=columns,
        key=key,
        foreign_keys=foreign_keys,
        comment=directives.text,
        called=tuple(directives.names),
    )


def _told_function(function: FoundFunction, left_out: list[LeftOut]) -> Iterable[FoundFunction]:
    what = f"function {function.name}"
    said = _directives(what, function.comment, left_out)
    if said.omit:
        left_out.append(LeftOut(what, OMITTED))
        return
    yield replace(function, comment=said.text, called=said.names[0] if said.names else None)


def _directives(what: str, comment: str | None, left_out: list[LeftOut]) -> Directives:
    try:
        return directives_of(comment)
    except UnreadableDirective as error:
        left_out.append(LeftOut(f"comment of {what}", str(error)))
        return Directives(text_of(comment))


def _key(table: FoundTable, directives: Directives, left_out: list[LeftOut]) -> FoundKey | None:
    if directives.key is None or table.key is not None:
        if directives.key is not None:
            why = "The primary key stands; leave out `@key`."
            left_out.append(LeftOut(f"comment of {table.kind} {table.name}", why))
        return table.key
    return FoundKey(tuple(directives.key), told=Told.COMMENT, certain=False)


def _foreign_key(reference: Reference, default_schema: str | None) -> FoundForeignKey:
    schema = None if reference.target.schema == default_schema else reference.target.schema
    return FoundForeignKey(
        columns=tuple(reference.columns),
        target=Name(schema, reference.target.name),
        target_columns=tuple(reference.target_columns),
        told=Told.COMMENT,
        certain=False,
    )


def _with_its_columns(table: FoundTable, left_out: list[LeftOut]) -> FoundTable:
    """A table without keys and indexes over columns that it does not have, or not any more."""
    known = {column.name for column in table.columns}
    key = table.key
    if key is not None and not known.issuperset(key.columns):
        why = f"There is no column {_missing(key.columns, known)!r}."
        left_out.append(LeftOut(f"key of {table.kind} {table.name}", why))
        key = None
    unique = [each for each in table.unique if known.issuperset(each.columns)]
    nullable_unique = [each for each in table.nullable_unique if known.issuperset(each.columns)]
    # Columns of materialized views never say that they are never null: their rows are looked at.
    candidates = unique if table.kind is not Kind.MATERIALIZED_VIEW else nullable_unique
    return replace(
        table,
        key=key or _first_unique(candidates),
        unique=unique,
        nullable_unique=nullable_unique,
        indexes=[each for each in table.indexes if _is_over(each, known)],
    )


def _first_unique(unique: Sequence[FoundKey]) -> FoundKey | None:
    """The key of a table without a primary key: the shortest of its unique constraints."""
    shortest = min(unique, key=lambda each: len(each.columns), default=None)
    return None if shortest is None else replace(shortest, told=Told.UNIQUE)


def _is_over(index: FoundIndex, known: Collection[str]) -> bool:
    return all(column is None or column in known for column in index.columns)


def _missing(columns: Iterable[str], known: Collection[str]) -> str:
    return next(column for column in columns if column not in known)


def _settled(
    table: FoundTable,
    known: Mapping[Name, FoundTable],
    folded: Mapping[Name, FoundTable],
    left_out: list[LeftOut],
) -> Iterable[FoundForeignKey]:
    seen: set[tuple[tuple[str, ...], Name]] = set()
    for foreign_key in table.foreign_keys:
        name = foreign_key.target
        target = known.get(name) or folded.get(Name(name.schema, name.name.lower()))
        settled, why = _found(table, foreign_key, target)
        if settled is not None and (tuple(settled.columns), settled.target) in seen:
            settled, why = None, "Another one leads the same way."
        if settled is None:
            what = f"foreign key {table.name} ({', '.join(foreign_key.columns)})"
            left_out.append(LeftOut(what, why))
            continue
        seen.add((tuple(settled.columns), settled.target))
        yield settled


def _found(
    table: FoundTable, foreign_key: FoundForeignKey, target: FoundTable | None
) -> tuple[FoundForeignKey | None, str]:
    """A foreign key with the names as the two tables write them; None and the reason where it leads nowhere."""
    if target is None:
        return None, f"{foreign_key.target} is not among the tables that were read."
    columns = _spelt(table, foreign_key.columns)
    keys = [key for key in (target.key, *target.unique, *target.nullable_unique) if key is not None]
    wanted = foreign_key.target_columns or (target.key.columns if target.key is not None else ())
    target_columns = _spelt(target, wanted)
    if None in columns:
        return None, f"{table.name} has no such column."
    if None in target_columns or len(columns) != len(target_columns):
        return None, f"{target.name} has no such columns."
    if not any(set(key.columns) == set(target_columns) for key in keys):
        return None, f"{target.name} may have several rows with one value of ({', '.join(wanted)})."
    unlike = _unlike(table, columns, target, target_columns)
    if unlike is not None:
        return None, f"{unlike[0].written} equals no {unlike[1].written} for drivers; cast one of them in a view."
    return replace(
        foreign_key,
        target=target.name,
        columns=tuple(column for column in columns if column is not None),
        target_columns=tuple(column for column in target_columns if column is not None),
    ), ""


def _unlike(
    table: FoundTable, columns: Sequence[str | None], target: FoundTable, target_columns: Sequence[str | None]
) -> tuple[FoundColumn, FoundColumn] | None:
    """The first column whose values are of another kind than those that they refer to."""
    own, others = ({column.name: column for column in each.columns} for each in (table, target))
    pairs = (
        (own[a], others[b]) for a, b in zip(columns, target_columns, strict=True) if a is not None and b is not None
    )
    return next(((a, b) for a, b in pairs if not _are_alike(a.type, b.type)), None)


def _are_alike(one: ColumnType, other: ColumnType) -> bool:
    """Whether values of two types may be equal; types that do not say which values they hold may hold any."""
    kinds = {python_type(underlying(it)) for it in (one, other)}
    if object in kinds or kinds <= NUMBERS:
        return True
    zones = {getattr(underlying(it), "timezone", False) for it in (one, other)}
    return len(kinds) == 1 and (datetime not in kinds or len(zones) == 1)


def _spelt(table: FoundTable, columns: Sequence[str]) -> Sequence[str | None]:
    """The columns as the table spells them: SQLite does not tell upper from lower case."""
    exact = {column.name for column in table.columns}
    folded = {column.name.lower(): column.name for column in table.columns}
    return [column if column in exact else folded.get(column.lower()) for column in columns]
