"""Types of columns on MariaDB and MySQL: the same values as elsewhere, and DDL that says so.

Columns' types enter, DDL leaves, and types that read and write what the driver takes. A database of others may compare
texts without their case, and cut moments to seconds; a column that is made here does neither. A type that a model names
in this database's own words stays as it is.
Sources: https://mariadb.com/kb/en/data-types/, https://dev.mysql.com/doc/refman/8.4/en/data-types.html
"""

from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    CHAR,
    NCHAR,
    VARCHAR,
    Column,
    DateTime,
    Dialect,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Time,
    UniqueConstraint,
    case,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.mysql.base import MySQLDDLCompiler, MySQLTypeCompiler
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.types import NULLTYPE, NullType

from db.relations import ColumnType, stored, unpadded

CHARACTERS = "utf8mb4"
EXACT_ON_MARIADB = "utf8mb4_nopad_bin"
EXACT_ON_MYSQL = "utf8mb4_0900_bin"
"""Collations that tell all texts apart, also by blanks at their ends, and sort by code points.
Sources: https://mariadb.com/kb/en/character-sets-and-collations-in-mariadb/,
https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html"""

KEYED_LENGTH = 255
"""Characters of a text without a length of its own that is in a key: no more than 3072 bytes are indexed together."""
INDEXED_BYTES = 3072
"""What one index takes of a row. Source: https://mariadb.com/kb/en/innodb-limitations/"""
BYTES_OF_CHARACTER = 4
LONGEST_VARCHAR = 16_000
"""Characters that a VARCHAR holds beside other columns: a row has 65,535 bytes for all of them."""

PRECISION, SCALE = 65, 30
"""Of a decimal that says neither: the most that there are. Source: https://mariadb.com/kb/en/decimal/"""
SINGLE_PRECISION_BITS = 24
MICROSECONDS = 6
UUID_DIGITS = 32
MAX_NAME = 64
"""Characters of a name."""


def error_sql(value: str) -> str:
    """An expression that is an error when it is computed, beside a value: two rows where one is meant.

    A statement has no other way to raise one; a pattern that is none is null, unless it is known before any row.
    """
    return f"(SELECT n FROM (SELECT 1 AS n UNION ALL SELECT 2) AS two WHERE two.n <= 2 + CHAR_LENGTH({value}))"


def exact_collation(dialect: Dialect) -> str:
    """The collation by which texts are equal only if they are the same, on the server that a dialect has met."""
    return EXACT_ON_MARIADB if getattr(dialect, "is_mariadb", True) or not _has_met(dialect) else EXACT_ON_MYSQL


def _has_met(dialect: Dialect) -> bool:
    """Whether a server has told its version; until then, MariaDB is meant."""
    return bool(getattr(dialect, "server_version_info", ()))


