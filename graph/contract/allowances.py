"""Changes that are allowed all the same: a TOML file enters, with a reason and an end for each.

[[allow]]
coordinate = "Book.title"
kind = "FIELD_REMOVED"
reason = "Only our own dashboard read it."
expires = 2027-01-31
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from graph.contract.changes import Change
from graph.contract.errors import ContractError
from graph.contract.kinds import Kind

KEYS = ("coordinate", "kind", "reason", "expires")


@dataclass(frozen=True)
class Allowance:
    """One change that is allowed, up to and including a day."""

    coordinate: str
    kind: Kind
    reason: str
    expires: date

    def is_of(self, change: Change) -> bool:
        """Whether the change is the one that is meant."""
        return self.coordinate == change.at and self.kind is change.kind

    def __str__(self) -> str:
        return f"{self.kind.name} of `{self.coordinate}`"


def read_allowances(file: Path) -> Sequence[Allowance]:
    """The allowances in a file. Raises `ContractError` that names the entry and the cure."""
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ContractError(f"{file} cannot be read: {error.strerror}. Name a file of allowed changes.") from None
    except ValueError as error:
        raise ContractError(f"{file} is no TOML: {error}.") from None
    entries = document.pop("allow", [])
    if document or not isinstance(entries, list):
        raise ContractError(f"{file} has {', '.join(document) or 'no list'}; begin each entry with `[[allow]]`.")
    return [_allowance(entry, f"Entry {number} of {file}") for number, entry in enumerate(entries, 1)]


def _allowance(entry: Any, place: str) -> Allowance:
    if not isinstance(entry, dict):
        raise ContractError(f"{place} is no table; begin each entry with `[[allow]]`.")
    for key in KEYS:
        if not entry.get(key):
            raise ContractError(f"{place} has no {key}; write `{EXAMPLES[key]}`.")
    for key in entry.keys() - set(KEYS):
        raise ContractError(f"{place} has a `{key}`, which means nothing; an entry has {', '.join(KEYS)}.")
    for key in ("coordinate", "kind", "reason"):
        if not isinstance(entry[key], str):
            raise ContractError(f"The {key} of {place} is no text; write `{EXAMPLES[key]}`.")
    return Allowance(entry["coordinate"], _kind(entry["kind"], place), entry["reason"], _day(entry["expires"], place))


def _kind(name: str, place: str) -> Kind:
    if name not in Kind.__members__:
        like = get_close_matches(name, Kind.__members__, 1, cutoff=0)
        raise ContractError(f"The kind of {place} is none of ours: {name}. Is `{like[0]}` meant?")
    return Kind[name]


def _day(value: Any, place: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ContractError(f"The end of {place} is no day; write `{EXAMPLES['expires']}`, without quotes.")
    return value


EXAMPLES = {
    "coordinate": 'coordinate = "Book.title"',
    "kind": 'kind = "FIELD_REMOVED"',
    "reason": 'reason = "Only our own dashboard read it."',
    "expires": "expires = 2027-01-31",
}
