"""Several operations in one request.

A list of requests enters, results leave in the same order. One is run after the other, each in a session of its own:
a request never holds more than one connection, mutations come in their order, and a query sees what the mutation before
it has written. What they cost is added up before anything is run.
Source: https://github.com/graphql/graphql-over-http/blob/main/rfcs/Batching.md
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from graphql import OperationType
from strawberry.types import ExecutionResult

from graph.context import ContextFactory
from graph.errors import ClientError, IllFormed, TooCostly
from graph.execute.operation import Operations
from graph.http.requests import Batch
from graph.prepare.cost import Cost
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest, Preparer
from graph.prepare.live import LIVE_QUERY, AnyKind
from graph.prepare.operation import CheckedOperation, refuse_costly
from graph.prepare.points import LEAST, points_of
from graph.telemetry.record import RequestRecord

ALLOWED = frozenset((OperationType.QUERY, OperationType.MUTATION))
UNREAD = OperationRequest("")
"""In records, for what cannot be run."""


class PricedBatch(NamedTuple):
    """A batch that asks for no more than one request may."""

    turns: Sequence[OperationRequest | ExecutionResult]
    """What is to be run, and what is wrong with the others."""
    points: int
    """Of all of them together, those that cannot be run included."""


async def price(batch: Batch, preparer: Preparer, budget: float) -> PricedBatch:
    """Prepare the operations of a batch. Raises `TooCostly` when they ask together for more than one request may."""
    turns: list[OperationRequest | ExecutionResult] = []
    total, tokens, points = Cost(), 0, 0
    for asked in batch:
        checked = _checked(asked, preparer, budget)
        if isinstance(asked, OperationRequest) and isinstance(checked, CheckedOperation):
            turns.append(asked)
            tokens += preparer.document(asked).document.token_count
            total = total.plus(checked.cost)
            points += points_of(checked.cost)
        elif isinstance(checked, ExecutionResult):
            turns.append(checked)
            points += LEAST
        if tokens > preparer.limits.max_tokens:
            raise TooCostly("tokens", tokens, preparer.limits.max_tokens, "batch")
        await asyncio.sleep(0)  # a document may take a while, and others wait
    refuse_costly(total, preparer.limits_of(budget), "batch")
    return PricedBatch(turns, points)


async def run(
    batch: PricedBatch, operations: Operations, contexts: ContextFactory, record: RequestRecord
) -> list[ExecutionResult]:
    """Run a batch, and note each of its operations."""
    return [await _answered(turn, operations, contexts, record) for turn in batch.turns]


async def _answered(
    turn: OperationRequest | ExecutionResult, operations: Operations, contexts: ContextFactory, record: RequestRecord
) -> ExecutionResult:
    if isinstance(turn, ExecutionResult):
        noted = record.operation(UNREAD)
        noted.end()
        return noted.came_to(turn)
    noted = record.operation(turn)
    try:
        return noted.came_to(await operations.answer(turn, contexts, ALLOWED, noted, for_json=True))
    finally:
        noted.end()


def not_answered(kind: AnyKind) -> ClientError:
    """Said of an operation that has answers in several parts, where one answer is asked for."""
    otherwise = " Without `@live`, it has one answer." if kind is LIVE_QUERY else ""
    return IllFormed(
        f"A {kind.value} has more than one answer: ask for it alone, with `Accept: text/event-stream`, or over a"
        f" WebSocket at this address.{otherwise}"
    )


def _checked(
    asked: OperationRequest | ClientError | InvalidDocument, preparer: Preparer, budget: float
) -> CheckedOperation | ExecutionResult:
    """The operation; or the answer to what cannot be run, given at its turn."""
    if isinstance(asked, ClientError | InvalidDocument):
        return ExecutionResult(None, asked.errors if isinstance(asked, InvalidDocument) else [asked])
    try:
        return preparer.checked(asked, ALLOWED, budget)
    except InvalidDocument as invalid:
        return ExecutionResult(None, invalid.errors)
    except NotAllowed as error:
        return ExecutionResult(None, [not_answered(error.kind)])
