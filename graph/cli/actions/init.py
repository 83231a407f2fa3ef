"""`trellis init` and `trellis noun add`: arguments enter, files of a project leave, and what to do next on stdout."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from pydantic import SecretStr

from db.reflection import Chosen, plan_of
from db.settings import HOUSE, DatabaseSettings
from graph.cli.errors import CommandError, Exit
from graph.projects import found
from graph.projects.adding import add
from graph.projects.checkout import Checkout
from graph.projects.empty import check_folder, export_schema, make_empty, name_of
from graph.projects.errors import ProjectError
from graph.projects.kept import keep
from graph.projects.reading import absolute, read_catalog

NEXT = """{folder} is a project of its own. Next:
  cd {folder}
  make setup
  .venv/bin/trellis noun add book title:str:unique pages:int:optional
  make serve"""


def init_empty(folder: Path, name: str | None) -> None:
    """Write a project without nouns."""
    with _failures(), _cleared(folder):
        tree = make_empty(Checkout(HOUSE), folder, name_of(folder) if name is None else name)
        tree.tidy()
        export_schema(tree)
    typer.echo(NEXT.format(folder=folder))


def init_found(
    source: str | None,
    folder: Path | None,
    name: str | None,
    schemas: str | None,
    only: str | None,
    without: str | None,
) -> None:
    """Write a project for a database that was there before, and say what was guessed."""
    if source is None:
        raise CommandError("Of which database? Name its URL and a folder, or say `--empty FOLDER`.", Exit.USAGE)
    settings = _settings(source)
    url = settings.direct
    folder = folder or Path(Path(url.database or "project").stem)
    chosen = Chosen(schemas=_listed(schemas), only=_listed(only), without=_listed(without))
    with _failures(), _cleared(folder):
        checkout = Checkout(HOUSE)
        check_folder(folder)
        plan = plan_of(read_catalog(settings, chosen))
        if not plan.models:
            raise CommandError("No table was found. Name its schema with `--schema`, and see `--only`.", Exit.FAILED)
        tree = make_empty(checkout, folder, name_of(folder) if name is None else name, found.ABOUT, found.ROOMS)
        found.write_found(tree, plan, absolute(url))
        tree.tidy()
        export_schema(tree)
        report = found.write_guesses(tree, plan)
        keep(tree, plan)
    typer.echo(report)
    typer.echo(
        f"{folder} is a project of its own, with {len(plan.models)} tables. {found.GUESSES} has the above. Next:"
    )
    typer.echo(f"  cd {folder}\n  make serve\n  make check test")


def _settings(url: str) -> DatabaseSettings:
    return DatabaseSettings(database_url=SecretStr(url))


def _listed(text: str | None) -> Sequence[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def add_noun(name: str, fields: Sequence[str], plural: str | None) -> None:
    """Write a noun into the project that the command belongs to."""
    with _failures():
        written = add(HOUSE, name, fields, plural)
    typer.echo("\n".join(f"{'changed' if changed else 'wrote'}  {file}" for file, changed in written))
    typer.echo("Next: `make test`. `trellis db upgrade` makes the table; graph/policies.py says who sees its rows.")


@contextmanager
def _cleared(folder: Path) -> Iterator[None]:
    """A whole project or none: what was written is taken away where a step fails."""
    was_empty = not folder.exists() or (folder.is_dir() and not any(folder.iterdir()))
    try:
        yield
    except BaseException:
        if was_empty and folder.exists():
            shutil.rmtree(folder)
        raise


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except ProjectError as error:
        raise CommandError(str(error), Exit.FAILED) from None
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise CommandError(f"The file{where} cannot be written: {error.strerror}.", Exit.UNAVAILABLE) from None
