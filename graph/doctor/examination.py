"""One operation under examination: from what is asked for to the report.

A request and its context's session enter; the report leaves as JSON when the operation has ended and its connection is
given back, so that its last COMMIT is in it. Plans are asked for on another connection, and never change anything.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

from db.diagnosis import Diagnosis, Explanation
from db.session import Engines, RequestSession
from db.trace import TRACE, SentStatement, StatementTrace
from graph.context import ContextFactory
from graph.doctor.paths import Paths
from graph.doctor.request import DoctorRequest
from graph.doctor.values import count, shown
from graph.errors import DoctorRefused
from graph.loading.asking import Asking
from graph.prepare.limits import Limits
from graph.prepare.operation import CheckedOperation

NOBODY_ASKED = Asking(None, ())
"""Who asks for what is sent while no field is at work."""


class Examination:
    """What is noted of one operation."""

    def __init__(self, asked: DoctorRequest, engines: Engines) -> None:
        self._asked = asked
        self._engines = engines
        self._trace = StatementTrace()
        self._received = self._prepared = time.perf_counter()

    @classmethod
    def asked(cls, extensions: Mapping[str, Any], contexts: ContextFactory) -> Self | None:
        """The examination that a request asks for; None for most. Raises `InvalidDoctor` and `DoctorRefused`."""
        wanted = DoctorRequest.of(extensions)
        if wanted is None:
            return None
        if not contexts.may_diagnose(contexts.viewer):
            raise DoctorRefused
        return cls(wanted, contexts.engines)

    def begin(self, session: RequestSession) -> None:
        """Note what this session sends, and those that services begin. The operation is prepared."""
        self._prepared = time.perf_counter()
        session.trace = self._trace
        TRACE.set(self._trace)

    async def report(self, checked: CheckedOperation, limits: Limits, data: Mapping[str, Any] | None) -> dict[str, Any]:
        """What there is to tell, as JSON. The session is closed."""
        answered = time.perf_counter()
        TRACE.set(None)
        sent = self._trace.sent
        explained = await self._explained(sent)
        paths = Paths()
        work = [statement for statement in sent if statement.is_work]
        cost = checked.cost
        return {
            "statements": [
                self._statement(number, statement, paths, explained.get(number))
                for number, statement in enumerate(sent, 1)
            ],
            "leftOut": self._trace.left_out,
            "totals": _totals(sent, self._trace.left_out),
            "cost": {"statements": cost.statements, "rows": cost.rows, "values": cost.values},
            "limits": {
                "statements": limits.max_statements,
                "rows": limits.max_rows,
                "values": limits.max_values,
            },
            "real": {
                "statements": len(work) + self._trace.left_out,
                "rows": sum(statement.rows or 0 for statement in work),
                "values": count(list(checked.operation.plan.roots.values()), data),
            },
            "phases": {
                "prepareMs": _ms(self._prepared - self._received),
                "executeMs": _ms(answered - self._prepared),
                "totalMs": _ms(answered - self._received),
            },
            "dialect": self._engines.dialect,
        }

    async def _explained(self, sent: Sequence[SentStatement]) -> Mapping[int, Explanation]:
        """The plans of the statements by their numbers, if they were asked for."""
        if not self._asked.explain:
            return {}
        diagnosis = Diagnosis(self._engines, analyze=self._asked.analyze, values=self._asked.values)
        return await diagnosis.explain(dict(enumerate(sent, 1)))

    def _statement(
        self, number: int, statement: SentStatement, paths: Paths, explained: Explanation | None
    ) -> dict[str, Any]:
        asking = statement.asking if isinstance(statement.asking, Asking) else NOBODY_ASKED
        told: dict[str, Any] = {
            "number": number,
            "kind": statement.kind.value,
            "paths": paths.of(asking),
            "loader": asking.loader if statement.is_work else None,
            "sql": statement.sql,
            "rows": statement.rows,
            "batch": asking.keys if statement.is_work else None,
            "ms": round(statement.ms, 3),
            "cached": statement.cached,
            "database": statement.database,
        }
        if self._asked.values:
            told["parameters"] = shown(list(statement.parameters))
        if explained is not None:
            told["plan"] = {"text": explained.text, "analyzed": explained.analyzed}
            told["hints"] = [hint._asdict() for hint in explained.hints]
        return told


def _totals(sent: Sequence[SentStatement], left_out: int) -> dict[str, Any]:
    """Of everything that the database's own log shows, frames of transactions too."""
    return {
        "statements": len(sent) + left_out,
        "rows": sum(statement.rows or 0 for statement in sent),
        "ms": round(sum(statement.ms for statement in sent), 3),
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
