"""Where errors and pages lead people: each address of the manual is that of a page, and of a heading on it."""

import re
import tomllib
from pathlib import Path

import pytest

from db.settings import HOUSE
from graph.errors import InvalidPolicy
from graph.manual import MANUAL, START, address, whereabouts
from manual import command
from manual.settings import SETTINGS, variable
from manual.sources import write_sources

CALL = re.compile(r'\baddress\("([^"]+)"(?:, "([^"]+)")?\)')
HEADING = re.compile(r"^#+ (.+)$", re.M)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources of the manual, written once."""
    folder = tmp_path_factory.mktemp("manual")
    write_sources(HOUSE, folder)
    return folder


def headings(sources: Path, page: str) -> set[str]:
    """The addresses of the headings of a page."""
    text = (sources / f"{page}.md").read_text(encoding="utf-8")
    return {address(page, heading) for heading in HEADING.findall(text)}


def test_the_manual_is_where_the_project_says() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == MANUAL


def test_headings_become_anchors_as_sphinx_makes_them() -> None:
    assert address("command", "trellis db upgrade") == f"{MANUAL}/command.html#trellis-db-upgrade"
    assert address("settings", "TRELLIS_PORT") == f"{MANUAL}/settings.html#trellis-port"
    assert address("operations", "A database that others use, too").endswith("#a-database-that-others-use-too")
    assert address("tutorial") == f"{MANUAL}/tutorial.html"
    assert f"{MANUAL}/operations.html#the-start" == START


def test_whoever_has_the_pages_is_told_their_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HOUSE)
    port, command_of_code = address("settings", "TRELLIS_PORT"), address("command", "trellis serve")
    assert whereabouts(port) == f"docs/settings.md or {port}"
    assert whereabouts(command_of_code) == command_of_code  # a page of the site alone


def test_every_address_that_the_code_names_is_there(sources: Path) -> None:
    files = (HOUSE / "graph").rglob("*.py")
    named = {found for file in files for found in CALL.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 15
    for page, heading in named:
        assert (sources / f"{page}.md").is_file() or page == "python/graph.errors", page
        assert not heading or address(page, heading) in headings(sources, page), (page, heading)


def test_every_command_every_setting_and_every_code_has_an_entry(sources: Path) -> None:
    commands = {address("command", " ".join(("trellis", *words))) for words in command.names()}
    assert commands <= headings(sources, "command")
    assert {address("settings", variable(name)) for name in SETTINGS} <= headings(sources, "settings")
    assert address("error-codes", "EMAIL_TAKEN") in headings(sources, "error-codes")


def test_mistakes_of_declarations_lead_to_their_class(sources: Path) -> None:
    assert ".. automodule:: graph.errors\n" in (sources / "python" / "graph.errors.md").read_text(encoding="utf-8")
    assert InvalidPolicy.__module__ == "graph.errors"
