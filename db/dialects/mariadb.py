"""MariaDB and MySQL: what their SQL has that others have not, or write otherwise.

SQLAlchemy has one name for both, `mysql`, and asks the server which one it is when it first connects. Beside it:
connections (`mariadb_connections`), functions (`mariadb_functions`), errors (`mariadb_errors`), plans
(`mariadb_plans`), the log of changes (`mariadb_changes`).
Sources: https://mariadb.com/kb/en/sql-statements/, https://dev.mysql.com/doc/refman/8.4/en/sql-statements.html
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import URL, ColumnElement, Executable, Index, Insert, Table
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.schema import Constraint

from db.dialects import mariadb_errors, mariadb_plans, mariadb_writes
from db.dialects.care import CareDialect
from db.dialects.change_log import ChangeLogDialect
from db.dialects.connections import ConnectionsDialect
from db.dialects.errors import Failure, ReportedViolation
from db.dialects.interface import Changes, NewValues
from db.dialects.mariadb_care import MariaDBCare
from db.dialects.mariadb_changes import MariaDBChangeLog
from db.dialects.mariadb_connections import MariaDBConnections
from db.dialects.mariadb_functions import MariaDBFunctions
from db.dialects.mariadb_writes import LockName
from db.dialects.plans import IndexForm, OrderedNeed, Plan
from db.relations import Expression

DONE_BEFORE = frozenset({1050, 1051, 1060, 1061, 1068, 1091, 1146, 1304, 1305, 1359, 1360, 1826, 3822})
"""Numbers of errors that say that something is there already, or not there any more."""


class MariaDB(MariaDBFunctions):
    """MariaDB, and MySQL where that is the same."""

    name = "mysql"
    connections: ClassVar[ConnectionsDialect] = MariaDBConnections()
    change_log: ClassVar[ChangeLogDialect] = MariaDBChangeLog()
    care: ClassVar[CareDialect] = MariaDBCare()
    undoes_ddl = False
    updates_return = False
    # An INSERT of known rows takes numbers that follow one another.
    # https://mariadb.com/kb/en/auto_increment-handling-in-innodb/
    numbers_rows_in_order = True

    def insert_missing(self, table: Table, key: Sequence[str] = ()) -> Insert:
        """INSERT IGNORE, of which every other complaint is an error after all."""
        return mariadb_writes.insert_missing(table, key)

    def upsert(
        self, table: Table, key: Sequence[Expression], changes: Changes, where: ColumnElement[bool] | None = None
    ) -> Insert:
        """INSERT … ON DUPLICATE KEY UPDATE, for this key alone."""
        return mariadb_writes.upsert(table, key, changes, where)

    def new_values(self, table: Table) -> NewValues:
        """The row that could not be inserted."""
        return mysql.insert(table).inserted

    def lock(self, table: Table) -> Sequence[Executable]:
        """Others who lock the table wait; until the connection goes back, for LOCK TABLES would end the transaction."""
        return (LockName(table.name),)

    def explain_sql(self, sql: str, *, analyze: bool) -> str:
        """As JSON, whose conditions are told from names."""
        return mariadb_plans.explain_sql(sql, analyze=analyze)

    def plan(self, sql: str, rows: Sequence[Sequence[Any]], *, values: bool) -> Plan:
        """Read from one text."""
        return mariadb_plans.plan(sql, rows, values=values)

    def estimated_rows(self, table: Table) -> Executable | None:
        """What InnoDB estimates."""
        return mariadb_plans.estimated_rows(table)

    def ordered_index(self, need: OrderedNeed) -> IndexForm | None:
        """An index of columns, whole, where nulls stand in its order."""
        return super().ordered_index(need) if mariadb_plans.is_served(need) else None

    def violation(self, error: IntegrityError) -> ReportedViolation | None:
        """Read from the error's number and sentence."""
        return mariadb_errors.violation(error)

    def constraint_name(self, constraint: Constraint | Index, table: Table) -> str:
        """The name in the model; without one, the one that the server makes up."""
        return mariadb_errors.constraint_name(constraint, table)

    def failure(self, error: DBAPIError) -> Failure | None:
        """Read from the error's number."""
        return mariadb_errors.failure(error)

    def was_done_before(self, error: DBAPIError) -> bool:
        """A table, a column, an index, a constraint or a trigger."""
        said = mariadb_errors.said_by(error)
        return said is not None and said.number in DONE_BEFORE

    def place(self, url: URL) -> str:
        """The database, its host and its port."""
        return f"{url.database} at {url.host}:{url.port or 3306}"
