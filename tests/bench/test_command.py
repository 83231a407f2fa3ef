"""The command: what it takes, and what it says of what it does not take."""

import subprocess

import pytest

from bench.__main__ import main
from bench.comparing import Asked
from bench.operations import OPERATIONS
from bench.servers import LIMIT, SERVERS, TRELLIS
from db.settings import HOUSE

WRONG_USAGE = 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--only", "feed,tea"], "tea: choose from feed, authors"),
        (["--servers", "trellis,apache"], "apache: choose from trellis, trellis-levels, postgraphile"),
        (["--profile", "tea"], "invalid choice: 'tea'"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_an_unknown_name_is_refused_with_the_names_that_are_known(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == WRONG_USAGE
    assert complaint in capsys.readouterr().err


def test_only_a_whole_run_may_stand_in_the_repository() -> None:
    assert Asked(quick=False, only=None, servers=None).whole
    assert not Asked(quick=True, only=None, servers=None).whole
    assert not Asked(quick=False, only=frozenset({"feed"}), servers=None).whole
    assert not Asked(quick=False, only=None, servers=frozenset({TRELLIS})).whole


def test_what_is_asked_for_comes_in_the_order_of_the_table() -> None:
    asked = Asked(quick=True, only=frozenset({"lookup", "feed"}), servers=frozenset({LIMIT, TRELLIS}))
    assert [operation.name for operation in asked.operations()] == ["feed", "lookup"]
    assert asked.names_of_servers() == [TRELLIS, LIMIT]


def test_without_names_everything_is_measured() -> None:
    asked = Asked(quick=False, only=None, servers=None)
    assert asked.operations() == list(OPERATIONS.values())
    assert asked.names_of_servers() == list(SERVERS)


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ([], ""),
        (["QUICK=1"], "--quick"),
        (["QUICK=0"], ""),
        (["ONLY=feed,all", "SERVERS=trellis,limit"], "--only feed,all --servers trellis,limit"),
        (["PROFILE=feed"], "--profile feed"),
    ],
)
def test_make_hands_its_variables_on(variables: list[str], options: str) -> None:
    printed = subprocess.run(
        ["make", "--dry-run", "--old-file=.venv/.ready", "bench", *variables],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    )
    command = " ".join(printed.stdout.replace("\\\n", " ").split())
    assert command.rpartition("-m bench")[2].strip() == options
