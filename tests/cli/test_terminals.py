"""Colours and progress are for terminals alone."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from graph.cli.errors import Exit
from graph.terminal import may_colour, may_move
from tests.cli.running import trellis, trellis_process
from tests.cli.terminals import ESCAPE, on_a_terminal
from tests.databases import Database

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

WRONG: dict[str, Any] = {"TRELLIS_PORT": "many"}


class Terminal(StringIO):
    """What says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "moves", "is_coloured"),
    [
        ({}, True, True),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({"CI": "true"}, False, False),
    ],
)
def test_the_environment_says_what_a_terminal_shows(
    variables: dict[str, str], moves: bool, is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"CI": "", "NO_COLOR": "", "TERM": "xterm", **variables}.items():
        monkeypatch.setenv(name, value)
    assert (may_move(Terminal()), may_colour(Terminal())) == (moves, is_coloured)
    assert not may_move(StringIO())
    assert not may_colour(StringIO())


@pytest.mark.parametrize(
    ("variables", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"CI": "true"}, False)],
)
def test_a_mistake_is_red_on_a_terminal(variables: dict[str, Any], is_coloured: bool) -> None:
    shown = on_a_terminal("db", "current", **WRONG, **variables)
    assert shown.status == Exit.USAGE
    assert b"TRELLIS_PORT should be a valid integer" in shown.text
    assert shown.is_coloured is is_coloured


def test_a_pipe_gets_no_colours() -> None:
    done = trellis_process("db", "current", status=Exit.USAGE, TERM="xterm", NO_COLOR="", **WRONG)
    assert ESCAPE.decode() not in done.stderr


def test_the_doctor_has_colours_on_a_terminal_alone(database: Database) -> None:
    told: dict[str, Any] = {"TRELLIS_DATABASE_URL": database.url, "TRELLIS_PORT": "0"}
    assert on_a_terminal("doctor", **told).is_coloured
    assert not on_a_terminal("doctor", NO_COLOR="1", **told).is_coloured
    assert ESCAPE.decode() not in trellis_process("doctor", TERM="xterm", NO_COLOR="", **told).stdout


def test_what_to_do_next_stands_out_on_a_terminal(database: Database, tmp_path: Path) -> None:
    shown = on_a_terminal(folder=tmp_path, TRELLIS_DATABASE_URL=database.url)
    assert (shown.status, shown.is_coloured) == (Exit.OK, True)
    assert ESCAPE.decode() not in trellis(TRELLIS_DATABASE_URL=database.url, TERM="xterm", NO_COLOR="").stdout
