"""PostgreSQL's words: those of its catalogs, for the tables that it holds and for a twin of each table of the models.

The twins are temporary tables, made and described inside a savepoint that is rolled back. The same server writes both
descriptions, so casts, brackets and defaults of syntax never differ by themselves. Nobody else sees the twins, and no
lock is taken on a table that is there. The connection needs the right to make temporary tables (TEMPORARY, which
everybody has unless it was revoked).

Sources: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CATALOG,
https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SEARCH-PATH (how pg_temp is searched).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Connection, Constraint, Index, MetaData, Row, Table, column, event, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import conv

from migrations.catalogs.interface import SERIAL, ColumnWords, TableWords
from migrations.catalogs.sql import escaped, split, text_of, unquoted

T = TypeVar("T", str, ColumnWords)

quoted = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]  # as SQLAlchemy has it
"""A name, in quotes if PostgreSQL needs them."""

TWINS = "pg_temp"
TOO_MUCH = re.compile(r"^(\s*CREATE (?:UNIQUE )?INDEX) CONCURRENTLY|^(\s*CREATE) UNLOGGED(?= TABLE)")
"""What a temporary table cannot have, and what is no difference."""

_COLUMNS = """
    SELECT relname, attname, format_type(atttypid, atttypmod) AS type, attgenerated <> '' AS generated,
        CASE WHEN attcollation <> typcollation THEN collname END AS collation,
        CASE WHEN pg_get_serial_sequence(quote_ident(nspname) || '.' || quote_ident(relname), attname) IS NOT NULL
            AND pg_get_expr(adbin, adrelid) LIKE 'nextval(%' THEN :serial
            ELSE pg_get_expr(adbin, adrelid) END || CASE attgenerated WHEN 'v' THEN ' virtual' ELSE '' END AS expression
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace JOIN pg_attribute ON attrelid = pg_class.oid
        JOIN pg_type ON pg_type.oid = atttypid LEFT JOIN pg_collation ON pg_collation.oid = attcollation
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = CAST(:schema AS oid) AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
"""
_CONSTRAINTS = """
    SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid) AS words
    FROM pg_class JOIN pg_constraint ON conrelid = pg_class.oid
    WHERE relnamespace = CAST(:schema AS oid) AND contype IN ('p', 'c', 'u', 'x')
"""
_INDEXES = """
    SELECT tables.relname, indexes.relname AS name, pg_get_indexdef(indexrelid) AS words, indisunique, indisvalid
    FROM pg_index JOIN pg_class AS tables ON tables.oid = indrelid JOIN pg_class AS indexes ON indexes.oid = indexrelid
    WHERE tables.relnamespace = CAST(:schema AS oid) AND tables.relkind IN ('r', 'p')
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
"""

_ENUMERATIONS = """
    SELECT typname, array_agg(CAST(enumlabel AS text) ORDER BY enumsortorder) AS words
    FROM pg_type JOIN pg_enum ON enumtypid = pg_type.oid WHERE typnamespace = CAST(:schema AS oid) GROUP BY typname
