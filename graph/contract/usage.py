"""What clients used: counts by coordinate, client and day enter; who uses a coordinate leaves.

The form of the file is ours, JSON in version 1:

    {"version": 1, "days": 30, "until": "2026-11-30", "overflow": 0, "usage": [
      {"coordinate": "Post.title", "client": "web", "version": "3.2", "count": 1204, "last": "2026-11-29"}]}

Coordinates are those of the specification: `Type`, `Type.field`, `Type.field(arg:)`, `Enum.VALUE`, `Input.field`,
`@directive`, `@directive(arg:)`. `overflow` counts uses whose coordinate was lost. Nothing is recorded here.
Source: https://spec.graphql.org/September2025/#sec-Schema-Coordinates
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.contract.errors import ContractError


@dataclass(frozen=True, slots=True)
class Used:
    """How often one version of one client used a coordinate, and the last day on which it did."""

    client: str
    version: str
    count: int
    last: date


@dataclass(frozen=True)
class Usage:
    """What was used in the days up to a day, that day included."""

    days: int
    until: date
    uses: Mapping[str, Sequence[Used]]
    """By coordinate. A coordinate that nobody used is not there."""
    overflow: int = 0
    """Uses whose coordinate was lost: while there are any, nothing can be said to be unused."""

    def of(self, coordinate: str) -> Sequence[Used]:
        """Who used a coordinate; empty when nobody is known to have."""
        return self.uses.get(coordinate, ())


def read_usage_file(file: Path) -> Usage:
    """Read a file of the form above. Raises `ContractError` for one that is not there or that has another form."""
    try:
        return _File.model_validate_json(file.read_bytes()).usage_of_clients()
    except OSError as error:
        raise ContractError(f"{file} cannot be read: {error.strerror}. Name a file of counted uses.") from None
    except ValidationError as error:
        raise ContractError(f"{file} is no file of counted uses: {_first(error)}. Export it again.") from None


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")

    coordinate: str
    client: str
    version: str
    count: Annotated[int, Field(ge=0)]
    last: date


class _File(BaseModel):
    version: Literal[1]
    days: Annotated[int, Field(ge=1)]
    until: date
    usage: Sequence[_Record]
    overflow: Annotated[int, Field(ge=0)] = 0

    def usage_of_clients(self) -> Usage:
        return Usage(self.days, self.until, _by_coordinate(self.usage), self.overflow)


def _by_coordinate(records: Iterable[_Record]) -> Mapping[str, Sequence[Used]]:
    uses: dict[str, list[Used]] = {}
    for record in records:
        if record.count:
            uses.setdefault(record.coordinate, []).append(
                Used(record.client, record.version, record.count, record.last)
            )
    return uses


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, problem["loc"]))
    return f"{place}: {problem['msg']}" if place else problem["msg"]
