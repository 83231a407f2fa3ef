"""An operation run by two executors: ours, and graphql-core's as Strawberry has it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_nullable_type,
    is_introspection_type,
)
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from db.session.engines import Engines
from graph.entity import Schema
from graph.prepare.error_behavior import ErrorBehavior
from graph.settings import Settings
from tests.databases import engine_statements
from tests.execute.agreement.comparing import (
    Answer,
    Disagreement,
    answer_of,
    check,
    check_halted,
    check_nulls_stay,
)
from tests.execute.agreement.harbour_types import HARBOUR
from tests.execute.agreement.known import Known
from tests.execute.agreement.operations import Operation
from tests.execute.running import run

T = TypeVar("T", bound=Callable[..., Any])

UNRAISABLE = "ignore::pytest.PytestUnraisableExceptionWarning"
"""With warnings as errors, a warning in a destructor ends as this one."""


def left_by_graphql_core(test: T) -> T:
    """Let a test pass where graphql-core never awaits what was called beside a field that fails at once."""
    for what in ("ignore:coroutine .* was never awaited:RuntimeWarning", UNRAISABLE):
        test = pytest.mark.filterwarnings(what)(test)
    return test


@dataclass
class Tally:
    """What was tried."""

    tried: int = 0
    run: int = 0
    failed: int = 0
    disagreed: int = 0
    statements: int = 0


class Pair:
    """One schema under two executors, on one database."""

    def __init__(self, ours: Schema, theirs: Schema, engines: Engines, known: Known) -> None:
        assert ours.operations.executor_class is not StrawberryGraphQLCoreExecutionContext
        theirs.operations.executor_class = StrawberryGraphQLCoreExecutionContext
        self.known = known
        self.tally = Tally()
        self._ours = ours
        self._theirs = theirs
        self._engines = engines

    async def check(self, operation: Operation) -> None:
        """Raise `Disagreement` unless both answer alike."""
        theirs = await self._answer(self._theirs, operation)
        ours = await self._answer(self._ours, operation)
        self.tally.tried += 1
        self.tally.run += theirs.was_run
        self.tally.failed += theirs.was_run and bool(theirs.problems)
        self.tally.statements += theirs.statements
        invalid = [problem for problem in theirs.problems if problem.code == "GRAPHQL_VALIDATION_FAILED"]
        assert not invalid, f"the document is not valid: {invalid}"
        try:
            check(ours, theirs)
        except Disagreement as difference:
            self.tally.disagreed += 1
            raise Disagreement(f"{difference}\n\n{operation.text}\n{operation.variables}") from None

    async def check_behaviors(self, operation: Operation) -> None:
        """Raise `Disagreement` unless errors do what the request says, in both executors."""
        for schema in (self._ours, self._theirs):
            kept = await self._answer(schema, operation, ErrorBehavior.NULL)
            halted = await self._answer(schema, operation, ErrorBehavior.HALT)
            try:
                check_nulls_stay(kept, await self._answer(self._lenient, operation))
                check_halted(halted, kept)
            except Disagreement as difference:
                raise Disagreement(f"{difference}\n\n{operation.text}\n{operation.variables}") from None
        self.tally.tried += 1
        self.tally.run += kept.was_run
        self.tally.failed += kept.was_run and bool(kept.problems)

    @cached_property
    def _lenient(self) -> Schema:
        """The schema under graphql-core's executor, with no position that may not be null."""
        schema = Schema(HARBOUR.query, Settings.model_construct(max_work=10_000))
        schema.operations.executor_class = StrawberryGraphQLCoreExecutionContext
        make_nullable(schema._schema)  # noqa: SLF001 - Strawberry has no public way to it
        return schema

    async def _answer(self, schema: Schema, operation: Operation, on_error: ErrorBehavior | None = None) -> Answer:
        with engine_statements() as seen:
            result = await run(schema, self._engines, operation.text, operation.variables, on_error=on_error)
        return answer_of(result, len(seen))


def make_nullable(schema: GraphQLSchema) -> None:
    """Let every position of an answer be null."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not is_introspection_type(type_):
            for field in type_.fields.values():
                field.type = nullable(field.type)


def nullable(type_: GraphQLOutputType) -> GraphQLOutputType:
    """The type without non-null, at every level of its lists."""
    inner: Any = get_nullable_type(type_)
    return GraphQLList(nullable(inner.of_type)) if isinstance(inner, GraphQLList) else inner


def most_were_run(pair: Pair) -> None:
    """Refused operations agree trivially: they must be few. And errors must not be."""
    tally = pair.tally
    assert tally.run > tally.tried * 0.9
    assert tally.failed > tally.tried * 0.1
