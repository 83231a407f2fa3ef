"""Commands about content: `trellis import`, `trellis demo` and `trellis export`.

Arguments enter, the data layer works, and sentences leave: what was done on stdout, what is wrong on stderr. Rows
that are exported are the only other thing on stdout.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from db import demo, exporting
from db.importing.article import Contributor, contributor_named
from db.importing.files import SUFFIXES, sources
from db.importing.markdown import Counts, ProblemListener, ProgressListener, import_markdown
from db.session.engines import Engines
from db.settings import DatabaseSettings
from graph.cli.errors import CommandError, Exit
from graph.cli.help import help_of
from graph.cli.output import destination, printable, writing


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    imports = typer.Typer(help="Bring content in from files.", no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(imports, name="import")
    imports.command("markdown", help=help_of(_import_markdown))(_import_markdown)
    app.command("demo", help=help_of(_demo))(_demo)
    app.command("export", help=help_of(_export))(_export)


def _import_markdown(
    path: Annotated[Path, typer.Argument(help="A folder, searched with all below it, or one file.")],
    strict: Annotated[bool, typer.Option("--strict", help="Import nothing when any file is refused.")] = False,
    default_author: Annotated[
        str | None, typer.Option("--default-author", metavar="NAME", help="The author of files that name none.")
    ] = None,
) -> None:
    """Make posts of Markdown files with front matter.

    The front matter opens the file: TOML between lines of +++, or YAML between lines of ---.

    A post's slug is `path`, whole; without one, the file's path below PATH, the last part replaced by `slug` if
    given. Its date is `date`, or the YYYY/MM/DD in `path`, or the YYYY-MM-DD- that begins the file's name. Without
    any date, or with `draft: true`, it is a draft.

    `author` and `authors` become contributors in order, the first of them the author: a name, or a mapping with name
    and email. Who gives no address gets one at authors.invalid, always the same. Tags come from `tags` and
    `categories`, `extra.team`, `extra.release`, and the first part of `path` when it is not a year.

    The file is the truth: running this again changes only what differs, and a post with the same slug is overwritten.
    Files that are refused are named on stderr with line and reason, and the exit status is 1.

    Examples:
      trellis import markdown content/                     every file that can be imported
      trellis import markdown content/ --strict            all of them or none
      trellis import markdown notes/ --default-author Ada  files that name no author are hers
    """
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


def _demo(
    scale: Annotated[int, typer.Option(min=1, help="How many times 20 users, 60 posts and what belongs to them.")] = 1,
    seed: Annotated[int, typer.Option(help="Another number makes other rows.")] = 0,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when there are users or tags.")] = False,
) -> None:
    """Fill an empty database with demo data.

    A gardening club moves in, with its people, posts, documents, orders and money. The same scale and seed give the
    same rows on every database, ids and dates included. Everybody in it has one password, which is printed: no
    database that others can reach is a place for it.

    Examples:
      trellis demo                20 users, 60 posts and what belongs to them
      trellis demo --scale 100    a hundred times as much, within seconds
      trellis demo --if-empty     nothing when there is content already, for scripts
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


def _export(
    noun: Annotated[str, typer.Argument(help=f"One of {', '.join(exporting.nouns())}.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; it appears when it is complete.")
    ] = None,
) -> None:
    """Write every row of a noun as NDJSON.

    Each row is one line with a JSON object, on stdout or in a file. Any number of rows takes the same memory. Posts
    come with the e-mail addresses of their author and contributors and with the slugs of their tags. Passwords are
    never exported.

    Examples:
      trellis export posts | head -1 | python -m json.tool
      trellis export orders --output orders.ndjson
    """
    if noun not in exporting.nouns():
        raise CommandError(str(exporting.UnknownNoun(noun)), Exit.USAGE)
    with destination(output) as file:
        count = asyncio.run(_exported(noun, file))
    if output is not None:
        typer.echo(f"exported {count:,} {noun.replace('_', ' ')} to {output}")


async def _imported(path: Path, strict: bool, author: Contributor | None, view: "_View") -> Counts:
    async with _engines() as engines:
        return await import_markdown(
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
