"""Rows of a command enter; bytes leave on stdout or in a file.

A reader that closes the pipe ends the command quietly. A file appears when all rows are in it, and the file that it
replaces stays until then. A failed write becomes one sentence, never a traceback.
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
    """The text on one line, without bytes that are not UTF-8 and without characters that would steer the terminal."""
    text = text.encode(errors="backslashreplace").decode()
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class ReaderGone(Exception):
    """The reader of stdout closed the pipe."""


@contextmanager
def writing() -> Iterator[None]:
    """Wrap every write. Raises `ReaderGone` for a closed pipe, and `CommandError` with the cause of a failed write."""
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        raise CommandError(f"The rows cannot be written: {error.strerror}. Make room there.") from None


@contextmanager
def destination(output: Path | None) -> Iterator[BinaryIO]:
    """A file to write into; stdout when `output` is None."""
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
    """A file that appears whole or not at all; a device or a pipe is written directly."""
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
