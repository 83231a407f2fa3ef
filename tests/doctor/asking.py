"""Asking for the doctor past HTTP: an operation enters, its data and the doctor's report leave."""

from collections.abc import Mapping
from typing import Any

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from graph.entity import Schema
from graph.testing import Examined, SchemaClient
from graph.viewer import NOBODY, Viewer


class Doctor(SchemaClient):
    """Asks one schema; the viewer may ask for everything."""

    def __init__(
        self, schema: Schema, engines: Engines, viewer: Viewer = NOBODY, visible: Visibility = EVERYTHING
    ) -> None:
        super().__init__(schema, engines, lambda _viewer: visible)
        self.asker = viewer

    async def __call__(
        self, document: str, variables: Mapping[str, Any] | None = None, *, errors: bool = False, **asked: bool
    ) -> Examined:
        """Run an operation, which has no errors unless they are expected."""
        answer = await self.execute(document, variables, extensions={"doctor": asked or True})
        assert bool(answer.errors) is errors, answer.errors
        return Examined(answer.body["data"], answer.extensions["doctor"])
