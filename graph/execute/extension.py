"""How an operation passes through Strawberry: prepared, priced, and with a session of its own.

The hooks are Strawberry's (https://strawberry.rocks/docs/guides/custom-extensions); the work is done in
`graph.prepare.documents`, which does not know who calls it.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

from graph.context import RequestContext
from graph.execute.operation import begin, cost_asked
from graph.prepare.documents import CheckedOperation, InvalidDocument, Prepared, Preparer


class Operations(SchemaExtension):
    """One operation on its way. Strawberry makes one for each."""

    def __init__(self, preparer: Preparer) -> None:
        self._preparer = preparer
        self._prepared: Prepared | None = None
        self._priced: CheckedOperation | None = None
        self._errors: list[GraphQLError] = []

    async def on_operation(self) -> AsyncIterator[None]:
        """Give the operation its session, and take it back."""
        context: RequestContext = self.execution_context.context
        async with context.operation():
            yield

    def on_parse(self) -> Iterator[None]:
        """Hand over the document that was parsed before."""
        execution = self.execution_context
        if execution.query:
            try:
                self._prepared = self._preparer.prepare(execution.query)
                execution.graphql_document = self._prepared.document
            except InvalidDocument as refused:
                if refused.document is None:
                    raise refused.errors[0] from None
                self._errors = refused.errors
                execution.graphql_document = refused.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Tell what validation found before; check the variables and the price, and choose how the session begins."""
        if self._prepared is not None:
            try:
                self._priced = self._check(self._prepared)
            except InvalidDocument as refused:
                self._errors = refused.errors
        self.execution_context.pre_execution_errors = self._errors
        yield

    def _check(self, prepared: Prepared) -> CheckedOperation:
        execution = self.execution_context
        # `operation_name` would be the first operation's where none is given; the specification asks for a name.
        name = execution._provided_operation_name  # noqa: SLF001 - what the client gave is known nowhere else
        priced = self._preparer.check(self._preparer.operation(prepared, name), execution.variables)
        begin(execution.context, priced, self._preparer.limits)
        return priced

    def get_results(self) -> dict[str, Any]:
        """`extensions.cost`, for those who ask for it."""
        return cost_asked(self.execution_context.operation_extensions, self._priced, self._preparer.limits)
