"""`trellis import markdown`: a folder enters, posts are made, sentences leave.

Counts go to stdout, problems and progress to stderr. No file is changed.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from db.importing import markdown
from db.importing.article import Contributor, contributor_named
from db.importing.files import SUFFIXES, sources
from db.importing.markdown import Counts, ProblemListener, ProgressListener
from graph.cli.database import engines
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.cli.output import printable
from graph.terminal import may_move


def import_files(path: Path, *, strict: bool, default_author: str | None) -> None:
    """Make posts of Markdown files. Raises `CommandError` when files were refused, or when there are none."""
    _refuse_nothing(path)
    author = _author(default_author)
    started = time.perf_counter()
    with _progress(path) as view:
        counts = asyncio.run(_imported(path, strict, author, view))
    if not counts.files:
        suffixes = " or ".join(SUFFIXES)
        raise CommandError(f"No file below {path} ends in {suffixes}; give the folder that holds them.", Exit.USAGE)
    typer.echo(_summary(counts, time.perf_counter() - started))
    if counts.refused:
        raise CommandError(_regret(counts, strict))


async def _imported(path: Path, strict: bool, author: Contributor | None, view: "_View") -> Counts:
    async with engines(settings_of_the_environment()) as made:
        return await markdown.import_markdown(
            made,
            path,
            strict=strict,
            default_author=author,
            on_problem=view.on_problem,
            on_progress=view.on_progress,
        )


def _refuse_nothing(path: Path) -> None:
    try:
        there = path.exists()
    except OSError:  # a folder above may not be searched
        there = False
    if not there:
        raise CommandError(f"There is nothing at {path}; give a folder or a Markdown file.", Exit.USAGE)


def _author(name: str | None) -> Contributor | None:
    try:
        return None if name is None else contributor_named(name)
    except ValueError as error:
        raise CommandError(str(error), Exit.USAGE) from None


class _View(NamedTuple):
    """What an import shows while it works."""

    on_problem: ProblemListener
    on_progress: ProgressListener


@contextmanager
def _progress(path: Path) -> Iterator[_View]:
    """A bar on a terminal; elsewhere the problems alone."""
    console = Console(stderr=True)
    if not may_move(sys.stderr):
        yield _View(lambda problem: typer.echo(printable(str(problem)), err=True), lambda _step, _files: None)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("reading", total=sum(1 for _ in sources(path)))
        yield _View(
            lambda problem: bar.console.print(printable(str(problem)), markup=False, highlight=False, soft_wrap=True),
            lambda step, files: bar.update(task, description=step, completed=files),
        )


def _summary(counts: Counts, seconds: float) -> str:
    passed_over = counts.sections + counts.templates
    return (
        f"imported {counts.files:,} files: {counts.new:,} new, {counts.changed:,} changed,"
        f" {counts.unchanged:,} unchanged, {counts.refused:,} refused, {passed_over:,} passed over"
        f" (sections: {counts.sections:,}, templates: {counts.templates:,}); {counts.files / seconds:,.0f} files/s"
    )


def _regret(counts: Counts, strict: bool) -> str:
    which = f"{counts.refused:,} of {counts.files:,} files"
    if strict:
        return f"Nothing was imported, because {which} cannot be; correct what is named above, or leave out --strict."
    return f"{which} were not imported; correct what is named above and run the import again."
