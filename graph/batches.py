"""Several operations in one request.

A list of requests enters, results leave in the same order. One is run after the other, each in a session of its own:
a request never holds more than one connection, mutations come in their order, and a query sees what the mutation before
it has written. What they cost is added up before anything is run.
Source: https://github.com/graphql/graphql-over-http/blob/main/rfcs/Batching.md
"""

from collections.abc import Iterator

from graphql import OperationType
from strawberry.types import ExecutionResult

from graph.context import ContextFactory
from graph.errors import ClientError, IllFormed
from graph.execute.operation import Operations
from graph.http import Batch
from graph.prepare.cost import Cost
from graph.prepare.documents import InvalidDocument, NotAllowed, OperationRequest, Preparer
from graph.prepare.operation import CheckedOperation, refuse_costly

ALLOWED = frozenset((OperationType.QUERY, OperationType.MUTATION))


def price(batch: Batch, preparer: Preparer) -> bool:
    """Whether the batch changes anything. Raises `TooCostly` when it asks for more than one request may."""
    total, changes = Cost(), False
    for checked in _checked(batch, preparer):
        total = total.plus(checked.cost)
        changes = changes or checked.operation.kind is OperationType.MUTATION
    refuse_costly(total, preparer.limits, "batch")
    return changes


async def run(batch: Batch, operations: Operations, contexts: ContextFactory) -> list[ExecutionResult]:
    """Run a batch."""
    return [
        ExecutionResult(None, [asked]) if isinstance(asked, ClientError) else await _run(asked, operations, contexts)
        for asked in batch
    ]


async def _run(asked: OperationRequest, operations: Operations, contexts: ContextFactory) -> ExecutionResult:
    try:
        return await operations.answer(asked, contexts, ALLOWED, for_json=True)
    except NotAllowed as error:
        return ExecutionResult(None, [not_answered(error.kind)])


def not_answered(kind: OperationType) -> ClientError:
    """Said of an operation that no request can ask for, by whichever method."""
    return IllFormed(f"This address does not answer a {kind.value}.")


def _checked(batch: Batch, preparer: Preparer) -> Iterator[CheckedOperation]:
    """The operations that can be run; the others cost nothing and say at their turn what is wrong with them."""
    for asked in batch:
        if isinstance(asked, OperationRequest):
            try:
                yield preparer.checked(asked, ALLOWED)
            except (InvalidDocument, NotAllowed):
                continue
