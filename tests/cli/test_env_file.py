"""The file `.env`, and what becomes of the environment when it is read once more."""

import os
from pathlib import Path

import pytest

from graph.cli import env_file
from graph.cli.env_file import read_env_file

OURS = ("TRELLIS_PORT", "TRELLIS_GRACE_S", "TRELLIS_LOG_LEVEL", "OTHER")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(env_file, "_taken", set())
    for name in OURS:
        monkeypatch.setenv(name, "")  # so that it is as it was afterwards
        monkeypatch.delenv(name)


def said() -> dict[str, str]:
    return {name: os.environ[name] for name in OURS if name in os.environ}


def test_a_file_that_is_read_anew_says_what_it_says_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRELLIS_PORT", "80")
    file = tmp_path / ".env"
    file.write_text("TRELLIS_PORT=1\nTRELLIS_GRACE_S=2\nOTHER=3\n")
    read_env_file(file)
    assert said() == {"TRELLIS_PORT": "80", "TRELLIS_GRACE_S": "2"}, "the environment goes first"

    file.write_text("TRELLIS_PORT=1\nTRELLIS_LOG_LEVEL='error'\n")
    read_env_file(file)
    assert said() == {"TRELLIS_PORT": "80", "TRELLIS_LOG_LEVEL": "error"}

    file.unlink()
    read_env_file(file)
    assert said() == {"TRELLIS_PORT": "80"}


def test_a_file_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("TRELLIS_GRACE_S=2\n")
    read_env_file(file)
    file.write_bytes(b"TRELLIS_GRACE_S=\xff\n")
    with pytest.raises(OSError, match="not UTF-8"):
        read_env_file(file)
    assert said() == {"TRELLIS_GRACE_S": "2"}
