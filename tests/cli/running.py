"""Running `trellis`: in this process, or as people do, as a process of its own.

A process takes a second to start before it does anything. `trellis` calls the same `main` in a thread, with stdin,
stdout, stderr, arguments and environment of its own; `trellis_process` is for what is about the process: its start,
its streams, its signals and its end.
"""

import io
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from graph.cli import main
from graph.cli.errors import Exit

TRELLIS = str(Path(sys.executable).with_name("trellis"))

PATIENCE_S = 120
"""How long a command may take on a busy machine."""

Finished: TypeAlias = subprocess.CompletedProcess[str]

Command: TypeAlias = Callable[..., "Finished"]
"""`trellis` or `trellis_process`."""


def environment(**variables: str) -> Mapping[str, str]:
    """The environment of a process: nothing of the developer's settings, a wide terminal."""
    return os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"} | variables


def trellis(*arguments: str | Path, status: Exit = Exit.OK, given: str | None = None, **variables: str) -> Finished:
    """Run a command to its end, with this text on stdin, and check its exit status; it never shows a traceback."""
    # In a thread, because commands start event loops, and an async test has one already in its own.
    with ThreadPoolExecutor(max_workers=1) as thread:
        done = thread.submit(run_here, [str(argument) for argument in arguments], given or "", variables).result()
    return checked(done, status)


def trellis_process(
    *arguments: str | Path, status: Exit = Exit.OK, given: str | None = None, **variables: str
) -> Finished:
    """Do the same in a process of its own."""
    done = subprocess.run(
        [TRELLIS, *map(str, arguments)],
        env=environment(**variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return checked(done, status)


def hear_interrupts() -> None:
    """Let a child end by SIGINT: tests that run in the background ignore SIGINT, and a child inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def checked(done: Finished, status: Exit) -> Finished:
    """The command, which has ended as it should."""
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def run_here(arguments: list[str], given: str, variables: Mapping[str, str]) -> Finished:
    """Run a command in this thread. Its streams, arguments and environment are the whole process's for so long."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        text_stream(io.BytesIO(given.encode())) as stdin,
        text_stream(out) as stdout,
        text_stream(err) as stderr,
    ):
        patch.setattr(sys, "argv", ["trellis", *arguments])
        for name, stream in {"stdin": stdin, "stdout": stdout, "stderr": stderr}.items():
            patch.setattr(sys, name, stream)
        for name, value in environment(**variables).items():
            patch.setenv(name, value)
        status = status_of(main)
    return Finished(["trellis", *arguments], status, out.getvalue().decode(), err.getvalue().decode())


@contextmanager
def text_stream(content: io.BytesIO) -> Iterator[io.TextIOWrapper]:
    """Text over bytes that outlive it."""
    stream = io.TextIOWrapper(content)
    try:
        yield stream
    finally:
        stream.detach()


def status_of(main: Callable[[], None]) -> int:
    """The exit status that the interpreter would end with."""
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
