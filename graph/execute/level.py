"""A batch: objects of one type on one level, and the answers that they fill."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graph.execute.rows import Rows
from graph.prepare.plan import FieldPlan, Selection

if TYPE_CHECKING:
    from graph.execute.scheduler import Run


class Batch:
    """Objects of one type on one level, and the answers that they fill."""

    def __init__(self, run: Run, selection: Selection, rows: Rows | None = None) -> None:
        self.run = run
        self.selection = selection
        self.rows = rows
        """Where the objects come from, when they are rows."""
        self.answers: list[dict[str, Any]] = []
        self.fields: Sequence[FieldPlan] = selection.fields
        """What is still to be begun."""
        self._taken: list[Any] = []

    @property
    def objects(self) -> list[Any]:
        """The objects as resolvers know them."""
        if self.rows is not None and not self._taken:
            self._taken = self.rows.objects()
        return self._taken

    def add(self, source: Any) -> dict[str, Any]:
        """Take an object in; its answer, which is filled when its level has its turn."""
        answer = self.selection.blank.copy()
        self._taken.append(source)
        self.answers.append(answer)
        return answer

    def keys(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of these attributes for each object."""
        if self.rows is not None:
            return self.rows.keys(names)
        return [tuple([getattr(source, name) for name in names]) for source in self._taken]
