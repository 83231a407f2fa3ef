"""Databases: one file for each, one interface for all.

SQLAlchemy's name of a dialect enters, a `DatabaseDialect` leaves. To add a database, write its file and name the class
in `DIALECTS`. Which database there is, no other module of `db` or `graph` asks; the test lists the exceptions.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from db.dialects.care import Facts
from db.dialects.errors import Failure, Outage, ReportedViolation, Rule, UnstorableValue
from db.dialects.interface import Changes, DatabaseDialect, Function, FunctionName, NewValues
from db.dialects.mariadb import MariaDB
from db.dialects.paging import LIMIT, OFFSET, PagedRows, Query, cut, labelled, limit, sorted_by
from db.dialects.plans import IndexForm, Need, OrderedNeed, Plan, Search, SearchNeed
from db.dialects.postgresql import PostgreSQL
from db.dialects.postgresql_composites import part_of
from db.dialects.postgresql_extensions import EXTENSION_OF, between_places, by_operator
from db.dialects.postgresql_ranges import Range, from_words, in_words
from db.dialects.postgresql_texts import icu_collation
from db.dialects.sqlite import SQLite
from db.relations.arrays import counted_from_one
from db.relations.moments import moment, moments_compared

__all__ = [
    "DIALECTS",
    "EXTENSION_OF",
    "LIMIT",
    "OFFSET",
    "Changes",
    "DatabaseDialect",
    "Facts",
    "Failure",
    "Function",
    "FunctionName",
    "IndexForm",
    "Need",
    "NewValues",
    "OrderedNeed",
    "Outage",
    "PagedRows",
    "Plan",
    "Query",
    "Range",
    "ReportedViolation",
    "Rule",
    "Search",
    "SearchNeed",
    "UnknownDialect",
    "UnstorableValue",
    "between_places",
    "by_operator",
    "cut",
    "dialect_of",
    "failure_of",
    "from_words",
    "function_sql",
    "icu_collation",
    "in_words",
    "labelled",
    "limit",
    "outage_of",
    "part_of",
    "sorted_by",
    "variants",
]

T = TypeVar("T")

DIALECTS: dict[str, DatabaseDialect] = {dialect.name: dialect for dialect in (PostgreSQL(), SQLite(), MariaDB())}
"""Every database that Trellis knows, by SQLAlchemy's name."""


class UnknownDialect(LookupError):
    """A database that Trellis does not know."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Trellis knows no database {name!r}; it knows {', '.join(DIALECTS)}. Add it in db/dialects.")


def dialect_of(name: str) -> DatabaseDialect:
    """The dialect of a name, for instance of `session.dialect`. Raises `UnknownDialect`."""
    found = DIALECTS.get(name)
    if found is None:
        raise UnknownDialect(name)
    return found


@compiles(counted_from_one)
@compiles(moment)
@compiles(moments_compared)
def function_sql(element: Function, compiler: SQLCompiler, **kw: Any) -> str:
    """The SQL of a call of a function whose SQL each dialect knows."""
    dialect = DIALECTS.get(compiler.dialect.name)
    if dialect is None:  # the statement is printed, not run
        return f"{element.name}({compiler.process(element.clauses, **kw)})"
    return dialect.function_sql(element, compiler, **kw)


def variants(common: TypeEngine[T], own: Callable[[DatabaseDialect], TypeEngine[T] | None]) -> TypeEngine[T]:
    """A type that each database which has a form of its own holds in that form."""
    for dialect in DIALECTS.values():
        variant = own(dialect)
        if variant is not None:
            common = common.with_variant(variant, dialect.name)
    return common


_OF_CHANGES = frozenset({Outage.READ_ONLY, Outage.FULL})
"""Outages in which reads are answered."""


def failure_of(error: DBAPIError) -> Failure | Outage | None:
    """Why a database did not do what every database can do, an outage where it takes no changes; None for others."""
    outage = outage_of(error)
    if outage in _OF_CHANGES:
        return outage
    found = (dialect.failure(error) for dialect in DIALECTS.values())
    return next((failure for failure in found if failure is not None), None)


def outage_of(error: DBAPIError) -> Outage | None:
    """Why a database serves nobody at the moment; None for errors that are about the statement."""
    found = (dialect.connections.outage(error) for dialect in DIALECTS.values())
    return next((outage for outage in found if outage is not None), None)
