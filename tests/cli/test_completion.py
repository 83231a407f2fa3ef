"""Completion: shells are told commands, options and values, and take the scripts that tell them whom to ask."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from db import migrate
from tests.cli.running import PATIENCE_S, TRELLIS, environment, trellis

pytestmark = pytest.mark.process

HEAVY = {"alembic", "asyncpg", "graphql", "pydantic_settings", "sqlalchemy", "starlette", "strawberry", "uvicorn"}
PATH = f"{Path(TRELLIS).parent}{os.pathsep}{os.environ['PATH']}"
IMPORTED = """
import contextlib, json, os, sys
from graph.cli import run
for line in json.loads(sys.argv[1]):
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = line, str(len(line.split(" ")) - 1)
    with contextlib.suppress(SystemExit):
        run([])
print(*sys.modules)
"""


def completed(line: str) -> list[str]:
    """What bash would be told for the word at the end of a line."""
    asked: dict[str, Any] = {
        "_TRELLIS_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(line.split(" ")) - 1),
    }
    return trellis(**asked).stdout.split()


@pytest.mark.nouns
@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("trellis ", ["serve", "doctor", "db", "demo"]),
        ("trellis do", ["doctor", "documents"]),
        ("trellis db ", ["upgrade", "downgrade", "check"]),
        ("trellis schema usage ", ["show", "export"]),
        ("trellis serve --wo", ["--workers"]),
        ("trellis doctor --", ["--workers", "--json", "--help"]),
        ("trellis explain --format ", ["text", "json"]),
        ("trellis schema check --fail-on d", ["dangerous"]),
        ("trellis export o", ["orders", "order_lines"]),
        ("trellis db upgrade ", [migrate.newest(), "head"]),
        ("trellis db upgrade he", ["head"]),
    ],
)
def test_words_are_completed(line: str, some: list[str]) -> None:
    found = completed(line)
    assert set(some) <= set(found)
    start = line.rpartition(" ")[2]
    assert all(word.startswith(start) for word in found)


@pytest.mark.parametrize("line", ["trellis serve --port ", "trellis explain ", "trellis db backup "])
def test_names_of_files_and_free_values_are_left_to_the_shell(line: str) -> None:
    assert completed(line) == []


def test_a_completion_imports_nothing_heavy() -> None:
    lines = ["trellis ", "trellis db ", "trellis db upgrade ", "trellis serve --", "trellis explain --format "]
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, json.dumps(lines)],
            env=environment(_TRELLIS_COMPLETE=f"complete_{shell}", _TYPER_COMPLETE_ARGS="trellis db "),
            capture_output=True,
            text=True,
            check=True,
        )
        imported = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
        assert "typer" in imported
        assert imported & HEAVY == set()
        assert "db" not in imported


def in_shell(shell: str, script: str, home: Path) -> str:
    """Run a script in a shell with an empty home; in CI every shell has to be there."""
    program = shutil.which(shell)
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(f"{shell} is missing: apt-get install {shell}")
        pytest.skip(f"{shell} is missing: apt-get install {shell}")
    done = subprocess.run(
        [program, "-c", script],
        env=environment(HOME=str(home), PATH=PATH, XDG_CONFIG_HOME=str(home / ".config")),
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


BASH = """
trellis --install-completion
source ~/.bashrc
complete -p trellis
ask() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _trellis_completion trellis
    echo "$# ${COMPREPLY[*]}"
}
ask trellis db up
ask trellis explain --format ""
ask trellis db backup ""
"""


def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / ".bashrc").touch()
    *_, how, command, words, files = in_shell("bash", BASH, tmp_path).splitlines()
    assert how == "complete -o default -F _trellis_completion trellis"  # default: names of files where there is nothing
    assert (command, words, files) == ("3 upgrade", "4 text json", "4 ")


ZSH = """
autoload -Uz compinit && compinit -D
trellis --install-completion
source ~/.zfunc/_trellis
echo $_comps[trellis]
_arguments() { print -r -- "words $*" }
_files() { print -r -- "files" }
ask() { words=("$@"); CURRENT=$#; _trellis_completion }
ask trellis db up
ask trellis explain --format ""
ask trellis db backup ""
"""


def test_zsh_completes(tmp_path: Path) -> None:
    *_, how, command, words, files = in_shell("zsh", ZSH, tmp_path).splitlines()
    assert how == "_trellis_completion"
    assert command.startswith('words *: :(("upgrade":"Create the tables')
    assert "text" in words
    assert "json" in words
    assert files == "files"


FISH = """
trellis --install-completion
source ~/.config/fish/completions/trellis.fish
touch copy.db
complete -C "trellis db up"
echo ===
complete -C "trellis explain --format "
echo ===
complete -C "trellis db backup cop"
"""


def test_fish_completes(tmp_path: Path) -> None:
    command, words, files = in_shell("fish", FISH, tmp_path).split("===\n")
    assert command.splitlines()[-1].startswith("upgrade\tCreate the tables")
    assert {line.partition("\t")[0] for line in words.splitlines()} == {"text", "json"}
    assert files.split() == ["copy.db"]
