"""What a database refuses, in one form for both: which kind of rule, of which table, over which columns.

SQLAlchemy's `IntegrityError` enters, a `Violation` leaves. SQLite does not say which foreign key was broken.
Sources: https://www.postgresql.org/docs/current/errcodes-appendix.html, https://www.sqlite.org/rescode.html
"""

import re
from enum import Enum, auto
from typing import Any, NamedTuple

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Table,
    UniqueConstraint,
    exists,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError


class Rule(Enum):
    """What kind of rule was broken."""

    UNIQUE = auto()
    FOREIGN_KEY = auto()
    CHECK = auto()
    NOT_NULL = auto()
    OTHER = auto()


class Violation(NamedTuple):
    """A rule that a change would have broken."""

    rule: Rule
    table: Table | None = None
    columns: tuple[str, ...] = ()
    """The columns that the rule is about, by their names in the database, as far as they are known."""
    name: str = ""
    """What a CHECK is called in the model, without the prefix of the naming convention; empty if it has no name."""


_STATES = {"23505": Rule.UNIQUE, "23503": Rule.FOREIGN_KEY, "23514": Rule.CHECK, "23502": Rule.NOT_NULL}
_ON_SQLITE = re.compile(r"(UNIQUE|NOT NULL|CHECK|FOREIGN KEY) constraint failed(?:: (.*))?", re.DOTALL)
_SQLITE_INDEX = re.compile(r"index '(.*)'", re.DOTALL)
_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy has no types for it


def violation_of(error: IntegrityError, metadata: MetaData) -> Violation:
    """Which rule an error is about."""
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _on_postgresql(_STATES.get(state, Rule.OTHER), _driver_error(error), metadata)
    found = _ON_SQLITE.search(str(error.orig))
    return Violation(Rule.OTHER) if found is None else _on_sqlite(Rule[found[1].replace(" ", "_")], found[2], metadata)


def _driver_error(error: IntegrityError) -> Any:
    """The driver's own exception, which knows the constraint."""
    return getattr(error.orig, "__cause__", None) or error.orig


def _on_postgresql(rule: Rule, error: Any, metadata: MetaData) -> Violation:
    table = _table(getattr(error, "table_name", None), metadata)
    name = getattr(error, "constraint_name", None)
    if table is None or rule is Rule.OTHER:
        return Violation(rule)
    if rule is Rule.NOT_NULL:
        return Violation(rule, table, (getattr(error, "column_name", None) or "",))
    if rule is Rule.CHECK:
        checks = [check for check in _checks(table) if _name(check, table) == name]
        return Violation(rule, table, (), _plain(checks[0], table) if checks else "")
    for constraint in (*table.constraints, *table.indexes):
        if _name(constraint, table) == name:
            return Violation(rule, table, _columns(constraint))
    return Violation(rule, table)


def _on_sqlite(rule: Rule, detail: str | None, metadata: MetaData) -> Violation:
    """`users.email, users.name` for columns, `index 'ix_users_email'` for expressions, a CHECK's name or its SQL."""
    if detail is None:
        return Violation(rule)
    if rule is Rule.CHECK:
        for table in metadata.tables.values():
            for check in _checks(table):
                if detail in (_name(check, table), str(check.sqltext)):
                    return Violation(rule, table, (), _plain(check, table))
        return Violation(rule)
    named = _SQLITE_INDEX.fullmatch(detail)
    if named is not None:
        for table in metadata.tables.values():
            for index in table.indexes:
                if _name(index, table) == named[1]:
                    return Violation(rule, table, _columns(index))
        return Violation(rule)
    pairs = [part.strip().rpartition(".") for part in detail.split(",")]
    return Violation(rule, _table(pairs[0][0], metadata), tuple(column for _, _, column in pairs))


def _table(name: str | None, metadata: MetaData) -> Table | None:
    return next((table for table in metadata.tables.values() if table.name == name), None)


def _checks(table: Table) -> list[CheckConstraint]:
    """Those of the table and those of its columns."""
    constraints = [*table.constraints, *(own for column in table.columns for own in column.constraints)]
    return [constraint for constraint in constraints if isinstance(constraint, CheckConstraint)]


def _columns(constraint: Any) -> tuple[str, ...]:
    return tuple(column.name for column in constraint.columns)


def _name(constraint: Any, table: Table) -> str:
    """What a constraint or an index is called in the database; without a name, what PostgreSQL makes up."""
    if isinstance(constraint.name, str):
        given = _PREPARER.truncate_and_render_constraint_name(constraint.name)
        return str(given).removeprefix('"').removesuffix('"')
    if isinstance(constraint, PrimaryKeyConstraint):
        return f"{table.name}_pkey"
    ending = {UniqueConstraint: "key", ForeignKeyConstraint: "fkey", CheckConstraint: "check"}.get(type(constraint), "")
    return "_".join((table.name, *_columns(constraint), ending))


def _plain(check: CheckConstraint, table: Table) -> str:
    name = check.name if isinstance(check.name, str) else ""
    return name.removeprefix(f"ck_{table.name}_")


def references_to(table: Table, key: tuple[Any, ...], metadata: MetaData) -> list[tuple[Table, Select[tuple[bool]]]]:
    """For each table that would keep a row from being deleted, whether it does, as a statement."""
    values = dict(zip((column.name for column in table.primary_key), key, strict=True))
    found: list[tuple[Table, Select[tuple[bool]]]] = []
    for other in metadata.sorted_tables:
        for constraint in other.foreign_key_constraints:
            gives_way = (constraint.ondelete or "").upper() in ("CASCADE", "SET NULL")
            pairs = [(element.parent, element.column) for element in constraint.elements]
            if constraint.referred_table is table and not gives_way and all(far.name in values for _, far in pairs):
                refers = exists().where(*(own == values[far.name] for own, far in pairs))
                found.append((other, select(refers.select_from(other))))
    return found
