"""A finding: what a line of a revision does to servers that run, and how the same is done without."""

from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Effect(StrEnum):
    """What servers notice."""

    BLOCKS = "blocks"
    """They wait for a lock, as long as there are rows to read or to write."""
    BREAKS = "breaks"
    """Their statements fail."""
    FAILS = "fails"
    """The revision itself fails, as it stands or where there are rows."""
    UNREAD = "unread"
    """Nobody knows: the revision asks a database what to do."""


class Place(NamedTuple):
    """A line of a revision."""

    file: Path
    line: int
    """Counted from 1; 0: the file as a whole."""

    def __str__(self) -> str:
        here = Path.cwd()
        file = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return f"{file}:{self.line}" if self.line else str(file)


class Finding(NamedTuple):
    """Something that a revision does."""

    place: Place
    effect: Effect
    statement: str
    """The beginning of the statement, on one line; empty for something that is none."""
    message: str
    """What happens, and the safe way."""

    def __str__(self) -> str:
        statement = f"{self.statement}\n    " if self.statement else ""
        return f"{self.place}: {self.effect}: {statement}{self.message}"


class CannotCheck(Exception):
    """The revisions cannot be checked; the sentence says what is missing."""