class MariaDBTypeCompiler(MySQLTypeCompiler):
    """Types in DDL."""

    def _text(self, type_: Any, spec: str) -> str:
        """A type of texts, with the collation that is exact, unless the model has named another one."""
        named = ("charset", "collation", "ascii", "unicode", "binary", "national")
        if any(getattr(type_, name, None) for name in named):
            return str(super()._extend_string(type_, {}, spec))
        return f"{spec} CHARACTER SET {CHARACTERS} COLLATE {exact_collation(self.dialect)}"

    def _extend_string(self, type_: Any, defaults: dict[str, Any], spec: str) -> str:
        return self._text(type_, spec)

    def visit_VARCHAR(self, type_: Any, **kw: Any) -> str:
        """Without a length, or with one that no row has room for: any text."""
        length = type_.length
        if length is None or length > LONGEST_VARCHAR:
            return self._unlimited(type_, kw.get("type_expression"))
        return self._text(type_, f"VARCHAR({length})")

    def visit_NVARCHAR(self, type_: Any, **kw: Any) -> str:
        """As above: all texts are Unicode."""
        return self.visit_VARCHAR(type_, **kw)

    def visit_NCHAR(self, type_: Any, **kw: Any) -> str:
        """As CHAR."""
        return self._text(type_, f"CHAR({type_.length or 1})")

    def visit_TEXT(self, type_: Any, **kw: Any) -> str:
        """Any text: TEXT ends at 65,535 bytes here."""
        if isinstance(type_, mysql.TEXT):
            return super().visit_TEXT(type_, **kw)
        return self._unlimited(type_, kw.get("type_expression"))

    def _unlimited(self, type_: Any, column: object) -> str:
        return self._text(type_, f"VARCHAR({KEYED_LENGTH})" if _is_keyed(column) else "LONGTEXT")

    def visit_NUMERIC(self, type_: Any, **kw: Any) -> str:
        """Without a precision, the most that there is: by itself it would be ten digits, and none behind the point."""
        return super().visit_NUMERIC(type_, **kw) if type_.precision is not None else f"NUMERIC({PRECISION}, {SCALE})"

    def visit_DECIMAL(self, type_: Any, **kw: Any) -> str:
        """As above."""
        return super().visit_DECIMAL(type_, **kw) if type_.precision is not None else f"DECIMAL({PRECISION}, {SCALE})"

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:
        """In double precision, unless a column says that it needs no more than the other."""
        if isinstance(type_, mysql.FLOAT):
            return super().visit_FLOAT(type_, **kw)
        is_single = type_.precision is not None and type_.precision <= SINGLE_PRECISION_BITS
        return "FLOAT" if is_single else "DOUBLE"

    def visit_REAL(self, type_: Any, **kw: Any) -> str:
        """In single precision, as the standard has it."""
        return super().visit_REAL(type_, **kw) if isinstance(type_, mysql.REAL) else "FLOAT"

    def visit_DATETIME(self, type_: Any, **kw: Any) -> str:
        """With microseconds."""
        return super().visit_DATETIME(type_, **kw) if isinstance(type_, mysql.DATETIME) else f"DATETIME({MICROSECONDS})"

    def visit_TIMESTAMP(self, type_: Any, **kw: Any) -> str:
        """As DATETIME, for TIMESTAMP ends in 2038 here."""
        if isinstance(type_, mysql.TIMESTAMP):
            return super().visit_TIMESTAMP(type_, **kw)
        return self.visit_DATETIME(type_)

    def visit_TIME(self, type_: Any, **kw: Any) -> str:
        """With microseconds."""
        return super().visit_TIME(type_, **kw) if isinstance(type_, mysql.TIME) else f"TIME({MICROSECONDS})"

    def visit_BLOB(self, type_: Any, **kw: Any) -> str:
        """Any number of bytes, in a key as many as are indexed."""
        if type_.length is not None or isinstance(type_, mysql.BLOB):
            return super().visit_BLOB(type_, **kw)
        return f"VARBINARY({KEYED_LENGTH})" if _is_keyed(kw.get("type_expression")) else "LONGBLOB"

    def visit_large_binary(self, type_: Any, **kw: Any) -> str:
        """As above."""
        return self.visit_BLOB(type_, **kw)

    def visit_uuid(self, type_: Any, **kw: Any) -> str:
        """32 hexadecimal digits, which sort as the bytes do: MariaDB sorts its own type in another order.

        Source: https://mariadb.com/kb/en/uuid-data-type/
        """
        return self._text(type_, f"CHAR({UUID_DIGITS})")

    def visit_UUID(self, type_: Any, **kw: Any) -> str:
        """As above."""
        return self.visit_uuid(type_, **kw)


