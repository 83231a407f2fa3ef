"""Asking a schema as somebody, past HTTP: the same documents, the same visibility.

A subclass names the schema, and what its viewers see; data and errors of payloads leave.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Self, TypeVar

from db.relations import EVERYTHING, Visibility
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.testing import SchemaClient
from graph.viewer import NOBODY, Viewer
from graph.writing import Change

T = TypeVar("T")

CONFLICT = "... on VersionConflict { currentVersion }"
"""Not every schema has something with a version."""
ERRORS = f"errors {{ ... on UserError {{ __typename code message path {CONFLICT} }} }}"


class AskingSchema(SchemaClient):
    """Asks as a viewer; `await ask(document, input={…})` gives the data, which must be without errors."""

    def __init__(self, engines: Engines, viewer: Viewer = NOBODY) -> None:
        super().__init__(self.schema, engines, self.visible_to)
        self.asker = viewer

    def visible_to(self, _viewer: Viewer) -> Visibility:
        """What a viewer may see."""
        return EVERYTHING

    def by(self, viewer: Viewer) -> Self:
        """The same, as somebody else."""
        return self.as_viewer(viewer)

    def context(self) -> ContextFactory:
        """A context for one operation of this viewer."""
        return self.contexts(self.viewer)

    async def __call__(self, document: str, **variables: Any) -> Any:
        return await self.query(document, variables)

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
