"""`trellis serve`, run as people run it."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from graph.cli.errors import Exit
from tests.cli.running import PATIENCE_S, TRELLIS, environment, hear_interrupts, trellis
from tests.databases import Database


@contextmanager
def serving(database: Database, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server on a free port, and its address."""
    process = subprocess.Popen(
        [TRELLIS, "serve", "--port", "0", *arguments],
        env=environment(TRELLIS_DATABASE_URL=database.url),
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


@pytest.mark.parametrize(("stop", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, -signal.SIGTERM)])
@pytest.mark.process
def test_the_server_answers_until_it_is_told_to_stop(database: Database, stop: signal.Signals, status: int) -> None:
    with serving(database) as (process, address):
        assert httpx.get(f"{address}/healthz", timeout=PATIENCE_S).status_code == 200
        process.send_signal(stop)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == status
        assert "Traceback" not in errors


@pytest.mark.sqlite
@pytest.mark.process
def test_workers_share_the_port(database: Database) -> None:
    with serving(database, "--workers", "2") as (process, address):
        assert process.stderr is not None
        assert any("startup complete" in line for line in process.stderr)  # a worker listens when it has started
        assert httpx.get(f"{address}/healthz", timeout=PATIENCE_S).status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_a_port_in_use_is_refused_with_the_cure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = trellis("serve", "--port", str(port), status=Exit.UNAVAILABLE)
    assert done.stderr == (
        f"Error: 127.0.0.1:{port} cannot be listened on: Address already in use. Stop what uses it, or choose another"
        f" address with --host and --port, for instance --port {port + 1 if port < 65535 else 8000}.\n"
    )


def test_an_address_of_another_machine_is_refused() -> None:
    done = trellis("serve", "--host", "192.0.2.1", "--port", "0", status=Exit.UNAVAILABLE)
    assert "192.0.2.1:0 cannot be listened on: Cannot assign requested address." in done.stderr


def test_the_port_of_the_settings_is_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port} cannot" in trellis("serve", status=Exit.UNAVAILABLE, TRELLIS_PORT=port).stderr
