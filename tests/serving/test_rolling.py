"""SIGHUP: every worker is replaced, one by one, and no client notices."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from db.settings import HOUSE
from tests.cli.running import PATIENCE_S
from tests.serving.test_draining import ended, log_until
from tests.serving.workers import children_of, is_running

pytestmark = pytest.mark.process

CLIENTS = 6
ALL_NEW = "All workers are new"
SERVES = "it serves"


class Code:
    """The code on disk that a server's workers import."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file = folder / "code_on_disk.py"
        self.answers("old")

    def answers(self, text: str) -> None:
        self.says(f"ANSWER = {text!r}\n")

    def says(self, code: str) -> None:
        self._file.write_text(code)


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Code:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")  # two versions of one second and one size look alike
    return Code(tmp_path)


@contextmanager
def rolling(code: Code, workers: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server whose processes all serve, and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.rolling", str(code.folder), str(workers)],
        cwd=HOUSE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        for _ in range(max(1, workers)):
            assert SERVES in log_until(process, SERVES)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def answer(address: str) -> str:
    """What a new connection is answered."""
    return httpx.get(address, timeout=PATIENCE_S).text


async def ask_on_and_on(address: str, kept: bool, seen: Counter[str]) -> None:
    """Ask until nobody listens any more, on connections that are kept or on a new one each time."""
    limits = httpx.Limits(max_keepalive_connections=1 if kept else 0)
    async with httpx.AsyncClient(base_url=address, limits=limits, timeout=PATIENCE_S) as client:
        while True:
            try:
                seen[(await client.post("/")).text] += 1
            except httpx.ConnectError:
                seen["refused"] += 1
                return
            except httpx.TransportError as error:
                seen[repr(error)] += 1
                return


async def more_than(seen: Counter[str], answers: Counter[str]) -> None:
    """Wait until clients have seen more of each of these answers."""
    before = Counter(seen)
    async with asyncio.timeout(PATIENCE_S):
        while any(seen[text] < before[text] + number for text, number in answers.items()):  # noqa: ASYNC110 - clients tell nobody
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("workers", [0, 1, 2])
async def test_no_request_is_lost_while_workers_are_replaced_under_load(code: Code, workers: int) -> None:
    seen: Counter[str] = Counter()
    with rolling(code, workers) as (process, address):
        old = children_of(process.pid)
        asking = [asyncio.create_task(ask_on_and_on(address, n % 2 == 0, seen)) for n in range(CLIENTS)]
        await more_than(seen, Counter(old=CLIENTS))

        code.answers("new")
        process.send_signal(signal.SIGHUP)
        # A server that is alone says that its successor serves, and is whole when it has ended itself.
        await asyncio.to_thread(log_until, process, ALL_NEW if workers else "looks after it")
        await more_than(seen, Counter(new=CLIENTS))
        new = children_of(process.pid)
        assert len(new) == max(1, workers)
        assert old.isdisjoint(new)
        assert not any(map(is_running, old))

        code.answers("newest")
        process.send_signal(signal.SIGHUP)
        await asyncio.to_thread(log_until, process, "one by one")
        process.send_signal(signal.SIGHUP)  # while the workers are being replaced: once more, afterwards
        process.send_signal(signal.SIGHUP)
        for _ in range(2):
            await asyncio.to_thread(log_until, process, ALL_NEW)
        del seen["old"], seen["new"]
        await more_than(seen, Counter(newest=CLIENTS))
        newest = children_of(process.pid)
        assert len(newest) == max(1, workers)
        assert new.isdisjoint(newest)

        assert seen.keys() == {"newest"}, "nobody was refused, and no answer was cut"
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(ended, process) == 0
        assert not any(map(is_running, newest))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("broken", ["raise RuntimeError('a mistake')\n", "import time; time.sleep(600)\n"])
def test_a_new_worker_that_cannot_serve_leaves_the_old_ones_in_place(
    code: Code, workers: int, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = "sleep" in broken
    monkeypatch.setenv("TEST_START_S", "2" if hangs else "120")
    with rolling(code, workers) as (process, address):
        old = children_of(process.pid)
        code.says(broken)
        process.send_signal(signal.SIGHUP)
        log = log_until(process, "A new worker cannot serve")
        assert ("a mistake" in log) != hangs
        while children_of(process.pid) != old:  # it ends after that was said
            time.sleep(0.02)
        assert answer(address) == "old"
        if not hangs:
            code.answers("mended")
            process.send_signal(signal.SIGHUP)
            log_until(process, ALL_NEW if workers else "looks after it")
            while answer(address) != "mended":  # a server that is alone drains yet
                time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 0


def test_a_signal_between_a_server_and_who_looks_after_its_successor_ends_both(
    code: Code, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_STOPS_BETWEEN", "1")
    with rolling(code, 0) as (process, _address):
        process.send_signal(signal.SIGHUP)
        (worker,) = re.findall(r"Worker (\d+) serves from now on", log_until(process, "looks after it"))
        assert ended(process) == 0
        assert not is_running(int(worker))


def test_a_worker_that_dies_while_the_code_is_broken_is_tried_again_beside_those_that_serve(code: Code) -> None:
    with rolling(code, 2) as (process, address):
        code.says("raise RuntimeError('a mistake')\n")
        gone = min(children_of(process.pid))
        os.kill(gone, signal.SIGKILL)
        log_until(process, "has failed (1)")
        assert answer(address) == "old"
        code.answers("old")
        log_until(process, SERVES)
        assert len(children_of(process.pid) - {gone}) == 2


@pytest.mark.parametrize("workers", [0, 2])
async def test_a_server_that_stops_hears_nothing_else(code: Code, workers: int) -> None:
    seen: Counter[str] = Counter()
    with rolling(code, workers) as (process, address):
        asking = [asyncio.create_task(ask_on_and_on(address, True, seen)) for _ in range(CLIENTS)]
        await more_than(seen, Counter(old=CLIENTS))
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGHUP)
        await asyncio.gather(*asking)
        assert await asyncio.to_thread(ended, process) == 0
    assert seen["old"] > 0
    assert seen["refused"] > 0


@pytest.mark.parametrize("workers", [0, 2])
def test_a_server_that_is_told_to_stop_while_workers_are_replaced_ends_with_all_of_them(
    code: Code, workers: int
) -> None:
    with rolling(code, workers) as (process, _address):
        code.says("import time; time.sleep(600)\n")
        before = children_of(process.pid)
        process.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE_S
        while not (newcomers := children_of(process.pid) - before):
            assert time.monotonic() < end
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 0
        assert not any(map(is_running, before | newcomers))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_server_whose_terminal_is_closed_drains(code: Code, workers: int) -> None:
    master, slave = pty.openpty()

    def take_the_terminal() -> None:
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "tests.serving.rolling", str(code.folder), str(workers)],
        cwd=HOUSE,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=take_the_terminal,
    )
    try:
        os.close(slave)
        for _ in range(max(1, workers)):
            log_until(process, SERVES)
        children = children_of(process.pid)
        os.close(master)
        assert ended(process) == 0
        assert not any(map(is_running, children))
    finally:
        process.kill()
        process.communicate()


async def test_a_worker_that_is_killed_under_load_costs_no_more_than_it_had_in_hand(code: Code) -> None:
    seen: Counter[str] = Counter()

    async def ask(address: str) -> None:
        """Ask on a new connection each time, and go on whatever comes."""
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=address, limits=limits, timeout=PATIENCE_S) as client:
            while True:
                try:
                    seen[(await client.post("/")).text] += 1
                except httpx.TransportError as error:
                    seen[type(error).__name__] += 1

    with rolling(code, 2) as (process, address):
        asking = [asyncio.create_task(ask(address)) for _ in range(CLIENTS)]
        await more_than(seen, Counter(old=CLIENTS))
        gone = min(children_of(process.pid))
        os.kill(gone, signal.SIGKILL)
        await asyncio.to_thread(log_until, process, SERVES)
        await more_than(seen, Counter(old=10 * CLIENTS))
        for each in asking:
            each.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        assert len(children_of(process.pid) - {gone}) == 2
    assert seen.pop("old") > 0
    assert set(seen) <= {"ReadError", "WriteError", "RemoteProtocolError"}, "nobody was refused"
    assert seen.total() <= CLIENTS, "each client had one request under way"
