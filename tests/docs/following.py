"""Doing what a page says: its blocks of commands in a shell, its blocks of code in files, its server on a free port."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from db.settings import HOUSE
from tests.databases import Database

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
BIN = Path(sys.executable).parent
ADDRESS = "http://127.0.0.1:8000"
"""Where the server of every page is."""
START_S = 60
PATIENCE_S = 240


class Page(NamedTuple):
    """A page of the manual."""

    text: str

    @property
    def all_blocks(self) -> list[tuple[str, str]]:
        """Its blocks with their languages, in order."""
        return BLOCK.findall(self.text)

    def blocks(self, language: str) -> list[str]:
        """The blocks of a language, in order."""
        return [body for found, body in self.all_blocks if found == language]


def page(name: str) -> Page:
    """A page by its name, from the top of the checkout."""
    return Page((HOUSE / name).read_text(encoding="utf-8"))


def environment(database: Database) -> dict[str, str]:
    """The environment of somebody who has read nothing yet: without our commands, with the test's database."""
    path = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != BIN)
    return {**os.environ, "PATH": path, "TRELLIS_DATABASE_URL": database.url, "TRELLIS_START_CHECKS": "true"}


def run_in(folder: Path, database: Database, *scripts: str, activated: bool = True) -> str:
    """Run blocks of commands in one shell, `activated` as pages say to begin with; gives what they print."""
    # Our environment has installed the house that it stands in, and shall take the clone instead.
    variables = environment(database) | {
        "PYTHONPATH": str(folder),
        "PYTEST_ADDOPTS": f"-p no:cacheprovider -k {database.dialect}",
    }
    script = "\n".join(["set -e", *([". .venv/bin/activate"] if activated else []), *scripts])
    done = subprocess.run(
        ["sh", "-c", script], cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(database: Database, port: int) -> Iterator[str]:
    """`make serve` on another port; gives the server's address."""
    process = subprocess.Popen(
        ["make", "serve", f"PORT={port}"],
        cwd=HOUSE,
        env=environment(database),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address, process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=START_S)


def wait_for(address: str, process: subprocess.Popen[str]) -> None:
    """Wait until the server of a process answers; it fails when the process ends or takes too long."""
    deadline = time.monotonic() + START_S
    while not _is_alive(address):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"no answer from {address}"
        time.sleep(0.1)


def _is_alive(address: str) -> bool:
    try:
        with urlopen(f"{address}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False


def write(folder: Path, language: str, block: str) -> None:
    """Do what a block of a page says: make its file, or add its lines with `+` to those that are there."""
    name, _, code = block.partition("\n")
    file = folder / name.removeprefix("# ")
    if language == "python":
        assert not file.exists()
        file.write_text(code, encoding="utf-8")
        return
    lines = code.splitlines(keepends=True)
    there = "".join(line[1:] for line in lines if not line.startswith("+"))
    text = file.read_text(encoding="utf-8")
    assert text.count(there) == 1, f"{name} does not have {there!r} once"
    file.write_text(text.replace(there, "".join(line[1:] for line in lines)), encoding="utf-8")
