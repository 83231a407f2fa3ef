"""Asking the schema of our nouns as somebody, past HTTP: the same documents, the same policies."""

import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from graphql import OperationType
from sqlalchemy import select

from db import models
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.mutations.house import HouseSettings
from graph.policies import visibility
from graph.prepare.documents import OperationRequest
from graph.schema import make_schema
from graph.viewer import NOBODY, Viewer
from graph.writing import Change

T = TypeVar("T")

SCHEMA = make_schema()
EVERYTHING = (OperationType.QUERY, OperationType.MUTATION)
ERRORS = """errors { __typename code message path ... on VersionConflict { currentVersion } }"""
ADMIN = Viewer(None, frozenset({"admin"}), key_id=1)
"""A machine that may do everything, and is no user."""

_NUMBERS = itertools.count(1)


class Asking:
    """Asks as a viewer; `await ask(document, input={…})` gives the data, which must be without errors."""

    def __init__(self, engines: Engines, viewer: Viewer = NOBODY, statements: StatementCache | None = None) -> None:
        self.engines = engines
        self.viewer = viewer
        self._statements = statements or StatementCache()

    def by(self, viewer: Viewer) -> "Asking":
        """The same, as somebody else."""
        return Asking(self.engines, viewer, self._statements)

    def context(self) -> ContextFactory:
        """A context for one operation of this viewer."""
        return ContextFactory(
            self.engines,
            viewer=self.viewer,
            visible=visibility(self.viewer),
            statements=self._statements,
            services=[HouseSettings()],
        )

    async def __call__(self, document: str, **variables: Any) -> Any:
        result = await SCHEMA.operations.answer(OperationRequest(document, variables), self.context(), EVERYTHING)
        assert not result.errors, result.errors
        return result.data

    async def do(self, name: str, input_: Mapping[str, Any], *selection: str) -> Any:
        """Run one mutation by name; its payload, with all errors."""
        input_type = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation($input: {input_type}!) {{ {name}(input: $input) {{ {' '.join(selection)} {ERRORS} }} }}"
        return (await self(document, input=input_))[name]

    async def refused(self, name: str, input_: Mapping[str, Any], *selection: str) -> list[tuple[str, tuple[str, ...]]]:
        """Run one mutation that must fail; the type and the path of each error."""
        payload = await self.do(name, input_, *selection)
        assert payload["errors"], payload
        assert all(not value for key, value in payload.items() if key != "errors"), payload
        return [(error["__typename"], tuple(error["path"])) for error in payload["errors"]]


async def make_user(engines: Engines, *roles: str, **values: Any) -> Viewer:
    """A user with these roles, as a viewer."""
    number = next(_NUMBERS)
    user = models.User(**({"email": f"user{number}@example.com", "name": f"User {number}"} | values))

    async def work(session: Any) -> int:
        known = {role.name: role for role in await session.scalars(select(models.Role))}
        user.roles = [known.get(name) or models.Role(name=name) for name in roles]
        session.add(user)
        await session.flush()
        return user.id

    async with RequestSession(engines, Mode.CURRENT) as session:
        return Viewer(await session.write(work), frozenset(roles))


async def in_change(engines: Engines, work: Callable[[Change], Awaitable[T]]) -> T:
    """Do work in a change of an admin, as a mutation does, without its frame."""
    context = ContextFactory(engines, viewer=ADMIN, visible=visibility(ADMIN)).make(Mode.CURRENT)

    async def run(session: RequestSession) -> T:
        return await work(Change(session, context))

    async with RequestSession(engines, Mode.CURRENT) as session:
        return await session.write(run)
