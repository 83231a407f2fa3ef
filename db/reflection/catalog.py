"""What a database holds, in the database's own words.

Plain values only: whoever reads a database makes them, whoever maps one takes them. Nothing is read and no name is
changed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from db.relations import ColumnType


class Kind(StrEnum):
    """What rows are read from."""

    TABLE = "table"
    """A partitioned table is one; its partitions are not shown."""
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"


class Told(StrEnum):
    """Who says that a key is one, or that columns refer to another table."""

    DATABASE = "database"
    """A constraint: it always holds."""
    COMMENT = "comment"
    """A comment: `@key (id)`, `@references shop.authors (id)`."""
    UNIQUE = "unique constraint"
    """A unique constraint over columns that are never null, of a table without a primary key. A unique index of a
    materialized view."""


class Name(NamedTuple):
    """The name of a table, a type or a function."""

    schema: str | None
    """None: the schema that the connection looks in first (`public`), and SQLite's only one."""
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"


class Generated(StrEnum):
    """Who gives a column its values, where not whoever writes a row."""

    IDENTITY_ALWAYS = "identity always"
    IDENTITY_BY_DEFAULT = "identity by default"
    """Also `serial`, and SQLite's INTEGER PRIMARY KEY."""
    COMPUTED = "computed"


@dataclass(frozen=True, kw_only=True)
class FoundColumn:
    """A column of a table or a view."""

    name: str
    type: ColumnType
    """As SQLAlchemy reads it; `NullType` where SQLAlchemy does not know the type."""
    written: str
    """The type as the database writes it: `numeric(10,2)`, `shop.mood[]`."""
    nullable: bool
    generated: Generated | None = None
    default: str | None = None
    """The SQL of the default; None for none, and where `generated` says who gives the value."""
    computed: str | None = None
    """The SQL of a computed column."""
    stored: bool = True
    """Whether the values of a computed column are kept, not worked out when they are read."""
    comment: str | None = None
    """Without its `@` directives."""
    called: str | None = None
    """The name that a comment gives: `@name total`."""
    by_values: bool = False
    """Whether the type is what the first rows hold, because the column's own type does not say (SQLite)."""


@dataclass(frozen=True)
class FoundKey:
    """Columns of which no two rows have the same values, and none is null."""

    columns: Sequence[str]
    name: str | None = None
    told: Told = Told.DATABASE
    certain: bool = True
    """Whether the database holds to it. If not, the rows are looked at once, when it is read."""


@dataclass(frozen=True, kw_only=True)
class FoundForeignKey:
    """Columns that refer to a row of another table, or of the same one."""

    columns: Sequence[str]
    target: Name
    target_columns: Sequence[str]
    name: str | None = None
    on_delete: str | None = None
    """`CASCADE`, `SET NULL` and so on, where it is not the default."""
    on_update: str | None = None
    told: Told = Told.DATABASE
    certain: bool = True
    """Whether each reference leads to a row. Not where a comment tells of it, where the database does not hold to it
    (SQLite does only for connections that ask for it), and where row security may hide the row."""
    called: str | None = None
    """The name that a comment of the constraint gives to the relation: `@name author`."""
    called_back: str | None = None
    """The same for the relation that leads back: `@back posts`."""


@dataclass(frozen=True, kw_only=True)
class FoundIndex:
    """An index. What makes it unique may hold for a part of the rows only."""

    name: str | None
    columns: Sequence[str | None]
    """None stands for an expression."""
    unique: bool = False
    where: str | None = None
    method: str | None = None
    """`gin` and so on, where it is not the usual one."""


@dataclass(frozen=True)
class FoundCheck:
    """A CHECK of a table or of a domain."""

    name: str | None
    sql: str


@dataclass(frozen=True, kw_only=True)
class FoundTable:
    """A table, a view or a materialized view."""

    name: Name
    kind: Kind
    columns: Sequence[FoundColumn]
    """In the table's order."""
    key: FoundKey | None
    """The primary key, or what a comment says; None: a row cannot be named."""
    unique: Sequence[FoundKey] = ()
    """Unique constraints and whole unique indexes over columns that are never null."""
    nullable_unique: Sequence[FoundKey] = ()
    """Unique constraints over columns that may be null, so that no row is named by one."""
    foreign_keys: Sequence[FoundForeignKey] = ()
    indexes: Sequence[FoundIndex] = ()
    """Those that no constraint has made."""
    checks: Sequence[FoundCheck] = ()
    comment: str | None = None
    policies: Sequence[str] = ()
    """What row security demands of those who read, as SQL."""
    has_collations: bool = False
    """Whether texts of a column may be equal that are not the same."""
    called: Sequence[str] = ()
    """The class that a comment names, and its plural where it names one: `@name Person people`."""


@dataclass(frozen=True)
class FoundEnum:
    """An enumeration of PostgreSQL."""

    name: Name
    words: Sequence[str]
    comment: str | None = None


@dataclass(frozen=True, kw_only=True)
class FoundDomain:
    """A domain of PostgreSQL: a type that holds some of the values of another."""

    name: Name
    written: str
    """The type below, as the database writes it."""
    nullable: bool
    checks: Sequence[FoundCheck] = ()
    comment: str | None = None


class FoundArgument(NamedTuple):
    """An argument of a function."""

    name: str | None
    written: str
    has_default: bool
    type: ColumnType | None = None
    """None for the row of a table."""


@dataclass(frozen=True, kw_only=True)
class FoundFunction:
    """A function of PostgreSQL that changes nothing (STABLE or IMMUTABLE)."""

    name: Name
    arguments: Sequence[FoundArgument]
    returns: str
    """The type, as the database writes it."""
    returns_set: bool
    row_of: Name | None
    """The table whose row is the only required argument: the function is a computed column of that."""
    rows_from: Name | None
    """The table whose rows are returned."""
    type: ColumnType | None = None
    """Of the value that is returned; None for rows."""
    strict: bool = False
    """Whether a null among the arguments makes the result null, and the function is not called."""
    comment: str | None = None
    called: str | None = None
    """The name that a comment gives: `@name total`."""

    @property
    def signature(self) -> str:
        """What tells it from others of its name: `add(integer, integer)`."""
        return f"{self.name}({', '.join(argument.written for argument in self.arguments)})"


@dataclass(frozen=True)
class LeftOut:
    """What is in the database and not in the catalog, or not as it is there."""

    what: str
    """`table shop.orders`, `column shop.orders.place`."""
    why: str
    """One sentence, with the cure where there is one."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """What a database holds."""

    dialect: str
    """SQLAlchemy's name of the dialect."""
    tables: Sequence[FoundTable]
    """In the order of their names."""
    enums: Sequence[FoundEnum] = ()
    domains: Sequence[FoundDomain] = ()
    functions: Sequence[FoundFunction] = ()
    left_out: Sequence[LeftOut] = ()
