"""Revisions as statements: each is written by Alembic's offline mode, and each line knows where it comes from.

Settings and revisions enter; SQL leaves, with the line of the revision that has written it. No database is asked.
Source: https://alembic.sqlalchemy.org/en/latest/offline.html
"""

import inspect
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from alembic.script import Script
from pydantic import SecretStr

from db import migrate
from db.care.online.finding import Place
from db.settings import DatabaseSettings

NOWHERE = SecretStr("postgresql://nowhere/nothing")
"""Statements are written for PostgreSQL, whichever the database is: squawk reads no others, and which tables and
columns go is the same everywhere."""


class Unreadable(NamedTuple):
    """A revision that Alembic could not write."""

    place: Place
    reason: str


class Rendered(NamedTuple):
    """The statements of revisions, one after the other."""

    lines: Sequence[str]
    places: Sequence[Place]
    """Where each of the lines comes from."""
    unreadable: Sequence[Unreadable]

    @property
    def sql(self) -> str:
        """All of them."""
        return "\n".join(self.lines)


def rendered(settings: DatabaseSettings, revisions: Iterable[Script], *, own: bool = False) -> Rendered:
    """The statements of revisions, the oldest first; `own`: of Trellis's own tables."""
    offline = settings.model_copy(update={"database_url": NOWHERE, "direct_url": None, "pgbouncer": False})
    lines, places, unreadable = list[str](), list[Place](), list[Unreadable]()
    for revision in revisions:
        written = _Written(Path(revision.path))
        try:
            migrate.render(offline, revision, written, own=own)
        except Exception as error:  # whatever it is, the revision wants more than words
            unreadable.append(Unreadable(written.now, type(error).__name__))
            written.write("\nROLLBACK;\n")
        lines += written.lines
        places += written.places
    return Rendered(lines, places, unreadable)


class _Written(io.StringIO):
    """Notes at each write which line of a revision is running."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self.now = Place(file, 0)
        self.lines: list[str] = []
        self.places: list[Place] = []

    def write(self, text: str) -> int:
        """Alembic writes whole statements."""
        self.now = Place(self._file, _line_in(self._file))
        self.lines += (written := text.rstrip("\n").split("\n"))
        self.places += [self.now] * len(written)
        return len(text)


def _line_in(file: Path) -> int:
    """The line of a file that is running now; 0 if none is. That of a block of changes is its `with`."""
    frame = inspect.currentframe()
    while frame is not None and Path(frame.f_code.co_filename) != file:
        frame = frame.f_back
    return 0 if frame is None else frame.f_lineno
