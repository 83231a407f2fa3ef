"""Asking the schema of our nouns as somebody, past HTTP: the same documents, the same policies."""

import itertools
from typing import Any

from sqlalchemy import select

from db import models
from db.relations import Visibility
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

    def visible_to(self, viewer: Viewer) -> Visibility:
        """What our policies say."""
        return visibility(viewer)

    def contexts(self, viewer: Viewer) -> ContextFactory:
        """What makes the contexts of one request; the settings of our nouns are read for each."""
        made = super().contexts(viewer)
        made.services = [HouseSettings(), *made.services]
        return made


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
