"""Plans of MariaDB and MySQL.

What EXPLAIN answers enters, a `Plan` leaves.
Source: https://mariadb.com/kb/en/explain/
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Table, text

from db.dialects.plans import Plan


def explain_sql(sql: str, *, analyze: bool) -> str:
    """The statement that asks for the plan of another one."""
    return f"{'ANALYZE' if analyze else 'EXPLAIN'} {sql}"


def plan(sql: str, rows: Sequence[Sequence[Any]], *, values: bool) -> Plan:
    """The plan of a statement."""
    lines = ["  ".join("" if value is None else str(value) for value in row) for row in rows]
    return Plan("\n".join(lines), {}, 0)


def estimated_rows(table: Table) -> Executable:
    """What InnoDB estimates."""
    return text(
        "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :name"
    ).bindparams(name=table.name)
