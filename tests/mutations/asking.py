"""Asking the schema of our nouns as somebody, past HTTP: the same documents, the same policies."""

import itertools
from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import select

from db import models
from db.session import Mode, RequestSession
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.mutations.house import HouseSettings
from graph.policies import visibility
from graph.schema import make_schema
from graph.viewer import Viewer
from tests.writing.asking import AskingSchema

SCHEMA = make_schema()
ADMIN = Viewer(None, frozenset({"admin"}), key_id=1)
"""A machine that may do everything, and is no user."""

_NUMBERS = itertools.count(1)


class Asking(AskingSchema):
    """Asks the schema of our nouns."""

    schema = SCHEMA
    services: Sequence[object] = ()
    """Besides the settings of our nouns: the `Identity`, for those who prove who they are."""

    def context(self) -> ContextFactory:
        """A context for one operation of this viewer, who sees what our policies say."""
        return ContextFactory(
            self.engines,
            viewer=self.viewer,
            visible=visibility(self.viewer),
            statements=self._statements,
            services=[HouseSettings(), *self.services],
        )

    def by(self, viewer: Viewer) -> Self:
        """The same, as somebody else."""
        asking = super().by(viewer)
        asking.services = self.services
        return asking


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
