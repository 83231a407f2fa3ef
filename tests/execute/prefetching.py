"""One server's statements, asked for answers with prefetch and without."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from strawberry.types import ExecutionResult

from db.session.engines import Engines
from db.statements import StatementCache
from db.trace import TRACE, Kind, StatementTrace
from graph.context import ContextFactory
from graph.entity import Schema
from graph.settings import Settings
from tests.execute.agreement.comparing import Answer, answer_of, check

MET = 3
"""Runs until what an operation asks for is read at once, where what was met twice has been met often."""


class Sent(NamedTuple):
    """How many texts an operation has sent, those that frame transactions included."""

    without: int
    prefetched: int


class Asking:
    """A schema on one database, with prefetch and without."""

    def __init__(self, schema: Schema, settings: Settings) -> None:
        self.on = Engines(settings.model_copy(update={"fast_path": True}))
        self.off = Engines(settings.model_copy(update={"fast_path": True, "prefetch": False}))
        self.schema = schema
        self._statements = StatementCache()
        self.combined = 0
        """How often statements were sent as one."""

    async def close(self) -> None:
        """Let go of the database."""
        await self.on.dispose()
        await self.off.dispose()

    async def answer(
        self, query: str, variables: Mapping[str, Any], *, prefetched: bool = True
    ) -> tuple[Answer, list[str]]:
        """What is answered, and the SQL of all that was sent."""
        trace = StatementTrace()
        token = TRACE.set(trace)
        try:
            result = await self.run(query, variables, prefetched=prefetched)
        finally:
            TRACE.reset(token)
        self.combined += sum("AS rows_0" in sent.sql for sent in trace.sent)
        return answer_of(result, 0), [sent.sql for sent in trace.sent if sent.kind is not Kind.DRIVER]

    async def run(
        self,
        query: str,
        variables: Mapping[str, Any],
        *,
        prefetched: bool = True,
        extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """The same without a trace, for somebody who may ask the doctor."""
        context = ContextFactory(
            self.on if prefetched else self.off, statements=self._statements, may_diagnose=lambda _: True
        )
        return await self.schema.execute(query, dict(variables), context_value=context, operation_extensions=extensions)

    async def same(self, query: str, **variables: Any) -> Sent:
        """What was sent at last, however often it is asked for. Raises `Disagreement` where prefetch changes an answer.

        Errors may be told in another order: that in which they came, where resolvers are waited for.
        """
        expected, sent = await self.answer(query, variables, prefetched=False)
        for _ in range(MET):
            found, fewer = await self.answer(query, variables)
            check(found, expected)
        return Sent(len(sent), len(fewer))
