"""`trellis init` and `trellis noun add`: arguments enter, files of a project leave, and what to do next on stdout."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from db.settings import HOUSE
from graph.cli.errors import CommandError, Exit
from graph.projects.adding import add
from graph.projects.checkout import Checkout
from graph.projects.empty import export_schema, make_empty, name_of
from graph.projects.errors import ProjectError

NEXT = """{folder} is a project of its own. Next:
  cd {folder}
  make setup
  .venv/bin/trellis noun add book title:str:unique pages:int:optional
  make serve"""


def init_empty(folder: Path, name: str | None) -> None:
    """Write a project without nouns."""
    with _failures():
        tree = make_empty(Checkout(HOUSE), folder, name_of(folder) if name is None else name)
        tree.tidy()
        export_schema(tree)
    typer.echo(NEXT.format(folder=folder))


def add_noun(name: str, fields: Sequence[str], plural: str | None) -> None:
    """Write a noun into the project that the command belongs to."""
    with _failures():
        written = add(HOUSE, name, fields, plural)
    typer.echo("\n".join(f"{'changed' if changed else 'wrote'}  {file}" for file, changed in written))
    typer.echo("Next: `make test`. `trellis db upgrade` makes the table; graph/policies.py says who sees its rows.")


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except ProjectError as error:
        raise CommandError(str(error), Exit.FAILED) from None
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        raise CommandError(f"The file{where} cannot be written: {error.strerror}.", Exit.UNAVAILABLE) from None
