"""What a request asks of the doctor: `extensions` enter, a `DoctorRequest` leaves, or an error with the cure."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from graph.errors import InvalidDoctor


class DoctorRequest(NamedTuple):
    """What is to be told besides the statements."""

    explain: bool = False
    """The plan of each statement, and hints where an index is missing."""
    analyze: bool = False
    """Plans with what really happened: each statement that reads is run once more. Implies `explain`."""
    values: bool = False
    """What was bound to the statements' placeholders."""

    @classmethod
    def of(cls, extensions: Mapping[str, Any]) -> Self | None:
        """What is asked for; None for nothing. Raises `InvalidDoctor`."""
        given = extensions.get("doctor")
        if given is None or given is False:
            return None
        if given is True:
            return cls()
        if not isinstance(given, Mapping) or not _is_known(given):
            raise InvalidDoctor(cls._fields)
        asked = cls(**given)
        return asked._replace(explain=asked.explain or asked.analyze)


def _is_known(given: Mapping[str, Any]) -> bool:
    return given.keys() <= set(DoctorRequest._fields) and all(isinstance(value, bool) for value in given.values())
