"""Markdown files: found below a folder in a stable order, read one at a time.

A folder enters, sources leave; a source is read into an article, or turns out to hold none. What cannot be read is
refused by name, whatever the reason: nothing is passed over in silence.
"""

import os
import stat
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from db.importing.article import Article, Contributor, article_of
from db.importing.front_matter import FrontMatter, decode, parse
from db.importing.refusal import Fault, Refused
from db.kept import MIB

SUFFIXES = (".md", ".markdown")
SECTION = "_index"
MAX_FILE_BYTES = 16 * MIB
"""No text of a person is longer; a larger file is something else, and memory must stay flat."""

CONTENT_KEYS: Final = frozenset(
    {"title", "path", "slug", "date", "author", "authors", "description", "summary", "tags", "categories"}
)


class Source(NamedTuple):
    """A file that may hold an article."""

    file: Path
    name: PurePosixPath
    """Its path below the root, with which the run began."""


class NoArticle(Enum):
    """Why a file in good order is no post."""

    SECTION = auto()
    """`_index.md` describes a folder."""
    TEMPLATE = auto()
    """Neither a text nor anything else of a post: it only tells a site generator what to build."""


def sources(root: Path) -> Iterator[Source]:
    """Every Markdown file below a folder, sorted by path, or the one file that `root` is.

    Hidden files and folders are left out; links are followed, except into a folder that holds them.
    """
    if root.is_dir():
        yield from _below(root, root, frozenset({root.resolve()}))
    else:
        yield Source(root, PurePosixPath(root.name))


def _below(folder: Path, root: Path, above: frozenset[Path]) -> Iterator[Source]:
    try:
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError:
        yield _source(folder, root)  # reading it gives the reason
        return
    for entry in entries:
        path = folder / entry.name
        if not _is_folder(entry):
            if path.suffix.lower() in SUFFIXES:
                yield _source(path, root)
        elif (real := path.resolve()) not in above:
            yield from _below(path, root, above | {real})


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a place that may not be searched
        return False


def _source(path: Path, root: Path) -> Source:
    return Source(path, PurePosixPath(path.relative_to(root).as_posix()))


def read(source: Source, default_author: Contributor | None = None) -> Article | NoArticle:
    """Read one file. Raises `Refused` with what is wrong with it."""
    if source.file.stem == SECTION:
        return NoArticle.SECTION
    front_matter = parse(decode(_bytes(source.file)))
    if _is_template(front_matter):
        return NoArticle.TEMPLATE
    return article_of(front_matter, source.name, default_author)


def _bytes(file: Path) -> bytes:
    try:
        status = file.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size > MAX_FILE_BYTES:
            raise Refused(Fault(f"is larger than {MAX_FILE_BYTES // MIB} MiB", "split it"))
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise Refused(Fault("is not a regular file", "put a file in its place"))
        return file.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise Refused(Fault(f"cannot be read ({reason})", "see that it exists and that you may read it")) from None


def _is_template(front_matter: FrontMatter) -> bool:
    return not front_matter.body.strip() and CONTENT_KEYS.isdisjoint(front_matter.metadata)
