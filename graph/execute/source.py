"""The source of a subscription's events: a checked operation enters; what its resolver yields leaves, one by one.

The resolver runs as long as the subscription, in a `SourceContext`, which has no session. Nothing is answered here:
each event becomes an operation of its own (`graph.execute.operation`).
Source: https://spec.graphql.org/September2025/#sec-Subscription
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from graphql import ExecutionResult as CoreResult
from graphql import GraphQLError, create_source_event_stream
from graphql.execution import Executor

from graph.context import SourceContext
from graph.errors import NoSessionBetweenEvents
from graph.prepare.documents import OperationRequest
from graph.prepare.operation import CheckedOperation

ENDED: Final = object()
"""What a source gives when there are no more events."""


class Source:
    """What a subscription waits for. Whoever has one closes it."""

    def __init__(
        self, checked: CheckedOperation, request: OperationRequest, context: SourceContext, events: AsyncIterator[Any]
    ) -> None:
        self.checked = checked
        self.request = request
        self._context = context
        self._events = events

    async def next(self) -> Any:
        """The next event, when there is one; `ENDED` when there are no more. Raises whatever the resolver raises."""
        event = await anext(self._events, ENDED)
        if self._context.is_holding:
            raise NoSessionBetweenEvents
        return event

    async def close(self) -> None:
        """Let the resolver do what stands in its `finally`. Twice does nothing."""
        close = getattr(self._events, "aclose", None)
        if close is not None:
            await close()


async def source_of(
    executor: Executor[Any], checked: CheckedOperation, request: OperationRequest, context: SourceContext
) -> Source | list[GraphQLError]:
    """The source of a subscription, or why there is none."""
    found: Any = create_source_event_stream(executor)
    found = await found if executor.is_awaitable(found) else found
    if isinstance(found, CoreResult):
        return list(found.errors or ())
    return Source(checked, request, context, aiter(found))
