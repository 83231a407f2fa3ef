"""Reads functions of PostgreSQL that change nothing: STABLE and IMMUTABLE ones whose types are known.

A connection and the tables that were read enter, functions leave; others are left out with the reason. Functions of
extensions, of triggers, and aggregates are no part of an API, and are passed over.

Source: https://www.postgresql.org/docs/current/catalog-pg-proc.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.dialects.postgresql import ARRAY, ENUM, TIME, TIMESTAMP
from sqlalchemy.types import TypeEngine

from db.reflection.catalog import FoundArgument, FoundDomain, FoundEnum, FoundFunction, FoundTable, LeftOut, Name
from db.relations import ColumnType

_FUNCTIONS = """
    SELECT nspname AS schema, proname AS name, pg_get_function_identity_arguments(pg_proc.oid) AS signature,
        CAST(provolatile AS text) AS volatility, proretset AS returns_set,
        proisstrict AS strict, format_type(prorettype, NULL) AS returns,
        obj_description(pg_proc.oid, 'pg_proc') AS comment, pronargs - pronargdefaults AS required,
        has_function_privilege(pg_proc.oid, 'EXECUTE') AS usable,
        provariadic <> 0 OR coalesce(proargmodes && CAST('{o,b,v,t}' AS "char"[]), false) AS has_others,
        (SELECT array_agg(format_type(type, NULL) ORDER BY place)
            FROM unnest(proargtypes) WITH ORDINALITY AS _(type, place)) AS types,
        CAST(proargnames AS text[]) AS names,
        (SELECT array_agg(table_schema.nspname || '.' || relname ORDER BY place)
            FROM unnest(array_append(CAST(proargtypes AS oid[]), prorettype)) WITH ORDINALITY AS _(type, place)
            LEFT JOIN pg_class ON reltype = type
            LEFT JOIN pg_namespace AS table_schema ON table_schema.oid = relnamespace) AS tables
    FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE nspname = ANY (CAST(:schemas AS text[])) AND prokind = 'f'
        AND format_type(prorettype, NULL) NOT IN ('trigger', 'event_trigger', 'internal', 'void')
        AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid
            AND deptype = 'e')
    ORDER BY nspname COLLATE "C", proname COLLATE "C",
        pg_get_function_identity_arguments(pg_proc.oid) COLLATE "C"
"""

VOLATILE = "v"
TIMES: Mapping[str, ColumnType] = {
    "timestamp with time zone": TIMESTAMP(timezone=True),
    "time with time zone": TIME(timezone=True),
}


class Functions:
    """The functions of the schemas that are read."""

    def __init__(
        self,
        connection: Connection,
        default_schema: str | None,
        tables: Sequence[FoundTable],
        enums: Sequence[FoundEnum],
        domains: Sequence[FoundDomain],
    ) -> None:
        self.left_out: list[LeftOut] = []
        self._connection = connection
        self._default_schema = default_schema
        self._tables = {f"{table.name.schema or default_schema}.{table.name.name}": table.name for table in tables}
        self._enums = {str(enum.name): enum for enum in enums}
        self._domains = {str(domain.name): domain for domain in domains}
        self._names: Mapping[str, type[TypeEngine[Any]]] = connection.dialect.ischema_names  # type: ignore[attr-defined]  # of this dialect

    def found(self, schemas: Sequence[str]) -> Sequence[FoundFunction]:
        """Those that can be called."""
        rows = self._connection.execute(text(_FUNCTIONS), {"schemas": list(schemas)}).all()
        return [found for row in rows if (found := self._function(row)) is not None]

    def _function(self, row: Row[Any]) -> FoundFunction | None:
        name = Name(None if row.schema == self._default_schema else row.schema, row.name)
        *of_arguments, of_result = [self._tables.get(each or "") for each in row.tables]
        result = None if of_result is not None else self._type(row.returns)
        arguments = [self._argument(row, place, written) for place, written in enumerate(row.types or ())]
        why = _fault(row, arguments, of_arguments, is_known=of_result is not None or result is not None)
        if why is not None:
            self.left_out.append(LeftOut(f"function {name}({row.signature})", why))
            return None
        return FoundFunction(
            name=name,
            arguments=arguments,
            returns=row.returns,
            returns_set=row.returns_set,
            row_of=of_arguments[0] if of_arguments else None,
            rows_from=of_result,
            type=result,
            strict=row.strict,
            comment=row.comment,
        )

    def _argument(self, row: Row[Any], place: int, written: str) -> FoundArgument:
        names = row.names or ()
        name = names[place] if place < len(names) and names[place] else None
        return FoundArgument(name, written, place >= row.required, self._type(written))

    def _type(self, written: str) -> ColumnType | None:
        """The type of a name; None for those that SQLAlchemy does not know."""
        if written.endswith("[]"):
            of_items = self._type(written.removesuffix("[]"))
            return None if of_items is None else ARRAY(of_items)
        if written in self._enums:
            enum = self._enums[written]
            return ENUM(*enum.words, name=enum.name.name, schema=enum.name.schema)
        if written in self._domains:
            return self._type(self._domains[written].written.partition("(")[0])
        if written in TIMES:
            return TIMES[written]
        found = self._names.get(written.lower())
        return None if found is None else found()


def _fault(
    row: Row[Any], arguments: Sequence[FoundArgument], of_arguments: Sequence[Name | None], *, is_known: bool
) -> str | None:
    """Why a function cannot be called; None for one that can."""
    if row.volatility == VOLATILE:
        return "It may change something; mark it STABLE or IMMUTABLE if it does not."
    if not row.usable:
        return "The role may not call it; GRANT EXECUTE lets it."
    if row.has_others:
        return "It has arguments that give something back, or any number of them."
    if not is_known:
        return f"No form is known for what it gives, {row.returns}."
    is_of_row = bool(of_arguments) and of_arguments[0] is not None
    if is_of_row and row.returns_set and row.tables[-1] is None:
        return "It gives many values of a row."
    unknown = next((each for each in arguments[is_of_row:] if each.type is None), None)
    if unknown is not None:
        return f"No form is known for its argument {unknown.name or unknown.written}, {unknown.written}."
    if is_of_row and row.required > 1:
        return "It wants more than a row."
    return None
