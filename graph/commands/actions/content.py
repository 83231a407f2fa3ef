"""`trellis import`, `trellis demo` and `trellis export`: arguments enter, the data layer works.

Sentences leave: what was done on stdout, what is wrong on stderr. Rows that are exported are the only other thing on
stdout.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from db import demo, exporting
from db.importing import markdown
from db.importing.article import Contributor, contributor_named
from db.importing.files import SUFFIXES, sources
from db.importing.markdown import Counts, ProblemListener, ProgressListener
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.cli.errors import CommandError, Exit
from graph.cli.output import destination, printable, writing


def import_markdown(path: Path, *, strict: bool, default_author: str | None) -> None:
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


def fill(scale: int, seed: int, *, if_empty: bool) -> None:
    """Fill an empty database with demo data.

    Raises `CommandError` for a database with content, unless `if_empty` asks to leave such a database alone.
    """
    try:
        counts = asyncio.run(_filled(scale, seed))
    except demo.NotEmpty as error:
        if not if_empty:
            raise CommandError(f"{error} With --if-empty, a database with content is left as it is.") from None
        typer.echo("The database has content already; nothing was changed.")
        return
    typer.echo("added " + ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()))
    typer.echo(
        f"sign in as {demo.ADMIN_EMAIL} (admin), {demo.EDITOR_EMAIL} (editor) or somebody else;"
        f' the password is "{demo.PASSWORD}"'
    )


def export(noun: str, output: Path | None) -> None:
    """Write every row of a noun as NDJSON, to a file or to stdout. Raises `CommandError` for an unknown noun."""
    if noun not in exporting.nouns():
        raise CommandError(str(exporting.UnknownNoun(noun)), Exit.USAGE)
    with destination(output) as file:
        count = asyncio.run(_exported(noun, file))
    if output is not None:
        typer.echo(f"exported {count:,} {noun.replace('_', ' ')} to {output}")


async def _imported(path: Path, strict: bool, author: Contributor | None, view: "_View") -> Counts:
    async with _engines() as engines:
        return await markdown.import_markdown(
            engines,
            path,
            strict=strict,
            default_author=author,
            on_problem=view.on_problem,
            on_progress=view.on_progress,
        )


async def _filled(scale: int, seed: int) -> Mapping[str, int]:
    async with _engines() as engines:
        return await demo.fill(engines, scale, seed=seed)


async def _exported(noun: str, file: BinaryIO) -> int:
    count = 0
    async with _engines() as engines, aclosing(exporting.export(engines, noun)) as lines:
        async for line in lines:
            with writing():
                file.write(line)
            count += 1
    return count


@asynccontextmanager
async def _engines() -> AsyncIterator[Engines]:
    engines = Engines(DatabaseSettings())
    try:
        yield engines
    finally:
        await engines.dispose()


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
    if not console.is_terminal:
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
