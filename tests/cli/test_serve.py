"""`trellis serve`, run as people run it."""

import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from multiprocessing import Pipe

import httpx
import pytest
from sqlalchemy import make_url

from graph.cli.actions.serve import made
from graph.cli.errors import Exit
from graph.errors import CannotStart
from graph.manual import address, whereabouts
from graph.settings import Settings
from tests.cli.running import PATIENCE_S, environment, refused, serving, trellis
from tests.databases import Database
from tests.serving.test_draining import log_until, started


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.process
def test_the_server_answers_until_it_is_told_to_stop(database: Database, stop: signal.Signals) -> None:
    with serving(database.url) as (process, address):
        assert httpx.get(f"{address}/healthz", timeout=PATIENCE_S).status_code == 200
        process.send_signal(stop)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        assert "Traceback" not in errors


@pytest.mark.sqlite
@pytest.mark.process
def test_workers_share_the_port(database: Database) -> None:
    with serving(database.url, "--workers", "2") as (process, address):
        assert process.stderr is not None
        assert any("startup complete" in line for line in process.stderr)
        # A worker says that it has started, and listens a moment later.
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=PATIENCE_S) as client:
            assert client.get(f"{address}/healthz").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)


def test_a_port_in_use_is_refused_with_the_cure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = trellis("serve", "--port", str(port), status=Exit.UNAVAILABLE)
    assert done.stderr == refused(
        f"127.0.0.1:{port} cannot be listened on: Address already in use. Stop what uses it, or choose another"
        f" address with --host and --port, for instance --port {port + 1 if port < 65535 else 8000}.",
        "command",
        "trellis serve",
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


NO_SERVER = "postgresql://trellis:s3cret@127.0.0.1:1/trellis"


def test_a_database_that_is_down_is_refused_with_the_cure_before_the_server_listens() -> None:
    checked = {"TRELLIS_START_CHECKS": "true", "TRELLIS_DATABASE_URL": NO_SERVER}
    done = trellis("serve", "--port", "0", "--wait-for-database", "0.1", status=Exit.UNAVAILABLE, **checked)
    said, page = done.stderr.splitlines()[-2:]
    assert said.startswith("Error: The database trellis at 127.0.0.1:1 cannot be reached: ")
    assert said.endswith("See that it is there and that TRELLIS_DATABASE_URL is right.")
    assert page == f"See {whereabouts(address('operations', 'The start'))}"


@pytest.mark.parametrize("command", [("serve",), ("db", "upgrade"), ("db", "check"), ("documents", "list")])
def test_a_misspelt_variable_is_refused_before_a_database_is_made(command: tuple[str, ...]) -> None:
    done = trellis(*command, status=Exit.USAGE, TRELLIS_START_CHECKS="true", TRELLIS_DATABSE_URL=NO_SERVER)
    assert done.stderr == refused(
        "TRELLIS_DATABSE_URL is no setting of this server; did you mean TRELLIS_DATABASE_URL? Correct it, or unset it.",
        "settings",
    )


def test_a_worker_says_in_a_sentence_why_it_cannot_serve(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise CannotStart("It is too late.")

    ours, theirs = Pipe()
    with ours, theirs, pytest.raises(SystemExit) as ended:
        made(fails, theirs)
    assert (ended.value.code, caplog.messages) == (Exit.UNAVAILABLE, ["It is too late."])
    with pytest.raises(CannotStart):  # whoever has no parent says it at the end
        made(fails, None)


def test_a_worker_says_which_setting_is_wrong(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRELLIS_PORT", "many")
    ours, theirs = Pipe()
    with ours, theirs, pytest.raises(SystemExit) as ended:
        made(Settings, theirs)
    assert ended.value.code == Exit.USAGE
    (said,) = caplog.messages
    assert said.startswith("TRELLIS_PORT should be a valid integer")


@pytest.mark.process
def test_uvicorn_ends_with_the_same_sentence() -> None:
    command = [sys.executable, "-m", "uvicorn", "--factory", "graph.app:create_app", "--port", "0"]
    ended = subprocess.run(
        command,
        env=environment(TRELLIS_DATABASE_URL=NO_SERVER),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == Exit.UNAVAILABLE
    assert "cannot be reached" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "running on" not in ended.stderr


def _serves(address: str) -> int:
    """The process that answers a new connection."""
    answer = httpx.get(f"{address}/livez?verbose", timeout=PATIENCE_S)
    return int(answer.json()["process"])


@pytest.mark.sqlite
@pytest.mark.process
@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_replaces_what_serves_unless_something_is_missing(database: Database, workers: int) -> None:
    file = str(make_url(database.url).database)
    with started(database, workers, TRELLIS_LOG_OPERATIONS="none") as (process, address):
        replaced = "All workers are new" if workers == 2 else "looks after it"
        before = _serves(address)
        process.send_signal(signal.SIGHUP)
        log_until(process, replaced)
        if workers == 1:
            log_until(process, "Finished server process")
        after = _serves(address)
        assert after not in (before, process.pid)

        with closing(sqlite3.connect(file)) as connection:
            connection.execute("ALTER TABLE tags RENAME TO away")
        process.send_signal(signal.SIGHUP)
        log = log_until(process, "A new worker cannot serve")
        assert "lacks tables" in log
        assert httpx.get(f"{address}/healthz", timeout=PATIENCE_S).status_code == 200
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("ALTER TABLE away RENAME TO tags")
        process.send_signal(signal.SIGHUP)
        log_until(process, "All workers are new")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0
        assert "Traceback" not in errors
