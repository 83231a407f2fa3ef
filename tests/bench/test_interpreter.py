"""The one interpreter of all Python servers: which is taken, how it is told of, and that our packages are there."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import interpreter, servers
from bench.interpreter import Build, Chosen, choose, probe
from db.settings import HOUSE

OWN = Build(Path("/own/python"), "3.11.7", ".so", "'--enable-shared'", itself=True, seconds=0.10)
SYSTEM = Build(Path("/usr/bin/python"), "3.11.2", ".so", "'--enable-shared'", itself=False, seconds=0.08)


def test_the_fastest_build_serves_if_it_is_worth_it() -> None:
    assert choose(OWN, [OWN, SYSTEM]) is SYSTEM
    assert choose(OWN, [OWN, SYSTEM._replace(seconds=0.099)]) is OWN
    assert choose(OWN, []) is OWN


def test_how_a_build_was_made_is_told() -> None:
    assert str(Chosen(OWN, OWN)) == (
        "CPython 3.11.7 at /own/python, built without --enable-optimizations and --with-lto"
    )
    assert str(Chosen(SYSTEM, OWN)) == (
        "CPython 3.11.2 at /usr/bin/python, its sysconfig describes another build, 1.25 times as fast as 3.11.7, built"
        " without --enable-optimizations and --with-lto"
    )
    fast = OWN._replace(options="'--with-lto' '--enable-optimizations'")
    assert fast.optimised == "built with --enable-optimizations --with-lto"


def test_this_interpreter_shows_itself_and_what_is_none_does_not(tmp_path: Path) -> None:
    own = probe(Path(sys.executable))
    assert own is not None
    assert own.version == sys.version.partition(" ")[0]
    assert own.seconds > 0
    assert probe(tmp_path / "python") is None


@pytest.mark.parametrize("name", ["trellis", "strawberry", "one-statement", "limit"])
def test_every_server_of_ours_runs_on_it(name: str) -> None:
    assert servers.SERVERS[name].launch("postgresql://host/database", 8000).command[0] == str(interpreter.python())


def test_our_packages_are_found_on_it() -> None:
    command = [str(interpreter.python()), "-c", "import asyncpg, graph, sys; print(sys.version)"]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HOUSE).stdout
    assert told.startswith(interpreter.chosen().build.version)
