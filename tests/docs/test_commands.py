"""Commands that pages show are there: targets of make, commands of `trellis` and their options."""

import re
from collections.abc import Iterator

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from db.settings import HOUSE
from graph.cli import command_line

PAGES = [*sorted(HOUSE.glob("*.md")), *sorted((HOUSE / "docs").glob("*.md"))]
BLOCK = re.compile(r"^ *```(?:sh|bash)\n(.*?)^ *```$", re.M | re.S)
TARGETS = set(re.findall(r"^([a-z-]+):", (HOUSE / "Makefile").read_text(encoding="utf-8"), re.M))
VARIABLE = re.compile(r"\w+=.*")


def shown(program: str) -> Iterator[tuple[str, list[str]]]:
    """Every call of a program in blocks of commands, with the page that shows it."""
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                words = [word for word in re.split(r"[|;&>]", line)[0].split() if not VARIABLE.fullmatch(word)]
                if words and words[0].rpartition("/")[2] == program:
                    yield page.name, words[1:]


def test_targets_of_make_are_there() -> None:
    calls = list(shown("make"))
    assert len(calls) > 10
    assert [(page, words) for page, words in calls if words[0] not in TARGETS] == []


@pytest.mark.parametrize(("page", "words"), [*shown("trellis")], ids=str)
def test_commands_and_their_options_are_there(page: str, words: list[str]) -> None:
    command, left = get_command(command_line()), list(words)
    while isinstance(command, TyperGroup) and left and not left[0].startswith("-"):
        name = left.pop(0)
        assert name in command.commands, page
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts + parameter.secondary_opts}
    given = {word.partition("=")[0] for word in left if word.startswith("--")}
    assert given - options - {"--help", "--version"} == set(), page
