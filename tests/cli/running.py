"""Running `trellis`: within this process, or as people do, as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from graph.cli import run
from graph.cli.errors import Exit
from graph.manual import address, whereabouts

TRELLIS = str(Path(sys.executable).with_name("trellis"))


PATIENCE_S = 120
"""How long a process may take on a busy machine."""


class Finished(NamedTuple):
    """What a command wrote."""

    stdout: str
    stderr: str


def refused(sentence: str, page: str, heading: str = "") -> str:
    """What a command that fails writes to stderr: a sentence with the cure, and where the manual says more."""
    return f"Error: {sentence}\nSee {whereabouts(address(page, heading))}\n"


def environment(**variables: str) -> dict[str, str]:
    """The environment of a process: nothing of the developer's settings, a wide terminal, a start that is checked.

    Whether it runs in CI is left out, where nothing moves on a terminal.
    """
    return {**os.environ, "TRELLIS_START_CHECKS": "true", "TRELLIS_MAINTENANCE": "true", **_variables(variables)}


def trellis(*arguments: str | Path, status: Exit = Exit.OK, given: str = "", **variables: str) -> Finished:
    """Run a command within this process, with this text on stdin, and check its exit status.

    The console script does the same behind a start of 0.1 to 0.8 s. `trellis_process` is for claims about processes.
    """
    with ThreadPoolExecutor(1) as thread:  # commands start an event loop, and the test's thread may have one already
        return thread.submit(_run, [*map(str, arguments)], status, given, variables).result()


def trellis_process(*arguments: str | Path, status: Exit = Exit.OK, **variables: str) -> Finished:
    """Run a command to its end as a process, and check its exit status; it never shows a traceback."""
    done = subprocess.run(
        [TRELLIS, *map(str, arguments)],
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return Finished(done.stdout, done.stderr)


@contextmanager
def serving(database_url: str, *arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server as a process on a free port, and its address. It is killed at the end, with its workers."""
    process = subprocess.Popen(
        [TRELLIS, "serve", "--port", "0", *arguments],
        env=environment(TRELLIS_DATABASE_URL=database_url, **variables),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a group of its own, so that its workers end with it
        preexec_fn=hear_interrupts,
    )
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if found := re.search(r"running on (http://\S+)", line):
                yield process, found[1]
                break
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def hear_interrupts() -> None:
    """Let a child end by SIGINT: tests that run in the background ignore SIGINT, and a child inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run(arguments: list[str], status: Exit, given: str, variables: Mapping[str, str]) -> Finished:
    stdout, stderr = BytesIO(), BytesIO()
    with (
        patch.dict(os.environ, _variables(variables)),
        patch.object(sys, "stdin", StringIO(given)),
        redirect_stdout(TextIOWrapper(stdout, encoding="utf-8", write_through=True)),
        redirect_stderr(TextIOWrapper(stderr, encoding="utf-8", write_through=True)),
    ):
        code = _code(arguments)
        finished = Finished(stdout.getvalue().decode(), stderr.getvalue().decode())
    assert code == status, finished.stderr
    return finished


def _code(arguments: list[str]) -> object:
    try:
        run(arguments)
    except SystemExit as end:
        return end.code


def _variables(variables: Mapping[str, str]) -> dict[str, str]:
    return {"CI": "", "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", **variables}
