"""What all commands have in common: help, and one sentence with the cure when something is wrong."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from db.settings import HOUSE
from graph import cli, commands
from graph.cli.errors import Exit
from graph.errors import InvalidPolicy
from graph.manual import address, whereabouts
from tests.cli.running import refused, trellis, trellis_process
from tests.databases import Database

SECRET = "correct-horse"
HEAVY = {
    "alembic",
    "asyncpg",
    "graphql",
    "pydantic_settings",
    "rich",
    "sqlalchemy",
    "starlette",
    "strawberry",
    "uvicorn",
}
"""Nothing that arguments are parsed with; Typer checks them with Pydantic, which is not in our hands."""
IMPORTED_BY = """
import contextlib, json, sys
from graph.cli import run
for arguments in json.loads(sys.argv[1]):
    with contextlib.suppress(SystemExit):
        run(arguments)
print(*sys.modules)
"""
"""A program that runs many command lines, and then says which modules were imported."""
COMMANDS = [
    "serve",
    "explain",
    "init",
    "sync",
    "maintain",
    "status",
    "doctor",
    "demo",
    "export",
    "noun add",
    "db upgrade",
    "db downgrade",
    "db adopt",
    "db check",
    "db current",
    "db backup",
    "live install",
    "live uninstall",
    "live status",
    "import markdown",
    "schema check",
    "schema export",
    "schema unused",
    "schema usage show",
    "schema usage export",
    "documents register",
    "documents check",
    "documents list",
    "documents retire",
    "user create",
    "user list",
    "user deactivate",
    "user activate",
    "user password",
    "key create",
    "key list",
    "key revoke",
]


@pytest.mark.nouns
@pytest.mark.process
def test_the_help_lists_every_command_on_a_line_of_its_own() -> None:
    listed = trellis_process("--help").stdout.partition("Commands:\n")[2]
    for command in COMMANDS:
        assert re.search(rf"^  {command}  +[A-Z]", listed, re.MULTILINE), command
    assert len(listed.splitlines()) == len(COMMANDS)


@pytest.mark.nouns
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    assert trellis(*command.split(), "--help").stdout.startswith(f"Usage: trellis {command} ")


@pytest.mark.process
def test_help_and_wrong_arguments_import_nothing_heavy() -> None:
    command_lines = [["--help"], ["--version"], ["nonsense"], ["serve", "--port", "many"]]
    command_lines += [[*command.split(), "--help"] for command in COMMANDS]
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED_BY, json.dumps(command_lines)], capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert {"typer", "graph"} <= imported
    assert imported & HEAVY == set()
    assert "db" not in imported


def test_a_house_without_commands_of_its_own_has_those_of_every_house(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "COMMANDS_OF_THE_HOUSE", "graph.not_there")
    listed = trellis("--help").stdout.partition("Commands:\n")[2]
    names = [line[2:].partition("  ")[0] for line in listed.splitlines()]
    rooms = {
        *("serve", "explain", "init", "sync", "maintain", "status", "doctor"),
        *("noun", "db", "live", "schema", "documents"),
    }
    assert names == [command for command in COMMANDS if command.partition(" ")[0] in rooms]


def test_the_modules_of_the_house_hold_those_of_every_house() -> None:
    assert set(cli.MODULES) < set(commands.MODULES)


@pytest.mark.process
def test_a_process_ends_without_taking_its_objects_apart() -> None:
    ending = (
        "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count())); from graph.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", ending, "--version"], capture_output=True, text=True, check=True)
    version, frozen = done.stdout.splitlines()
    assert version.startswith("trellis ")
    assert int(frozen) > 1_000


@pytest.mark.process
def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    assert trellis_process("--version").stdout == f"trellis {project['version']}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["db", "nonsense"], ["--nonsense"], ["serve", "--port", "many"], ["db", "downgrade"]]
)
def test_a_wrong_command_line_is_a_usage_error(arguments: list[str]) -> None:
    done = trellis(*arguments, status=Exit.USAGE)
    assert "--help" in done.stderr or "-h" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "TRELLIS_DATABASE_URL",
            f"oracle://ada:{SECRET}@host/x",
            "TRELLIS_DATABASE_URL is not a database URL that Trellis knows; use sqlite:///var/trellis.db"
            ", postgresql://user:password@host:5432/database or mysql://user:password@host:3306/database."
            " Correct it, or unset it for the default: a SQLite file in var/.",
        ),
        (
            "TRELLIS_REPLICA_URLS",
            f"postgresql://ada:{SECRET}@host/x?colour=red",
            "TRELLIS_REPLICA_URLS has options that asyncpg does not know: colour; leave them out."
            " Correct it, or unset it for the default: none.",
        ),
        (
            "TRELLIS_TOKEN_KEYS",
            f"{'x' * 40},{SECRET}",
            "TRELLIS_TOKEN_KEYS has a key of fewer than 32 characters, which could be guessed; make one with"
            " `openssl rand -base64 48`. Correct it, or unset it for the default: none.",
        ),
        (
            "TRELLIS_SIGN_IN_LIMIT",
            SECRET,
            "TRELLIS_SIGN_IN_LIMIT is not a limit such as 10/minute or 10/minute;100/day."
            " Correct it, or unset it for the default: 10/minute;100/day.",
        ),
        (
            "TRELLIS_POOL_SIZE",
            SECRET,
            "TRELLIS_POOL_SIZE should be a valid integer, unable to parse string as an integer."
            " Correct it, or unset it for the default: 15.",
        ),
        (
            "TRELLIS_PGBOUNCER",
            SECRET,
            "TRELLIS_PGBOUNCER should be a valid boolean, unable to interpret input."
            " Correct it, or unset it for the default: false.",
        ),
    ],
)
def test_a_wrong_setting_is_named_without_its_value(name: str, value: str, sentence: str) -> None:
    done = trellis("db", "current", status=Exit.USAGE, **{name: value})
    assert done.stderr == refused(sentence, "settings", name)


def test_each_wrong_setting_has_a_line() -> None:
    done = trellis("db", "current", status=Exit.USAGE, TRELLIS_POOL_SIZE="many", TRELLIS_PORT="-1")
    first, second, page = done.stderr.splitlines()
    assert "TRELLIS_POOL_SIZE" in first
    assert "TRELLIS_PORT" in second
    assert page == f"See {whereabouts(address('settings'))}"


@pytest.mark.parametrize("command", ["upgrade", "check", "current"])
def test_a_database_that_does_not_answer_is_named_without_the_password(command: str) -> None:
    url = f"postgresql://ada:{SECRET}@127.0.0.1:1/trellis"
    done = trellis("db", command, status=Exit.UNAVAILABLE, TRELLIS_DATABASE_URL=url)
    assert done.stderr == refused(
        "The database trellis at 127.0.0.1:1 cannot be reached: Connect call failed ('127.0.0.1', 1)."
        " See that it is there and that TRELLIS_DATABASE_URL is right.",
        "operations",
        "The start",
    )


@pytest.mark.postgresql
def test_a_database_that_does_not_exist_is_named(database: Database) -> None:
    done = trellis("db", "current", status=Exit.UNAVAILABLE, TRELLIS_DIRECT_URL=database.url + "_and_more")
    assert "does not exist. See that it is there and that TRELLIS_DIRECT_URL is right." in done.stderr


def test_a_file_that_cannot_be_a_database_is_named(tmp_path: Path) -> None:
    done = trellis("db", "current", status=Exit.UNAVAILABLE, TRELLIS_DATABASE_URL=f"sqlite:///{tmp_path}")
    assert f"The database {tmp_path} cannot be reached: unable to open database file." in done.stderr
    text = tmp_path / "notes.txt"
    text.write_text("This is no database. " * 100)
    done = trellis("db", "current", status=Exit.UNAVAILABLE, TRELLIS_DATABASE_URL=f"sqlite:///{text}")
    assert f"The database {text} cannot be reached: file is not a database." in done.stderr


def test_a_mistake_in_a_declaration_is_one_sentence(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def declare() -> None:
        raise InvalidPolicy("The rows of Dog are rows of Animal too; say there who may see them.")

    monkeypatch.setattr("graph.cli.actions.db.check", declare)
    done = trellis("db", "check", status=Exit.FAILED, TRELLIS_DATABASE_URL=database.url)
    page = f"{address('python/graph.errors')}#graph.errors.InvalidPolicy"
    assert done.stderr == f"Error: The rows of Dog are rows of Animal too; say there who may see them.\nSee {page}\n"


@pytest.mark.parametrize(
    ("arguments", "entry"),
    [
        (["nonsense"], ""),
        (["db", "nonsense"], ""),
        (["--nonsense"], ""),
        (["db", "upgrade", "--nonsense"], "trellis db upgrade"),
        (["serve", "--port", "many"], "trellis serve"),
        (["serve", "--only", "posts"], "trellis serve"),
    ],
)
def test_what_is_wrong_with_a_command_line_leads_to_the_manual(arguments: list[str], entry: str) -> None:
    done = trellis(*arguments, status=Exit.USAGE)
    assert done.stderr.splitlines()[-1] == f"See {whereabouts(address('command', entry))}"
