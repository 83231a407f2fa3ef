"""The parent of workers, whatever they do."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from db.settings import HOUSE
from tests.serving.workers import children_of, is_running

pytestmark = pytest.mark.process

PATIENCE_S = 60


@contextmanager
def parent(work: str) -> Iterator[subprocess.Popen[str]]:
    """A parent of two workers, or a server by itself."""
    command = [sys.executable, "-m", "tests.serving.workers", work]
    process = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def workers_of(process: subprocess.Popen[str]) -> set[int]:
    """Both workers, once they are there and their parent listens."""
    end = time.monotonic() + PATIENCE_S
    while len(found := children_of(process.pid)) < 2:
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.2)
    return found


def test_a_worker_that_cannot_serve_ends_all() -> None:
    with parent("fails") as process:
        assert process.communicate(timeout=PATIENCE_S)[0] == "False\n"


def test_a_worker_that_does_not_end_is_killed() -> None:
    with parent("hangs") as process:
        workers = workers_of(process)
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE_S)[0] == "True\n"
        assert not any(map(is_running, workers))


def test_a_second_signal_ends_all_at_once() -> None:
    with parent("hangs") as process:
        workers = workers_of(process)
        process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == -signal.SIGTERM
        end = time.monotonic() + 5  # killed they are; the system ends them when it comes to that
        while any(map(is_running, workers)):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_server_whose_application_hangs_ends_nevertheless() -> None:
    with parent("endless") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        assert process.wait(timeout=PATIENCE_S) == -signal.SIGKILL
        assert time.monotonic() - begun < 10, "three on a quiet machine"
