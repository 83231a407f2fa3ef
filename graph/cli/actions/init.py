"""`trellis init` and `trellis noun add`: arguments enter, files of a project leave, and what to do next on stdout."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from pydantic import SecretStr

from db.reflection import Chosen
from db.settings import HOUSE, DatabaseSettings, async_url
from graph.cli.environment import settings_of_the_environment
from graph.cli.errors import CommandError, Exit
from graph.projects import found, syncing
from graph.projects.adding import add
from graph.projects.checkout import Checkout
from graph.projects.empty import check_folder, export_schema, make_empty, name_of
from graph.projects.errors import ProjectError
from graph.projects.guesses import summary
from graph.projects.kept import keep, keep_choice, kept_choice
from graph.projects.reading import absolute, read_catalog
from graph.projects.writing import Tree
from graph.reflected.reading import plan_shown

NEXT = """{folder} is a project of its own. Next:
  cd {folder}
  make setup
  .venv/bin/trellis noun add book title:str:unique pages:int:optional
  make serve"""


def init_empty(folder: Path, name: str | None, of_a_database: Sequence[str] = ()) -> None:
    """Write a project without nouns; raises `CommandError` for words that are about a database."""
    if of_a_database:
        said = f"A project without tables takes no {', '.join(of_a_database)}; leave out --empty or that."
        raise CommandError(said, Exit.USAGE)
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
    *,
    writable: bool,
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
        plan = plan_shown(read_catalog(settings, chosen))
        if not plan.models:
            raise CommandError("No table was found. Name its schema with `--schema`, and see `--only`.", Exit.FAILED)
        tree = make_empty(checkout, folder, name_of(folder) if name is None else name, found.ABOUT, found.ROOMS)
        found.write_found(tree, plan, absolute(url), writable=writable)
        tree.tidy()
        export_schema(tree)
        found.write_guesses(tree, plan)
        keep(tree, plan, writable=writable)
        keep_choice(tree, chosen, writable=writable)
    typer.echo(summary(plan))
    typer.echo(
        f"{folder} is a project of its own, with {len(plan.models)} tables. {found.GUESSES} says of each guess where to"
        " change it. Next:"
    )
    typer.echo(f"  cd {folder}\n  make serve\n  make check test")


def sync(*, write: bool, check: bool, migration: str | None) -> None:
    """Show or write what has changed in the database, or write a revision of what has changed in the models."""
    tree = Tree(HOUSE)
    with _failures():
        if migration is not None:
            typer.echo(_migrate(tree, migration))
            return
        chosen, writable = kept_choice(tree)
        plan = plan_shown(read_catalog(settings_of_the_environment(), chosen))
        found = syncing.compare(tree, plan, writable=writable)
        typer.echo(syncing.difference(tree, found), nl=False)
        typer.echo("".join(f"{note}\n" for note in found.notes), nl=False)
        if found.is_in_step:
            typer.echo("The project says what the database has.")
        elif write:
            with tree.whole():
                syncing.write(tree, found, plan)
                export_schema(tree)
            typer.echo(f"Wrote {len(found.texts)} files. Next: `make check test`.")
        elif check:
            raise CommandError("The database has changed. `trellis sync --write` follows it.")
        else:
            typer.echo("Nothing was written; `trellis sync --write` does.")


def _migrate(tree: Tree, message: str) -> str:
    """Write a revision of what the models have and the tables have not; what was written, in a sentence."""
    versions = tree.root / "migrations/versions"
    before = set(versions.glob("*.py"))
    ours = {name: value for name, value in os.environ.items() if name.startswith("TRELLIS_")}
    tree.run("alembic", "revision", "--autogenerate", "-m", message, **ours)
    new = [it.relative_to(tree.root) for it in versions.glob("*.py") if it not in before]
    if not new:
        return "The models and the tables agree: no revision was written."
    return f"Wrote {new[0]}. Read it; `trellis db upgrade` runs it."


def _settings(url: str) -> DatabaseSettings:
    """The settings of the environment for this database, whatever other one they lead to."""
    try:
        async_url(url)
    except ValueError as error:
        said = f"The URL {error}. Without a database, say `trellis init --empty FOLDER`."
        raise CommandError(said, Exit.USAGE) from None
    return DatabaseSettings(database_url=SecretStr(url), direct_url=None, replica_urls=())


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