class MariaDBDDLCompiler(MySQLDDLCompiler):
    """Tables and indexes."""

    def visit_create_index(self, create: Any, *given: Any, **kw: Any) -> str:
        """Of long texts, the beginning: an index takes no more bytes of a row.

        MariaDB indexes columns alone: an expression stands in a column that nobody sees, and so does the value of a
        unique index of some rows, which the others have none of.
        """
        index: Index = create.element
        where = _condition(index)
        is_computed = where is not None and bool(index.unique)
        if is_computed or (_is_of_mariadb(self.dialect) and any(map(_is_computed, index.expressions))):
            return self._create_with_columns(index, where if is_computed else None)
        options = index.dialect_options[self.dialect.name]
        named = options["length"]
        if named is None and not options["prefix"]:
            options["length"] = prefix_lengths(index, self.dialect) or None
        try:
            visit: Any = super().visit_create_index
            return str(visit(create, *given, **kw))
        finally:
            options["length"] = named  # the model is not ours

    def _create_with_columns(self, index: Index, where: Any) -> str:
        adds, parts = [], []
        for number, expression in enumerate(index.expressions):
            value, direction = _without_direction(expression)
            if where is None and isinstance(value, Column):
                parts.append(f"{self.preparer.format_column(value)}{direction}")
                continue
            name = self.preparer.quote(computed_name(index, number))
            computed = value if where is None else case((where, value))
            words = self.sql_compiler.process(computed, include_table=False, literal_binds=True)
            adds.append(f"ADD COLUMN {name} {self._computed_type(value)} AS ({words}) VIRTUAL INVISIBLE")
            parts.append(f"{name}{direction}")
        kind = "UNIQUE INDEX" if index.unique else "INDEX"
        made = f"ADD {kind} {self._prepared_index_name(index)} ({', '.join(parts)})"
        assert index.table is not None
        return f"ALTER TABLE {self.preparer.format_table(index.table)} {', '.join([*adds, made])}"

    def _computed_type(self, value: Any) -> str:
        """The type of a column that an index needs; of texts, as long as those that they are made of."""
        found = stored(getattr(value, "type", NULLTYPE), self.dialect)
        if not isinstance(found, String | NullType):
            return str(self.type_compiler.process(value.type))
        lengths = [getattr(it.type, "length", None) for it in visitors.iterate(value) if isinstance(it, Column)]
        length = max((it or KEYED_LENGTH for it in lengths), default=KEYED_LENGTH)
        return str(self.type_compiler.process(VARCHAR(min(length, INDEXED_BYTES // BYTES_OF_CHARACTER))))

    def visit_drop_index(self, drop: Any, **kw: Any) -> str:
        """With the columns that it needed."""
        index: Index = drop.element
        gone = [
            f"DROP COLUMN IF EXISTS {self.preparer.quote(computed_name(index, number))}"
            for number, expression in enumerate(index.expressions)
            if _is_computed(expression) or (_condition(index) is not None and index.unique)
        ]
        if not gone or not _is_of_mariadb(self.dialect):
            return str(super().visit_drop_index(drop, **kw))
        assert index.table is not None
        name = self._prepared_index_name(index)
        return f"ALTER TABLE {self.preparer.format_table(index.table)} {', '.join([f'DROP INDEX {name}', *gone])}"

    _makes_table = False

    def visit_create_table(self, create: Any, **kw: Any) -> str:
        """As elsewhere."""
        self._makes_table = True
        visit: Any = super().visit_create_table
        return str(visit(create, **kw))

    def visit_column_check_constraint(self, constraint: Any, **kw: Any) -> str:
        """Beside the column where the rule has a name: MariaDB takes none inside of it."""
        visit: Any = super().visit_column_check_constraint
        text = str(visit(constraint, **kw))
        if not text.startswith("CONSTRAINT "):
            return text
        return f", {text}" if self._makes_table else f", ADD {text}"

    def visit_foreign_key_constraint(self, constraint: Any, **kw: Any) -> str:
        """With its columns in the order of the key that they refer to, by which InnoDB looks for them."""
        referred = constraint.referred_table
        keys = (it for it in referred.constraints if isinstance(it, UniqueConstraint | PrimaryKeyConstraint))
        wanted = {element.column.name for element in constraint.elements}
        places = next((it.columns.keys() for it in keys if {column.name for column in it.columns} == wanted), None)
        ordered = copy(constraint)
        if places is not None:
            ordered.elements = sorted(constraint.elements, key=lambda element: places.index(element.column.key))
        visit: Any = super().visit_foreign_key_constraint
        return str(visit(ordered, **kw))

    def define_constraint_deferrability(self, constraint: Any) -> str:
        """None: every constraint is looked at when a row is written."""
        return ""

    def visit_primary_key_constraint(self, constraint: Any, **kw: Any) -> str:
        """Without a name, which the database would not keep: all primary keys have one."""
        return str(super().visit_primary_key_constraint(constraint, **kw)).replace(self._named(constraint), "", 1)

    def _named(self, constraint: Any) -> str:
        name = self.preparer.format_constraint(constraint) if constraint.name is not None else None
        return f"CONSTRAINT {name} " if name else ""

    def post_create_table(self, table: Table) -> str:
        """Columns that are added later are exact, too."""
        named = super().post_create_table(table)
        if "COLLATE" in named or "CHARSET" in named or "CHARACTER SET" in named:
            return named
        return f" CHARACTER SET {CHARACTERS} COLLATE {exact_collation(self.dialect)}{named}"


COMPUTED = "trellis_of_"
"""How the name of a column begins that an index needs."""


def computed_name(index: Index, number: int) -> str:
    """The name of the column that an index needs for one of its expressions."""
    return f"{COMPUTED}{number}_{index.name}"[:MAX_NAME]


def _is_of_mariadb(dialect: Dialect) -> bool:
    return bool(getattr(dialect, "is_mariadb", True)) or not _has_met(dialect)


def _without_direction(expression: Any) -> tuple[Any, str]:
    if isinstance(expression, UnaryExpression) and expression.modifier is operators.desc_op:
        return expression.element, " DESC"
    if isinstance(expression, UnaryExpression) and expression.modifier is operators.asc_op:
        return expression.element, ""
    return expression, ""


def _is_computed(expression: Any) -> bool:
    return not isinstance(_without_direction(expression)[0], Column)


def _condition(index: Index) -> Any:
    """Which rows an index is of, as the model says it for databases that have such indexes; None for all."""
    found = (value for name, value in index.dialect_kwargs.items() if name.endswith("_where"))
    return next((value for value in found if value is not None), None)


def prefix_lengths(index: Index, dialect: Dialect) -> dict[str, int]:
    """How much of each column of an index is indexed, where the whole of it cannot be; unique ones take the whole."""
    if index.unique:
        return {}
    columns = [column for column in index.expressions if isinstance(column, Column)]
    share = INDEXED_BYTES // BYTES_OF_CHARACTER // max(1, len(index.expressions))
    return {
        column.name: min(share, KEYED_LENGTH)
        for column in columns
        if isinstance(stored(column.type, dialect), String | LargeBinary)
        and not _is_keyed(column)
        and (getattr(stored(column.type, dialect), "length", None) or LONGEST_VARCHAR) > share
    }


def _is_keyed(column: object) -> bool:
    """Whether a column is part of a key, of which the database takes no part of a value."""
    if not isinstance(column, Column) or not isinstance(column.table, Table):
        return False
    keyed = (
        constraint
        for constraint in column.table.constraints
        if isinstance(constraint, UniqueConstraint | ForeignKeyConstraint) and column.name in constraint.columns
    )
    indexed = (index for index in column.table.indexes if index.unique and column.name in index.columns)
    return bool(column.primary_key or column.unique or column.foreign_keys or next(keyed, None) or next(indexed, None))


class StoredMoment(DateTime):
    """A moment: with a zone, it is stored in UTC and read with its zone."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """To UTC; the driver would leave the zone out."""
        return _in_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """In UTC."""
        return _with_zone if self.timezone else None


class StoredTime(Time):
    """A time of day: the driver takes times for spans."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """A time with a zone, as the same time in UTC."""
        return _time_in_utc if self.timezone else _as_it_is

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """The time that is so far behind midnight."""
        return _zoned_time_of if self.timezone else _time_of


class StoredDecimal(mysql.NUMERIC):
    """A decimal. One of any size has as many digits behind the point as there may be, of which zeros say nothing."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """The digits that were written."""
        if self.precision is None and self.asdecimal:
            return _shortest
        process: Any = super().result_processor
        found: Callable[[Any], Any] | None = process(dialect, coltype)
        return found


class UnpaddedText(String):
    """CHAR(n), whose blanks at the end are no part of a value."""

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:
        """What takes the blanks away."""
        return unpadded

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], str | None]:
        """The same, of what others have written."""
        return unpadded


def _in_utc(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value


def _with_zone(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _as_it_is(value: Any) -> Any:
    return value


def _time_in_utc(value: Any) -> Any:
    if not isinstance(value, time) or value.tzinfo is None:
        return value
    return datetime.combine(date(2000, 1, 1), value).astimezone(UTC).time()


def _time_of(value: Any) -> Any:
    if not isinstance(value, timedelta) or not timedelta() <= value < timedelta(days=1):
        return value  # the database also has spans; whoever reads it says that it is no time
    return (datetime.min + value).time()  # noqa: DTZ901 - a time of no day


def _zoned_time_of(value: Any) -> Any:
    found = _time_of(value)
    return found.replace(tzinfo=UTC) if isinstance(found, time) else found


def _shortest(value: Any) -> Any:
    if not isinstance(value, Decimal) or not value.is_finite():
        return value
    written = f"{value:f}"
    return Decimal(written.rstrip("0").rstrip(".") or "0") if "." in written else value


TYPES: Mapping[type[ColumnType], type[ColumnType]] = {
    DateTime: StoredMoment,
    Numeric: StoredDecimal,
    Time: StoredTime,
    CHAR: UnpaddedText,
    NCHAR: UnpaddedText,
}
"""What SQLAlchemy's types become."""
