"""Plans of statements that were sent, each asked for with its own values.

Notes of a session enter, explanations leave. A statement that changes something is never run again, nor is one that
somebody has written as text. Every question stands in a read-only transaction that is undone, under one deadline for
all of them; what goes wrong becomes a sentence in the place of the plan.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Dialect, Select, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.diagnosis.hints import Hint, concerns, hints
from db.diagnosis.indexes import TableFacts, facts_of
from db.diagnosis.needs import needs_of
from db.dialects import Need, Plan, dialect_of
from db.session import Engines
from db.trace import Kind, SentStatement

logger = logging.getLogger("trellis")

DEADLINE_S = 10.0
"""For the plans of one operation together."""

TOO_LATE = f"There is no plan: the {DEADLINE_S:.0f} seconds for the plans of one operation were over."

NO_TABLE = "No table is read."
"""The plan of a statement for which a database has no line."""


class Explanation(NamedTuple):
    """The plan of a statement, or why there is none."""

    text: str
    analyzed: bool = False
    """Whether the statement was run again, and the plan tells what happened."""
    hints: Sequence[Hint] = ()


class Diagnosis:
    """The plans of one operation's statements."""

    def __init__(self, engines: Engines, *, analyze: bool, values: bool) -> None:
        self._engines = engines
        self._analyze = analyze
        self._values = values
        self._facts: dict[Table, TableFacts] = {}

    async def explain(self, sent: Mapping[int, SentStatement]) -> Mapping[int, Explanation]:
        """The plan of each statement, by its number; frames of transactions have none."""
        wanted = {number: statement for number, statement in sent.items() if statement.is_work}
        found = dict.fromkeys(wanted, Explanation(TOO_LATE))
        # What an operation has begun to change may be read again and be found changed: nothing of it is run twice.
        reads_only = all(statement.kind is not Kind.CHANGE for statement in wanted.values())
        try:
            async with asyncio.timeout(DEADLINE_S):
                for number, statement in wanted.items():
                    found[number] = await self._explained(statement, analyze=self._analyze and reads_only)
        except TimeoutError:
            pass
        return found

    async def _explained(self, statement: SentStatement, *, analyze: bool) -> Explanation:
        analyze = analyze and isinstance(statement.construct, Select) and statement.rows is not None
        try:
            async with self._engines.snapshot_of(statement.database).connect() as connection:
                return await self._ask(connection, statement, analyze=analyze)
        except (SQLAlchemyError, OSError) as error:
            return Explanation(f"The database gave no plan: {_reason(error)}.")
        except Exception as error:  # whatever it is, an answer that is complete does not fail for its report
            logger.exception("A statement could not be explained")
            return Explanation(f"There is no plan: {type(error).__name__}; the log has the rest.")

    async def _ask(self, connection: AsyncConnection, statement: SentStatement, *, analyze: bool) -> Explanation:
        known = dialect_of(connection.dialect.name)
        question = known.explain_sql(statement.sql, analyze=analyze)
        rows = (await connection.exec_driver_sql(question, tuple(statement.parameters))).all()
        plan = known.plan(statement.sql, rows, values=self._values)
        needs = [need for need in needs_of(statement.construct) if concerns(need, plan)]
        found = await connection.run_sync(self._hints, needs, plan) if needs else []
        return Explanation(plan.text or NO_TABLE, analyze and plan.is_analyzed, found)

    def _hints(self, connection: Connection, needs: Sequence[Need], plan: Plan) -> list[Hint]:
        for need in needs:
            if need.table not in self._facts:
                self._facts[need.table] = facts_of(connection, need.table)
        dialect: Dialect = connection.dialect
        return hints(needs, plan, self._facts, dialect)


def _reason(error: Exception) -> str:
    """What kind of error it is; its text may hold values."""
    state: Any = getattr(getattr(error, "orig", None), "sqlstate", None)
    return f"{type(error).__name__}{f', state {state}' if state else ''}"
