"""The import of Markdown files: from a folder to posts, a chunk at a time.

A chunk is one transaction, so that a run that is cut short keeps what it has done, and running it again changes only
what differs. A strict run reads everything twice: first to find faults, then, if there are none, to store it all in
one transaction. Neither ever holds more than a chunk in memory, beside the slugs of the run.
The file is the truth: what it does not say any more, its post loses. Posts without a file are left alone.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.importing.article import Article, Contributor
from db.importing.files import NoArticle, Source, read, sources
from db.importing.refusal import Fault, Problem, Refused
from db.importing.storing import store
from db.kept import MIB
from db.session.engines import Engines

CHUNK_FILES = 500
CHUNK_CHARACTERS = 4 * MIB
"""A chunk ends at whichever comes first: long texts must not add up in memory."""

ProblemListener = Callable[[Problem], None]
ProgressListener = Callable[[str, int], None]
"""Hears what is being done, "checking" or "importing", and how many files are behind it."""


@dataclass
class Counts:
    """What became of the files of a run."""

    files: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    sections: int = 0
    templates: int = 0
    refused: int = 0


class _Entry(NamedTuple):
    source: Source
    article: Article


async def import_markdown(
    engines: Engines,
    root: Path,
    *,
    strict: bool = False,
    default_author: Contributor | None = None,
    on_problem: ProblemListener,
    on_progress: ProgressListener = lambda _step, _files: None,
) -> Counts:
    """Import the Markdown files below a folder, or the one file that `root` is.

    Every fault of every file goes to `on_problem` at once; a file with a fault counts as refused and the others are
    imported. A strict run imports either all or nothing.
    """
    run = _Run(engines, root, default_author, on_problem, on_progress)
    await (run.all_or_nothing() if strict else run.all_that_can())
    return run.counts


class _Run:
    """One import: its counts, and the slugs that its files have taken."""

    def __init__(
        self,
        engines: Engines,
        root: Path,
        default_author: Contributor | None,
        on_problem: ProblemListener,
        on_progress: ProgressListener,
    ) -> None:
        self.counts = Counts()
        self._engines = engines
        self._root = root
        self._default_author = default_author
        self._on_problem = on_problem
        self._on_progress = on_progress
        self._taken = dict[str, Path]()

    async def all_that_can(self) -> None:
        for chunk in self._chunks():
            async with self._engines.writing().begin() as connection:
                await self._store(connection, chunk)
            self._on_progress("importing", self.counts.files)

    async def all_or_nothing(self) -> None:
        for _ in self._entries():
            self._on_progress("checking", self.counts.files)
        if self.counts.refused:
            return
        self.counts, self._taken = Counts(), {}
        async with self._engines.writing().connect() as connection:
            for chunk in self._chunks():
                await self._store(connection, chunk)
                self._on_progress("importing", self.counts.files)
            if not self.counts.refused:  # files may change between the readings, and the database has its own rules
                await connection.commit()
                return
        self.counts.new = self.counts.changed = self.counts.unchanged = 0

    async def _store(self, connection: AsyncConnection, chunk: Sequence[_Entry]) -> None:
        """Store a chunk; when the database refuses it, halve it until the file is found that it refuses."""
        try:
            async with connection.begin_nested():
                outcome = await store(connection, [entry.article for entry in chunk])
        except DBAPIError as error:
            if not _is_about_values(error):
                raise
            if len(chunk) == 1:
                self._refuse(chunk[0].source, Fault(f"the database refuses it ({_first_line(error)})", "change it"))
                return
            middle = len(chunk) // 2
            await self._store(connection, chunk[:middle])
            await self._store(connection, chunk[middle:])
            return
        self.counts.new += outcome.new
        self.counts.changed += outcome.changed
        self.counts.unchanged += outcome.unchanged

    def _chunks(self) -> Iterator[list[_Entry]]:
        chunk, characters = list[_Entry](), 0
        for entry in self._entries():
            chunk.append(entry)
            characters += len(entry.article.content)
            if len(chunk) >= CHUNK_FILES or characters >= CHUNK_CHARACTERS:
                yield chunk
                chunk, characters = [], 0
        if chunk:
            yield chunk

    def _entries(self) -> Iterator[_Entry]:
        """Read file after file; count and report those that are no posts."""
        for source in sources(self._root):
            self.counts.files += 1
            try:
                article = read(source, self._default_author)
            except Refused as refused:
                self._refuse(source, *refused.faults)
                continue
            if isinstance(article, NoArticle):
                self.counts.sections += article is NoArticle.SECTION
                self.counts.templates += article is NoArticle.TEMPLATE
                continue
            first = self._taken.setdefault(article.slug, source.file)
            if first is not source.file:
                self._refuse(source, Fault(f"the slug {article.slug} belongs to {first}", "give one another `path`"))
                continue
            yield _Entry(source, article)

    def _refuse(self, source: Source, *faults: Fault) -> None:
        self.counts.refused += 1
        for fault in faults:
            self._on_problem(Problem(source.file, fault))


def _is_about_values(error: DBAPIError) -> bool:
    """Whether the rows are to blame, not the connection, the disk or the tables.

    Classes 22 (data), 23 (constraints) and 54 (limits) of
    https://www.postgresql.org/docs/current/errcodes-appendix.html.
    """
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    return isinstance(error, IntegrityError | DataError) or sqlstate[:2] in ("22", "23", "54")


def _first_line(error: DBAPIError) -> str:
    """What the database said, without the values that its details may hold."""
    return re.sub(r"^<class '[^']*'>: ", "", str(error.orig)).split("\n", 1)[0]
