"""Which rule of the model a database says was broken: of which table, over which columns.

SQLAlchemy's `IntegrityError` enters, a `Violation` leaves. The words of a database are known to its dialect alone.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import CheckConstraint, Index, MetaData, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import Constraint

from db.dialects import DIALECTS, DatabaseDialect, ReportedViolation, Rule

__all__ = ["Rule", "Violation", "violation_of"]


class Violation(NamedTuple):
    """A rule that a change would have broken."""

    rule: Rule
    table: Table | None = None
    columns: tuple[str, ...] = ()
    """The columns that the rule is about, by their names in the database, as far as they are known.

    Of a CHECK, those whose names stand in it as words."""
    name: str = ""
    """The name of a CHECK in the model, without the prefix of the naming convention; empty if it has no name."""


def violation_of(error: IntegrityError, metadata: MetaData) -> Violation:
    """Which rule an error is about, among the tables of `metadata`."""
    for dialect in DIALECTS.values():
        reported = dialect.violation(error)
        if reported is not None:
            return _in_the_model(reported, dialect, metadata)
    return Violation(Rule.OTHER)


def _in_the_model(reported: ReportedViolation, dialect: DatabaseDialect, metadata: MetaData) -> Violation:
    tables = [table for table in metadata.tables.values() if reported.table in (None, table.name)]
    table = tables[0] if reported.table is not None and tables else None
    if reported.columns or reported.constraint is None:
        return Violation(reported.rule, table, reported.columns)
    for candidate in tables:
        for constraint in _constraints(candidate):
            if dialect.constraint_name(constraint, candidate) == reported.constraint:
                return _violation(reported.rule, candidate, constraint)
    return Violation(reported.rule, table)


def _constraints(table: Table) -> Iterator[Constraint | Index]:
    """The constraints of the table and of its columns, and its indexes."""
    yield from table.constraints
    for column in table.columns:
        yield from column.constraints
    yield from table.indexes


def _violation(rule: Rule, table: Table, constraint: Constraint | Index) -> Violation:
    if isinstance(constraint, CheckConstraint):
        name = constraint.name if isinstance(constraint.name, str) else ""
        return Violation(rule, table, _named_in(constraint, table), name.removeprefix(f"ck_{table.name}_"))
    return Violation(rule, table, tuple(column.name for column in getattr(constraint, "columns", ())))


def _named_in(check: CheckConstraint, table: Table) -> tuple[str, ...]:
    """The columns of a table that a CHECK names: its text is not parsed, so a word of a constant counts, too."""
    words = set(re.findall(r"\w+", str(check.sqltext)))
    return tuple(column.name for column in table.columns if column.name in words)
