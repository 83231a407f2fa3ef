"""Asking for the doctor past HTTP: an operation enters, its data and the doctor's report leave."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from db.relations import EVERYTHING, Visibility
from db.session.engines import Engines
from db.statements import StatementCache
from graph.context import ContextFactory
from graph.entity import Schema
from graph.viewer import NOBODY, Viewer


class Examined(NamedTuple):
    """An answer under examination."""

    data: Any
    doctor: dict[str, Any]

    @property
    def statements(self) -> list[dict[str, Any]]:
        """What was sent, in order."""
        found: list[dict[str, Any]] = self.doctor["statements"]
        return found

    @property
    def work(self) -> list[dict[str, Any]]:
        """The same without what frames transactions, and what the driver asks by itself."""
        return [statement for statement in self.statements if statement["kind"] in ("read", "change")]

    @property
    def hints(self) -> list[str | None]:
        """The statements that would make indexes, each once."""
        return list(dict.fromkeys(hint["sql"] for statement in self.work for hint in statement.get("hints", ())))


class Doctor:
    """Asks one schema; the viewer may ask for everything."""

    def __init__(
        self, schema: Schema, engines: Engines, viewer: Viewer = NOBODY, visible: Visibility = EVERYTHING
    ) -> None:
        self.engines = engines
        self._schema = schema
        self._viewer = viewer
        self._visible = visible
        self._statements = StatementCache()

    async def __call__(
        self, document: str, variables: Mapping[str, Any] | None = None, *, errors: bool = False, **asked: bool
    ) -> Examined:
        """Run an operation, which has no errors unless they are expected."""
        result = await self._schema.execute(
            document, dict(variables or {}), self._context(), operation_extensions={"doctor": asked or True}
        )
        assert bool(result.errors) is errors, result.errors
        assert result.extensions is not None
        return Examined(result.data, result.extensions["doctor"])

    def _context(self) -> ContextFactory:
        return ContextFactory(
            self.engines,
            viewer=self._viewer,
            visible=self._visible,
            statements=self._statements,
            may_diagnose=lambda _viewer: True,
        )
