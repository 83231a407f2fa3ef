"""`trellis schema export`: the schema enters; its text leaves on stdout or in a file, or is compared with a file."""

import difflib
from pathlib import Path

import typer

from db.settings import HOUSE
from graph.cli.errors import CommandError, Exit
from graph.settings import Settings

SCHEMA = HOUSE / "schema.graphql"


def export(output: Path | None, *, check: bool) -> None:
    """Write the schema to a file or to stdout; with `check`, compare it with the file and write nothing.

    Raises `CommandError` for a file that differs or that cannot be written.
    """
    text = own_schema()
    if check:
        _compare(output or SCHEMA, text)
    elif output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)


def own_schema() -> str:
    """The text of the schema that the code declares. It depends on no setting."""
    from graph.schema import DOMAIN  # late: a check of another project's schema needs none of ours

    return DOMAIN.schema(Settings.model_construct()).as_str().rstrip() + "\n"


def _compare(file: Path, text: str) -> None:
    kept = file.read_text() if file.is_file() else ""
    if kept == text:
        typer.echo(f"{file.name} is up to date.")
        return
    lines = difflib.unified_diff(kept.splitlines(), text.splitlines(), file.name, "the code", n=1, lineterm="")
    typer.echo("\n".join(lines))
    raise CommandError(f"{file.name} is stale; run `make schema` and commit what changes.")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text)
    except OSError as error:
        raise CommandError(
            f"{file} cannot be written: {error.strerror}. Name a file in a folder that you may write to.",
            Exit.UNAVAILABLE,
        ) from None