"""

_SEQUENCES = """
    SELECT relname, format('AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %sCYCLE',
        format_type(seqtypid, NULL), seqincrement, seqmin, seqmax, seqstart, seqcache,
        CASE WHEN seqcycle THEN '' ELSE 'NO ' END) AS words
    FROM pg_class JOIN pg_sequence ON seqrelid = oid WHERE relnamespace = CAST(:schema AS oid)
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype IN ('a', 'i') AND refobjsubid > 0)
"""


class PostgreSQLCatalog:
    """The catalog of PostgreSQL."""

    canonical_types = True
    has_identities = True

    def __init__(self, connection: Connection, models: MetaData) -> None:
        self._connection = connection
        self._models = models
        self._held: dict[str | None, SchemaWords] = {}
        self._described: dict[str | None, tuple[SchemaWords, SchemaWords]] = {}
        """The twins of the models' tables in each schema, for two schemas may have a table of one name."""

    def held(self, table: str, schema: str | None) -> TableWords:
        """A table, from the server's catalogs."""
        found = self._place(schema).tables.get(table, TableWords())
        once, again = (twins.tables.get(table, TableWords()) for twins in self._twins(schema))
        return TableWords(
            {name: _respelt(name, words, once.columns, again.columns) for name, words in found.columns.items()},
            {
                name: _respelt(name, words, once.constraints, again.constraints)
                for name, words in found.constraints.items()
            },
            {name: _respelt(name, words, once.indexes, again.indexes) for name, words in found.indexes.items()},
        )

    def wanted(self, table: str, schema: str | None) -> TableWords:
        """A table, from the description of its twin."""
        return self._twins(schema)[0].tables.get(table, TableWords())

    def enumerations(self, *, wanted: bool) -> Mapping[str, Sequence[str]]:
        """The words of each enumeration, in order."""
        return self._twins(None)[0].enumerations if wanted else self._place(None).enumerations

    def sequences(self, *, wanted: bool) -> Mapping[str, str]:
        """The options of each sequence, as CREATE SEQUENCE takes them."""
        return self._twins(None)[0].sequences if wanted else self._place(None).sequences

    def index(self, name: str, words: str, table: Table) -> Index:
        """An index, as SQLAlchemy has read it."""
        return next(index for index in table.indexes if index.name == name)

    def constraint(self, name: str, words: str, table: Table) -> Constraint:
        """A constraint: CHECK and EXCLUDE by their words, others as SQLAlchemy has read them."""
        if words.startswith("CHECK "):
            condition = words.removeprefix("CHECK (").removesuffix(")")
            return CheckConstraint(text(escaped(condition)), name=conv(name))
        if words.startswith("EXCLUDE "):
            return _exclusion(name, words)
        return next(constraint for constraint in table.constraints if constraint.name == name)

    def _place(self, schema: str | None) -> "SchemaWords":
        if schema not in self._held:
            place = text("SELECT CAST(to_regnamespace(quote_ident(coalesce(:schema, current_schema()))) AS oid)")
            self._held[schema] = described(self._connection, self._connection.scalar(place, {"schema": schema}))
        return self._held[schema]

    def _twins(self, schema: str | None) -> "tuple[SchemaWords, SchemaWords]":
        if schema not in self._described:
            self._described[schema] = self._describe(_without_references(self._models, schema))
        return self._described[schema]

    def _describe(self, models: MetaData) -> "tuple[SchemaWords, SchemaWords]":
        """Tables of the models as the server describes them, and as it describes those made of that description.

        The two differ: an IN becomes an ARRAY with one cast, and from that an ARRAY with many. A database that was
        dumped and restored, or went down by a revision, has the second.
        Raises `CommandError` with the server's reason for making no such table.
        """
        twins = self._connection.begin_nested()
        try:
            self._make_twins(models)
            schema = self._connection.scalar(text("SELECT pg_my_temp_schema()"))
            once = described(self._connection, schema)
            self._connection.exec_driver_sql(f"DO $twins$BEGIN {''.join(_remaking(once))} END$twins$")
            return once, described(self._connection, schema)
        finally:
            twins.rollback()

    def _make_twins(self, models: MetaData) -> None:
        path = "SELECT set_config('search_path', 'pg_temp, ' || current_setting('search_path'), true)"
        self._connection.execute(text(path))
        schemas = {table.schema for table in models.tables.values()} | {None}
        options = self._connection.get_execution_options()
        event.listen(self._connection, "before_cursor_execute", _plain, retval=True)
        try:
            there = self._connection.execution_options(schema_translate_map=dict.fromkeys(schemas, TWINS))
            models.create_all(there, checkfirst=False)
        except DBAPIError as error:
            raise CommandError(f"PostgreSQL does not make the tables of the models: {error.orig}") from error
        finally:
            event.remove(self._connection, "before_cursor_execute", _plain)
            self._connection.execution_options(schema_translate_map=options.get("schema_translate_map"))


def _without_references(models: MetaData, schema: str | None) -> MetaData:
    """The tables of one schema. What they refer to may be in another; foreign keys are alembic's to compare."""
    if {table.schema for table in models.tables.values()} == {schema}:
        return models
    found = MetaData(naming_convention=models.naming_convention)
    for table in [table for table in models.sorted_tables if table.schema == schema]:
        twin = table.to_metadata(found)
        twin.constraints -= twin.foreign_key_constraints
        for part in twin.columns:
            part.foreign_keys.clear()
        twin.foreign_keys.clear()
    return found


