"""Reads PostgreSQL: its catalogs in a few statements, whatever the number of tables; the types as SQLAlchemy has them.

A connection enters, a `Catalog` leaves, comments with their directives. The transaction becomes one that cannot write.
What the role may not read, what belongs to an extension, partitions and temporary tables are left out.

Source: https://www.postgresql.org/docs/current/catalogs.html
"""

import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, inspect, text
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope
from sqlalchemy.types import NullType

from db.reflection.catalog import (
    Catalog,
    FoundCheck,
    FoundColumn,
    FoundDomain,
    FoundEnum,
    FoundForeignKey,
    FoundIndex,
    FoundKey,
    FoundTable,
    Generated,
    Kind,
    LeftOut,
    Name,
)
from db.reflection.chosen import Chosen, UnknownSchema
from db.reflection.comments import Directives, UnreadableDirective, directives_of
from db.reflection.postgresql_functions import Functions
from db.reflection.postgresql_types import Types, is_known, with_dimensions
from db.relations import ColumnType

KINDS = {"r": Kind.TABLE, "p": Kind.TABLE, "f": Kind.TABLE, "v": Kind.VIEW, "m": Kind.MATERIALIZED_VIEW}
ACTIONS = {"r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
GENERATED = {"a": Generated.IDENTITY_ALWAYS, "d": Generated.IDENTITY_BY_DEFAULT}

_SCHEMAS = """
    SELECT nspname AS name, nspname = current_schema() AS is_default, nspname = ANY (current_schemas(false)) AS on_path,
        has_schema_privilege(oid, 'USAGE') AS usable,
        (SELECT count(*) FROM pg_class WHERE relnamespace = pg_namespace.oid AND relkind IN ('r', 'p', 'v', 'm', 'f')
            AND NOT relispartition) AS tables
    FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema' ORDER BY nspname
"""
_OF_SCHEMAS = "nspname = ANY (CAST(:schemas AS text[]))"
_TABLES = f"""
    SELECT pg_class.oid, nspname AS schema, relname AS name, CAST(relkind AS text) AS kind,
        obj_description(pg_class.oid, 'pg_class') AS comment, relispopulated AS populated,
        has_any_column_privilege(pg_class.oid, 'SELECT') AS readable, row_security_active(pg_class.oid) AS secured,
        (SELECT extname FROM pg_depend JOIN pg_extension ON pg_extension.oid = refobjid
            WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e') AS extension,
        EXISTS (SELECT FROM pg_inherits JOIN pg_class AS heir ON heir.oid = inhrelid
            WHERE inhparent = pg_class.oid AND NOT heir.relispartition) AS has_heirs,
        EXISTS (SELECT FROM pg_attribute JOIN pg_collation ON pg_collation.oid = attcollation
            WHERE attrelid = pg_class.oid AND NOT collisdeterministic) AS has_collations
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE {_OF_SCHEMAS} AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT relispartition AND relpersistence <> 't'
    ORDER BY nspname COLLATE "C", relname COLLATE "C"
"""
_COLUMNS = f"""
    SELECT attrelid AS "table", attname AS name, format_type(atttypid, atttypmod) AS written,
        atttypid AS type, atttypmod AS modifier, attndims AS dimensions,
        attnotnull OR (relkind NOT IN ('v', 'm') AND typtype = 'd' AND typnotnull) AS never_null,
        CAST(attidentity AS text) AS identity, attgenerated <> '' AS computed,
        attgenerated <> 'v' AS stored,
        pg_get_expr(adbin, adrelid) AS expression,
        EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND refclassid = 'pg_class'::regclass
            AND refobjid = attrelid AND refobjsubid = attnum AND deptype = 'a') AS has_sequence,
        col_description(attrelid, attnum) AS comment, has_column_privilege(attrelid, attnum, 'SELECT') AS readable
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
        JOIN pg_type ON pg_type.oid = atttypid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE {_OF_SCHEMAS} AND relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped
    ORDER BY attrelid, attnum
"""
_NAMED = "(SELECT array_agg(CAST(attname AS text) ORDER BY place) FROM unnest({0}) WITH ORDINALITY AS _(number, place)"
_NAMED += " JOIN pg_attribute ON attrelid = {1} AND attnum = number)"
_CONSTRAINTS = f"""
    SELECT conrelid AS "table", conname AS name, CAST(contype AS text) AS kind,
        {_NAMED.format("conkey", "conrelid")} AS columns, {_NAMED.format("confkey", "confrelid")} AS target_columns,
        target_schema.nspname AS target_schema, target.relname AS target, CAST(confdeltype AS text) AS on_delete,
        CAST(confupdtype AS text) AS on_update, convalidated AS valid, pg_get_expr(conbin, conrelid) AS words,
        obj_description(pg_constraint.oid, 'pg_constraint') AS comment,
        confrelid <> 0 AND row_security_active(confrelid) AS secured
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
        LEFT JOIN pg_class AS target ON target.oid = confrelid
        LEFT JOIN pg_namespace AS target_schema ON target_schema.oid = target.relnamespace
    WHERE pg_namespace.{_OF_SCHEMAS} AND contype IN ('p', 'u', 'f', 'c') AND conparentid = 0
        AND (contype <> 'c' OR to_jsonb(pg_constraint) ->> 'conenforced' IS DISTINCT FROM 'false')
    ORDER BY conrelid, conname COLLATE "C"
"""
_INDEXES = f"""
    SELECT indrelid AS "table", indexes.relname AS name, indisunique AS is_unique, amname AS method,
        pg_get_expr(indpred, indrelid) AS condition,
        (SELECT array_agg(CAST(attname AS text) ORDER BY place)
            FROM unnest(CAST(indkey AS smallint[])) WITH ORDINALITY AS _(number, place)
            LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number > 0
            WHERE place <= indnkeyatts) AS columns
    FROM pg_index JOIN pg_class AS indexes ON indexes.oid = indexrelid JOIN pg_class AS tables ON tables.oid = indrelid
        JOIN pg_namespace ON pg_namespace.oid = tables.relnamespace JOIN pg_am ON pg_am.oid = indexes.relam
    WHERE {_OF_SCHEMAS} AND indisvalid AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid
        AND contype IN ('p', 'u', 'x'))
    ORDER BY indrelid, indexes.relname COLLATE "C"
"""
_POLICIES = f"""
    SELECT polrelid AS "table", pg_get_expr(polqual, polrelid) AS condition
    FROM pg_policy JOIN pg_class ON pg_class.oid = polrelid JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE {_OF_SCHEMAS} AND relrowsecurity AND polcmd IN ('r', '*') AND polqual IS NOT NULL
    ORDER BY polrelid, polname COLLATE "C"
"""
_ENUMS = """
    SELECT nspname AS schema, typname AS name, obj_description(pg_type.oid, 'pg_type') AS comment,
        (SELECT array_agg(CAST(enumlabel AS text) ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = pg_type.oid)
            AS words
    FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace WHERE typtype = 'e'
    ORDER BY nspname COLLATE "C", typname COLLATE "C"
"""
_DOMAINS = """
    SELECT nspname AS schema, typname AS name, obj_description(pg_type.oid, 'pg_type') AS comment,
        format_type(typbasetype, typtypmod) AS written, typnotnull AS never_null,
        (SELECT array_agg(ARRAY[CAST(conname AS text), pg_get_expr(conbin, 0)] ORDER BY conname) FROM pg_constraint
            WHERE contypid = pg_type.oid AND contype = 'c') AS checks
    FROM pg_type JOIN pg_namespace ON pg_namespace.oid = typnamespace
    WHERE typtype = 'd' AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
    ORDER BY nspname COLLATE "C", typname COLLATE "C"
"""


class _Place(NamedTuple):
    """The schemas that are read."""

    schemas: Sequence[str]
    default: str | None
    left_out: Sequence[LeftOut]


def read_postgresql(connection: Connection, chosen: Chosen) -> Catalog:
    """What a database of PostgreSQL holds. Raises `UnknownSchema`."""
    connection.execute(text("SET TRANSACTION READ ONLY"))
    place = _place(connection, chosen)
    return _Reading(connection, place, chosen).catalog()


def _place(connection: Connection, chosen: Chosen) -> _Place:
    """The schemas that are meant. Those with tables that are not are left out by their names."""
    known = {row.name: row for row in connection.execute(text(_SCHEMAS))}
    default = next((name for name, row in known.items() if row.is_default), None)
    for name in chosen.schemas:
        if name not in known:
            raise UnknownSchema(name, known)
    wanted = list(dict.fromkeys(chosen.schemas)) or [name for name, row in known.items() if row.on_path]
    left_out = [
        LeftOut(f"schema {name}", f"{row.tables} tables; choose the schema to have them.")
        for name, row in known.items()
        if name not in wanted and row.tables
    ]
    shut = [name for name in wanted if not known[name].usable]
    left_out += [LeftOut(f"schema {name}", "The role may not use it; GRANT USAGE lets it.") for name in shut]
    return _Place([name for name in wanted if name not in shut], default, left_out)


class _Reading:
    """One reading of the catalogs."""

    def __init__(self, connection: Connection, place: _Place, chosen: Chosen) -> None:
        self._connection = connection
        self._place = place
        self._chosen = chosen
        self._left_out = list(place.left_out)
        self._unknown = Types(connection)

    def catalog(self) -> Catalog:
        """All that is chosen."""
        found = [row for row in self._rows(_TABLES) if self._is_wanted(row)]
        columns, constraints = self._by_table(_COLUMNS), self._by_table(_CONSTRAINTS)
        indexes, policies = self._by_table(_INDEXES), self._by_table(_POLICIES)
        types = self._types()
        enums = [
            FoundEnum(self._name(row.schema, row.name), tuple(row.words or ()), row.comment)
            for row in self._rows(_ENUMS)
        ]
        domains = [self._domain(row) for row in self._rows(_DOMAINS)]
        tables = [
            self._table(row, columns[row.oid], constraints[row.oid], indexes[row.oid], policies[row.oid], types)
            for row in found
        ]
        functions = Functions(self._connection, self._place.default, tables, enums, domains)
        return Catalog(
            dialect=self._connection.dialect.name,
            tables=tables,
            enums=enums,
            domains=domains,
            functions=functions.found(self._place.schemas),
            left_out=[*self._left_out, *functions.left_out],
        )

    def _rows(self, statement: str) -> Sequence[Row[Any]]:
        parameters = {"schemas": list(self._place.schemas)} if ":schemas" in statement else {}
        return self._connection.execute(text(statement), parameters).all()

    def _by_table(self, statement: str) -> Mapping[int, list[Row[Any]]]:
        found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
        for row in self._rows(statement):
            found[row.table].append(row)
        return found

    def _name(self, schema: str, name: str) -> Name:
        return Name(None if schema == self._place.default else schema, name)

    def _types(self) -> Mapping[tuple[str, str, str], ColumnType]:
        """The types of all columns, by schema, table and column, as SQLAlchemy has them."""
        inspector = inspect(self._connection)
        found: dict[tuple[str, str, str], ColumnType] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types that SQLAlchemy does not know: they are named in the report
            for schema in self._place.schemas:
                tables = inspector.get_multi_columns(schema=schema, kind=ObjectKind.ANY, scope=ObjectScope.DEFAULT)
                for (_, table), columns in tables.items():
                    found |= {(schema, table, column["name"]): column["type"] for column in columns}
        return found

    def _type(self, column: Row[Any], found: ColumnType) -> ColumnType:
        if is_known(found):
            return with_dimensions(found, column.dimensions)
        return self._unknown.of(column.type, column.modifier, column.dimensions)

    def _is_wanted(self, row: Row[Any]) -> bool:
        """Whether a table is chosen and can be read; the reason why not is left out's."""
        name = self._name(row.schema, row.name)
        if not self._chosen.takes(name, self._place.default):
            return False
        what = f"{KINDS[row.kind]} {name}"
        if row.extension is not None:
            self._left_out.append(LeftOut(what, f"It belongs to the extension {row.extension}."))
        elif not row.readable:
            self._left_out.append(LeftOut(what, "The role may not read it; GRANT SELECT lets it."))
        elif not row.populated:
            self._left_out.append(LeftOut(what, "It was never filled; REFRESH MATERIALIZED VIEW fills it."))
        else:
            return True
        return False

    def _table(
        self,
        row: Row[Any],
        columns: Sequence[Row[Any]],
        constraints: Sequence[Row[Any]],
        indexes: Sequence[Row[Any]],
        policies: Sequence[Row[Any]],
        types: Mapping[tuple[str, str, str], ColumnType],
    ) -> FoundTable:
        name = self._name(row.schema, row.name)
        found = [
            _column(column, self._type(column, types.get((row.schema, row.name, column.name), NullType())))
            for column in columns
            if self._is_readable(name, column)
        ]
        keys = [constraint for constraint in constraints if constraint.kind == "p"]
        nullable = {column.name for column in found if column.nullable}
        unique = [FoundKey(tuple(each.columns), each.name) for each in constraints if each.kind == "u"]
        whole = [
            each for each in map(_index, indexes) if each.unique and each.where is None and None not in each.columns
        ]
        unique += [FoundKey(tuple(part for part in each.columns if part is not None), each.name) for each in whole]
        if row.has_heirs:
            why = "Tables inherit from it, and its rows are shown with theirs; no constraint holds over both."
            self._left_out.append(LeftOut(f"inheritance of {KINDS[row.kind]} {name}", why))
        return FoundTable(
            name=name,
            kind=KINDS[row.kind],
            columns=found,
            key=FoundKey(tuple(keys[0].columns), keys[0].name, certain=not row.has_heirs) if keys else None,
            unique=[key for key in unique if nullable.isdisjoint(key.columns)],
            nullable_unique=[key for key in unique if not nullable.isdisjoint(key.columns)],
            foreign_keys=[self._foreign_key(name, each) for each in constraints if each.kind == "f"],
            indexes=[_index(each) for each in indexes],
            checks=[FoundCheck(each.name, each.words) for each in constraints if each.kind == "c"],
            comment=row.comment,
            policies=[each.condition for each in policies],
            has_collations=row.has_collations,
        )

    def _is_readable(self, table: Name, column: Row[Any]) -> bool:
        if not column.readable:
            why = "The role may not read it; GRANT SELECT lets it."
            self._left_out.append(LeftOut(f"column {table}.{column.name}", why))
        return bool(column.readable)

    def _foreign_key(self, table: Name, row: Row[Any]) -> FoundForeignKey:
        directives = self._directives(f"foreign key {row.name} of {table}", row.comment)
        return FoundForeignKey(
            columns=tuple(row.columns),
            target=self._name(row.target_schema, row.target),
            target_columns=tuple(row.target_columns),
            name=row.name,
            on_delete=ACTIONS.get(row.on_delete),
            on_update=ACTIONS.get(row.on_update),
            certain=row.valid and not row.secured,
            called=directives.names[0] if directives.names else None,
            called_back=directives.back,
        )

    def _directives(self, what: str, comment: str | None) -> Directives:
        try:
            return directives_of(comment)
        except UnreadableDirective as error:
            self._left_out.append(LeftOut(f"comment of {what}", str(error)))
            return Directives()

    def _domain(self, row: Row[Any]) -> FoundDomain:
        return FoundDomain(
            name=self._name(row.schema, row.name),
            written=row.written,
            nullable=not row.never_null,
            checks=[FoundCheck(name, words) for name, words in row.checks or ()],
            comment=row.comment,
        )


def _column(row: Row[Any], type_: ColumnType) -> FoundColumn:
    counted = row.has_sequence and (row.expression or "").startswith("nextval(")
    generated = Generated.IDENTITY_BY_DEFAULT if counted else GENERATED.get(row.identity)
    return FoundColumn(
        name=row.name,
        type=type_,
        written=row.written,
        nullable=not row.never_null,
        generated=Generated.COMPUTED if row.computed else generated,
        default=None if row.computed or generated else row.expression,
        computed=row.expression if row.computed else None,
        stored=row.stored,
        comment=row.comment,
    )


def _index(row: Row[Any]) -> FoundIndex:
    return FoundIndex(
        name=row.name,
        columns=tuple(row.columns),
        unique=row.is_unique,
        where=row.condition,
        method=None if row.method == "btree" else row.method,
    )
