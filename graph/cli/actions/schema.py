"""`trellis schema export`: the schema enters; its text leaves on stdout or in a file, or is compared with a file."""

import difflib
from pathlib import Path

import typer

from db.settings import HOUSE
from graph.building import building
from graph.cli.errors import CommandError, Exit
from graph.settings import Settings

SCHEMA = HOUSE / "schema.graphql"


def export(output: Path | None, *, check: bool, semantic_non_null: bool, federation: bool) -> None:
    """Write the schema to a file or to stdout; with `check`, compare it with the file and write nothing.

    With `semantic_non_null`, `@semanticNonNull` stands in the place of what a field may not be.
    Raises `CommandError` for a file that differs or that cannot be written.
    """
    text = own_schema(federation=federation)
    if semantic_non_null:
        text = _with_semantic_nullability(text)
    if check:
        _compare(output or SCHEMA, text)
    elif output is None:
        typer.echo(text, nl=False)
    else:
        _write(output, text)


def own_schema(*, federation: bool = False) -> str:
    """The text of the schema that the code declares. It depends on no setting."""
    with building():
        from graph.schema import DOMAIN  # late: a check of another project's schema needs none of ours

        return DOMAIN.schema(Settings.model_construct(federation=federation)).as_str().rstrip() + "\n"


def _with_semantic_nullability(text: str) -> str:
    from graph.entity.semantic_nullability import with_semantic_nullability  # late, as above

    return with_semantic_nullability(text).rstrip() + "\n"


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
