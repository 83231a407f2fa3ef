"""The command line, as a page: what `--help` says of each command.

Nothing enters but the command itself; Markdown leaves. No command is run but for its help.
"""

from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from io import StringIO

from typer.core import TyperGroup
from typer.main import get_command

from graph.cli import command_line, run

ABOUT = """# The command

`trellis` is in `.venv/bin` of a project or of a checkout. Each command explains itself with `--help`; that is what
stands here. What all of them have in common, and what `trellis` alone says: [the command line](command-line.md)."""


def page() -> str:
    """All commands, a heading each."""
    return "\n\n".join([ABOUT, *map(_entry, names())]) + "\n"


def names() -> Iterator[tuple[str, ...]]:
    """The words of every command."""
    return _names_of(get_command(command_line()))


def _names_of(group: object, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of a command, or of all that are in a group."""
    if not isinstance(group, TyperGroup):
        yield before
        return
    for name, command in group.commands.items():
        if not command.hidden:
            yield from _names_of(command, (*before, name))


def _entry(words: tuple[str, ...]) -> str:
    told = StringIO()
    with redirect_stdout(told), suppress(SystemExit):
        run([*words, "--help"])
    return f"## trellis {' '.join(words)}\n\n```text\n{told.getvalue().strip()}\n```"
