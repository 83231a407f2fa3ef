"""Which revisions the code has, as their files say. A server that looks at its database asks no more.

Files of revisions enter; names leave. They are read, and never run: alembic, which runs them, would bring 120 modules
and 8 MB into every server (`db.migrate`). Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from db.own import Feature
from db.refusals import UnreadableRevision
from db.settings import HOUSE

FOLDER = HOUSE / "migrations"

REVISION, BEFORE = "revision", "down_revision"
"""What a file of a revision says: its own name, and the names of those that it comes after."""


class History(NamedTuple):
    """The revisions of the code."""

    newest: frozenset[str]
    """Where a database should be; empty where the code has no revisions."""
    known: frozenset[str]

    def is_followed_by(self, found: frozenset[str]) -> bool:
        """Whether a database is at the one revision after the newest, as while a release is rolled out.

        Revisions are counted: 0007 and 0008, or usage_0001 and usage_0002.
        """
        newest = {(branch, number) for branch, number in map(_counted, self.newest) if number >= 0}
        return len(found) == 1 and all((branch, number - 1) in newest for branch, number in map(_counted, found))


def _counted(revision: str) -> tuple[str, int]:
    """The branch of a revision and its number; -1 where it has none."""
    branch, _, number = revision.rpartition("_")
    return branch, int(number) if number.isdecimal() else -1


@cache
def history() -> History:
    """The revisions that the code has, read from its files once. Raises `UnreadableRevision`."""
    return history_in(FOLDER / "versions")


def own_history(features: Collection[Feature]) -> History:
    """The same of Trellis's own tables, as far as these features go."""
    newest, known = _own_revisions()
    return History(frozenset(newest[feature] for feature in features), known)


@cache
def _own_revisions() -> tuple[Mapping[str, str], frozenset[str]]:
    found = history_in(FOLDER / "own")
    return {head.rpartition("_")[0]: head for head in found.newest}, found.known


def history_in(folder: Path) -> History:
    """The revisions whose files are in a folder; the newest are those that none comes after."""
    told = [_told(file) for file in sorted(folder.glob("*.py")) if not file.name.startswith(("__init__", ".#"))]
    known = frozenset(revision for revision, _ in told)
    return History(known.difference(*(before for _, before in told)), known)


def _told(file: Path) -> tuple[str, tuple[str, ...]]:
    """The name of a revision, and of those that it comes after. Raises `UnreadableRevision`."""
    try:
        said = dict(_said(ast.parse(file.read_bytes()).body))
    except (SyntaxError, ValueError):
        raise UnreadableRevision(file) from None
    revision, before = said.get(REVISION), said.get(BEFORE) or ()
    names = (before,) if isinstance(before, str) else before
    if isinstance(revision, str) and isinstance(names, tuple | list) and all(isinstance(name, str) for name in names):
        return revision, tuple(names)
    raise UnreadableRevision(file)


def _said(lines: Iterable[ast.stmt]) -> Iterator[tuple[str, Any]]:
    """What a module says of its revision. Raises `ValueError` for what has to be run."""
    for line in lines:
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
            for target in line.targets if isinstance(line, ast.Assign) else [line.target]:
                if isinstance(target, ast.Name) and target.id in (REVISION, BEFORE):
                    yield target.id, ast.literal_eval(line.value)
