"""The examples that follow posts go on when the server was started again, and show what was written meanwhile."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import httpx
import pytest

from db.demo import EDITOR_EMAIL, PASSWORD
from graph.testing.postgresql import free_port
from graph.testing.runs import Run
from tests import node
from tests.cli.running import PATIENCE_S, serving, trellis_process
from tests.examples.__main__ import EXAMPLES

PREPARED_BY = {"python": "uv sync --locked --quiet", "typescript": "npm ci --ignore-scripts"}
OF_A_LIST = {"python": "uv run --no-sync python live.py", "typescript": "node src/live.ts"}
OF_CHANGES = {"python": "uv run --no-sync python follow.py", "typescript": "node src/follow.ts"}

WHY = " fragment Why on UserError { message }"
SIGN_IN = "mutation ($input: SignInInput!) { done: signIn(input: $input) { accessToken errors { ...Why } } }"
CREATE = "mutation ($input: CreatePostInput!) { done: createPost(input: $input) { post { id } errors { ...Why } } }"
PUBLISH = "mutation ($input: PublishPostInput!) { done: publishPost(input: $input) { post { id } errors { ...Why } } }"


def publish(address: str, title: str) -> None:
    """Write a post that everybody may see."""
    with httpx.Client(base_url=address, timeout=PATIENCE_S) as http:

        def do(mutation: str, **given: str) -> dict[str, Any]:
            sent = {"query": mutation + WHY, "variables": {"input": given}}
            done: dict[str, Any] = http.post("/graphql", json=sent).json()["data"]["done"]
            assert done["errors"] == []
            return done

        token = do(SIGN_IN, email=EDITOR_EMAIL, password=PASSWORD)["accessToken"]
        http.headers["authorization"] = f"Bearer {token}"
        do(PUBLISH, id=do(CREATE, title=title, content="Dig deep.")["post"]["id"])


class Following:
    """A program that prints a line whenever the list is another one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._lines: Queue[str] = Queue()
        self._process = process
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def has_line(self, within_s: float) -> bool:
        """Whether there is another line, or will be in a moment."""
        deadline = time.monotonic() + within_s
        while self._lines.empty() and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self._lines.empty()

    def until(self, title: str) -> list[str]:
        """Everything up to a line with this title."""
        found = [self.line().strip()]
        while not found[-1].endswith(f" {title}"):
            found.append(self.line().strip())
        return found

    def line(self) -> str:
        """The next line."""
        line = self._lines.get(timeout=PATIENCE_S)
        assert line, "The program has ended."
        return line


@pytest.fixture
def prepared(example: str, trellis_run: Run) -> str:
    """An example with what it needs, which is installed once for all tests of the run."""
    place = trellis_run.folder / f"example_{example}"
    with node.alone(place):
        done = place / "done"
        if not done.exists():
            prepare, folder = PREPARED_BY[example].split(), EXAMPLES / example
            subprocess.run(prepare, cwd=folder, env=surroundings(), check=True, capture_output=True, timeout=PATIENCE_S)
            done.touch()
    return example


def surroundings(**more: str) -> dict[str, str]:
    """The environment of an example's commands, without that of these tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "UV_PROJECT"))}
    return kept | {"PATH": node.path(), **more}


@contextmanager
def following(example: str, command: str, url: str) -> Iterator[Following]:
    """A program of an example that is prepared, begun."""
    process = subprocess.Popen(
        command.split(),
        cwd=EXAMPLES / example,
        env=surroundings(TRELLIS_URL=url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Following(process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with the demo."""
    url = f"sqlite:///{tmp_path / 'demo.db'}"
    trellis_process("db", "upgrade", TRELLIS_DATABASE_URL=url)
    trellis_process("demo", TRELLIS_DATABASE_URL=url)
    return url


@contextmanager
def stopped(server: subprocess.Popen[str]) -> Iterator[None]:
    """The server of before is not there any more."""
    server.send_signal(signal.SIGTERM)
    assert server.wait(PATIENCE_S) == 0
    yield


@pytest.mark.npm
@pytest.mark.process
@pytest.mark.parametrize("example", OF_A_LIST)
def test_a_program_follows_a_list_through_a_restart_of_the_server(prepared: str, url: str) -> None:
    port = str(free_port())
    with (
        serving(url, "--port", port) as (first, address),
        following(prepared, OF_A_LIST[prepared], f"{address}/graphql") as program,
    ):
        before = program.line()
        assert "Roses" not in before
        publish(address, "Roses in chalk")
        assert program.line().startswith("Roses in chalk · ")
        with stopped(first), serving(url, "--port", port):
            publish(address, "Roses in lime")
            assert program.line().startswith("Roses in lime · Roses in chalk · ")
            publish(address, "Roses in loam")
            assert program.line().startswith("Roses in loam · Roses in lime · ")


@pytest.mark.npm
@pytest.mark.process
@pytest.mark.parametrize("example", OF_CHANGES)
def test_a_program_hears_of_each_change_once_through_a_restart_of_the_server(prepared: str, url: str) -> None:
    port = str(free_port())
    with (
        serving(url, "--port", port) as (first, address),
        following(prepared, OF_CHANGES[prepared], f"{address}/graphql") as program,
    ):
        for number in range(PATIENCE_S):  # until the program has begun, of which nobody tells
            publish(address, f"Roses in chalk {number}")
            if program.has_line(within_s=1):
                break
        program.until(f"Roses in chalk {number}")
        with stopped(first):
            with serving(url) as (other, elsewhere):  # the program does not know where this one is
                publish(elsewhere, "Roses in lime")
                publish(elsewhere, "Roses in marl")
                with stopped(other):
                    pass
            with serving(url, "--port", port):
                heard = program.until("Roses in marl")
                publish(address, "Roses in loam")
                heard += program.until("Roses in loam")
    heard = [line for line in heard if "chalk" not in line]  # told before, and changed once more
    assert len(set(heard)) == len(heard)
    titles = [line.partition(" ")[2] for line in heard]  # some twice in a row: written, and published
    assert [title for title, _ in groupby(titles)] == ["Roses in lime", "Roses in marl", "Roses in loam"]
