"""Where rows go: stdout or a file.

A reader that goes away ends the command quietly. A file appears when it is complete, and what was there before stays
until then. What keeps the rows from being written becomes one sentence.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import typer

from graph.cli.errors import CommandError, Exit


def printable(text: str) -> str:
    """The text on one line: names may hold bytes that are not UTF-8, and characters that would steer the terminal."""
    text = text.encode(errors="backslashreplace").decode()
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class ReaderGone(Exception):
    """Whoever reads our output has had enough."""


@contextmanager
def writing() -> Iterator[None]:
    """Around every write: say what keeps the rows from being written."""
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise CommandError(f"The rows cannot be written: {error.strerror}. Make room there.") from None


@contextmanager
def destination(output: Path | None) -> Iterator[BinaryIO]:
    """What to write into: a file, or stdout when there is none."""
    try:
        with _stdout() if output is None else _file(output) as file:
            yield file
    except ReaderGone:
        raise typer.Exit(Exit.OK) from None


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    try:
        yield sys.stdout.buffer
        with writing():
            sys.stdout.buffer.flush()
    except (ReaderGone, CommandError):
        # The interpreter flushes stdout once more when it ends, and must not fail again. Source:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


@contextmanager
def _file(output: Path) -> Iterator[BinaryIO]:
    """A file that appears whole or not at all; a device or a pipe is written as it is."""
    if output.exists() and not output.is_file():
        target = partial = output
    else:
        target = output.resolve()
        partial = target.with_name(f".{target.name}.part")
    try:
        file = partial.open("wb")
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror}. Name a file in a folder that you may write to."
        raise CommandError(message, Exit.UNAVAILABLE) from None
    try:
        yield file
        with writing():
            file.close()
            if partial != target:
                partial.replace(target)
    finally:
        with suppress(OSError):
            file.close()
        if partial != target:
            partial.unlink(missing_ok=True)