def _respelt(name: str, words: T, once: Mapping[str, T], again: Mapping[str, T]) -> T:
    """The words of a thing that the database holds, as its twin has them if the two are the same."""
    return once[name] if name in once and words == again.get(name) else words


def _remaking(twins: "SchemaWords") -> Iterator[str]:
    """Statements that make what has expressions again, of the words that describe it."""
    for name, words in twins.tables.items():
        table = f"{TWINS}.{quoted(name)}"
        for constraint, text_ in words.constraints.items():
            if text_.startswith(("CHECK ", "EXCLUDE ")):
                again = f"DROP CONSTRAINT {quoted(constraint)}, ADD CONSTRAINT {quoted(constraint)} {text_}"
                yield f"ALTER TABLE {table} {again};"
        for name_, found in words.columns.items():
            if found.default not in (None, SERIAL):
                yield f"ALTER TABLE {table} ALTER COLUMN {quoted(name_)} SET DEFAULT {found.default};"
        for index, text_ in words.indexes.items():
            unique, using = ("UNIQUE", text_.removeprefix("unique ")) if text_.startswith("unique ") else ("", text_)
            yield f"DROP INDEX {TWINS}.{quoted(index)}; CREATE {unique} INDEX {quoted(index)} ON {table} USING {using};"


def _plain(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
    return TOO_MUCH.sub(r"\1\2", statement), parameters


class SchemaWords(NamedTuple):
    """A schema, as the server describes it; everything by its name."""

    tables: Mapping[str, TableWords]
    enumerations: Mapping[str, Sequence[str]]
    sequences: Mapping[str, str]


def described(connection: Connection, schema: int) -> SchemaWords:
    """The tables, the enumerations and the sequences of a schema."""
    enumerations = {row.typname: row.words for row in connection.execute(text(_ENUMERATIONS), {"schema": schema})}
    sequences = {row.relname: row.words for row in connection.execute(text(_SEQUENCES), {"schema": schema})}
    return SchemaWords(_tables(connection, schema), enumerations, sequences)


def _tables(connection: Connection, schema: int) -> Mapping[str, TableWords]:

    def by_table(
        query: str, words: Callable[[Row[Any]], tuple[str, Any]], **options: str
    ) -> Mapping[str, dict[str, Any]]:
        found: defaultdict[str, dict[str, Any]] = defaultdict(dict)
        for row in connection.execute(text(query), {"schema": schema} | options):
            found[row.relname].update([words(row)])
        return found

    columns = by_table(_COLUMNS, lambda row: (row.attname, _column(row)), serial=SERIAL)
    constraints = by_table(_CONSTRAINTS, lambda row: (row.conname, row.words))
    indexes = by_table(_INDEXES, lambda row: (row.name, _index(row)))
    return {
        table: TableWords(found, constraints.get(table, {}), indexes.get(table, {})) for table, found in columns.items()
    }


def _column(row: Row[Any]) -> ColumnWords:
    default, generated = (None, row.expression) if row.generated else (row.expression, None)
    return ColumnWords(row.type, row.collation, default, generated)


def _index(row: Row[Any]) -> str:
    """An index without its name and its table; one that was never finished is no index."""
    words = [row.words.partition(" USING ")[2], "" if row.indisvalid else "invalid"]
    return text_of(["unique", *words] if row.indisunique else words).strip()


def _exclusion(name: str, words: str) -> ExcludeConstraint:
    using, _, rest = words.removeprefix("EXCLUDE USING ").partition(" (")
    inside, _, where = rest.partition(") WHERE (")
    parts = split(re.findall(r"[(),]|[^(),]+", inside if where else inside.removesuffix(")")))
    elements = [_excluded("".join(part)) for part in parts]
    condition = text(where.removesuffix(")")) if where else None
    return ExcludeConstraint(*elements, name=conv(name), using=using, where=condition)


def _excluded(element: str) -> tuple[Any, str]:
    expression, _, operator = element.strip().rpartition(" WITH ")
    return column(unquoted(expression)), operator
