"""Python and libraries against the ranges of a pyproject.toml."""

from db.settings import HOUSE
from graph.checkup.installation import installed
from graph.checkup.result import State

PROJECT = """
[project]
requires-python = "{python}"
dependencies = [{needed}]
[project.optional-dependencies]
extra = [{extra}]
"""


def states(python: str = ">=3.11", needed: str = "", extra: str = "") -> list[tuple[State, str]]:
    return [(it.state, it.said) for it in installed(PROJECT.format(python=python, needed=needed, extra=extra))]


def test_this_installation_is_in_its_ranges() -> None:
    found = list(installed((HOUSE / "pyproject.toml").read_text()))
    assert [(it.check, it.state) for it in found] == [("python", State.OK), ("libraries", State.OK)]


def test_a_python_out_of_range_is_broken() -> None:
    (python, said), _ = states(python=">=4")
    assert python is State.BROKEN
    assert "wants >=4" in said


def test_libraries_that_are_missing_or_out_of_range_are_named() -> None:
    _, (state, said) = states(needed='"sqlalchemy[asyncio]<1", "no-such-library>=1", "typer>=0.1"')
    assert state is State.BROKEN
    assert "no-such-library is not installed" in said
    assert "sqlalchemy is 2." in said
    assert "and has to be <1" in said
    assert "typer" not in said


def test_an_extra_counts_where_it_is_installed() -> None:
    _, (state, _said) = states(extra='"no-such-library>=1"')
    assert state is State.OK
    _, (state, said) = states(extra='"pytest<1"')
    assert (state, said.partition(" is ")[0]) == (State.BROKEN, "pytest")


def test_a_library_for_another_python_is_not_wanted() -> None:
    _, (state, _said) = states(needed="\"no-such-library>=1; python_version < '3'\"")
    assert state is State.OK
