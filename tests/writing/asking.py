"""Asking a schema as somebody, past HTTP: the same documents, the same visibility.

A subclass names the schema, and makes the contexts of its operations; data and errors of payloads leave.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Self, TypeVar

from graphql import OperationType

from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.prepare.documents import OperationRequest
from graph.viewer import NOBODY, Viewer
from graph.writing import Change

T = TypeVar("T")

EVERYTHING = (OperationType.QUERY, OperationType.MUTATION)
CONFLICT = "... on VersionConflict { currentVersion }"
"""Not every schema has something with a version."""
ERRORS = f"errors {{ ... on UserError {{ __typename code message path {CONFLICT} }} }}"


class AskingSchema(ABC):
    """Asks as a viewer; `await ask(document, input={…})` gives the data, which must be without errors."""

    schema: ClassVar[Schema]

    def __init__(self, engines: Engines, viewer: Viewer = NOBODY, statements: StatementCache | None = None) -> None:
        self.engines = engines
        self.viewer = viewer
        self._statements = statements or StatementCache()

    def by(self, viewer: Viewer) -> Self:
        """The same, as somebody else."""
        return type(self)(self.engines, viewer, self._statements)

    @abstractmethod
    def context(self) -> ContextFactory:
        """A context for one operation of this viewer."""

    async def __call__(self, document: str, **variables: Any) -> Any:
        request = OperationRequest(document, variables)
        result = await self.schema.operations.answer(request, self.context(), EVERYTHING)
        assert not result.errors, result.errors
        return result.data

    async def do(self, name: str, input_: Mapping[str, Any], *selection: str) -> Any:
        """Run one mutation by name; its payload, with all errors."""
        input_type = f"{name[0].upper()}{name[1:]}Input"
        errors = ERRORS if self.schema.get_type_by_name("VersionConflict") else ERRORS.replace(CONFLICT, "")
        document = f"mutation($input: {input_type}!) {{ {name}(input: $input) {{ {' '.join(selection)} {errors} }} }}"
        return (await self(document, input=input_))[name]

    async def refused(self, name: str, input_: Mapping[str, Any], *selection: str) -> list[tuple[str, tuple[str, ...]]]:
        """Run one mutation that must fail; the type and the path of each error."""
        payload = await self.do(name, input_, *selection)
        assert payload["errors"], payload
        assert all(not value for key, value in payload.items() if key != "errors"), payload
        return [(error["__typename"], tuple(error["path"])) for error in payload["errors"]]


async def in_change(ask: AskingSchema, work: Callable[[Change], Awaitable[T]]) -> T:
    """Do work in a change of a viewer, as a mutation does, without its frame."""
    context = ask.context().make(Mode.CURRENT)

    async def run(session: RequestSession) -> T:
        return await work(Change(session, context))

    async with RequestSession(ask.engines, Mode.CURRENT) as session:
        return await session.write(run)
