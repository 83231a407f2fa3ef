"""An operation that the query doctor has looked at: data and a report enter; what tests assert of them leaves."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.doctor.text import as_text

OF_THE_OPERATION = ("read", "change")


class Examined(NamedTuple):
    """An answer under examination."""

    data: Any
    doctor: Mapping[str, Any]
    """The report, as `extensions.doctor` has it."""

    @property
    def statements(self) -> list[dict[str, Any]]:
        """What was sent, in order."""
        return list(self.doctor["statements"])

    @property
    def work(self) -> list[dict[str, Any]]:
        """The same without what frames transactions, and what the driver asks by itself."""
        return [statement for statement in self.statements if statement["kind"] in OF_THE_OPERATION]

    @property
    def hints(self) -> list[str | None]:
        """The statements that would make missing indexes, each once; None for an index that no statement makes."""
        return list(dict.fromkeys(hint["sql"] for statement in self.work for hint in statement.get("hints", ())))

    def assert_indexed(self) -> None:
        """Fail, and show the statements with their plans, where the doctor misses an index.

        A table of few rows is read from end to end, and nothing is missed: fill it as it will be.
        """
        if self.hints:
            raise AssertionError(f"{len(self.hints)} indexes are missing:\n{as_text(self.doctor)}")
