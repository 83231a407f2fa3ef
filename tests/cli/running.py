"""Running `trellis` as people do: as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from graph.cli.errors import Exit

TRELLIS = str(Path(sys.executable).with_name("trellis"))

Finished: TypeAlias = subprocess.CompletedProcess[str]


def environment(**variables: str) -> Mapping[str, str]:
    """The environment of a process: nothing of the developer's settings, a wide terminal."""
    return os.environ | {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"} | variables


def trellis(*arguments: str | Path, status: Exit = Exit.OK, given: str | None = None, **variables: str) -> Finished:
    """Run a command to its end, with this text on stdin, and check its exit status; it never shows a traceback."""
    done = subprocess.run(
        [TRELLIS, *map(str, arguments)],
        env=environment(**variables),
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done
