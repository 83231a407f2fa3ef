"""A command on a terminal: arguments and an environment enter; what was shown leaves."""

import os
import pty
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.cli.running import PATIENCE_S, TRELLIS, environment

ESCAPE = b"\x1b["
"""How colours begin, and whatever moves the cursor."""


class Shown(NamedTuple):
    """What a terminal got."""

    text: bytes
    status: int

    @property
    def is_coloured(self) -> bool:
        return ESCAPE in self.text


def on_a_terminal(*arguments: str | Path, folder: Path | None = None, **variables: str) -> Shown:
    """Run a command whose stdin, stdout and stderr are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [TRELLIS, *map(str, arguments)],
        cwd=folder,
        env=environment(**{"TERM": "xterm-256color", "NO_COLOR": "", **variables}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = b""
    while chunk := read(ours):
        text += chunk
    os.close(ours)
    return Shown(text, process.wait(PATIENCE_S))


def read(terminal: int) -> bytes:
    """What has come; nothing when nobody has the other end open any more."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # of Linux
        return b""
