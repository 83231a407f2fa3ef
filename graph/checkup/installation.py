"""What runs here: the text of a pyproject.toml enters; whether Python and the libraries are in its ranges leaves."""

import platform
import tomllib
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from graph import VERSION
from graph.checkup.result import Result, broken, ok
from graph.manual import address

PAGE = address("tutorial")
SETUP = "Run `make setup`, or install Trellis anew."


def installed(pyproject: str) -> Iterator[Result]:
    """Python, and the libraries that the project asks for; those of extras where they are installed."""
    project: dict[str, Any] = tomllib.loads(pyproject)["project"]
    yield _python(project["requires-python"])
    yield _libraries(project["dependencies"], project.get("optional-dependencies", {}))


def _python(wanted: str) -> Result:
    has = platform.python_version()
    if SpecifierSet(wanted).contains(has, prereleases=True):
        return ok("python", f"Trellis {VERSION} on Python {has}.")
    return broken("python", f"Python is {has}, and Trellis {VERSION} wants {wanted}.", SETUP, PAGE)


def _libraries(needed: Sequence[str], extras: dict[str, Sequence[str]]) -> Result:
    problems = [*_missing(needed), *_out_of_range(needed)]
    problems += [it for texts in extras.values() for it in _out_of_range(texts)]
    if problems:
        return broken("libraries", f"{'; '.join(problems)}.", SETUP, PAGE)
    return ok("libraries", f"All {len(needed)} libraries are in their ranges.")


def _missing(texts: Sequence[str]) -> Iterator[str]:
    for needed in map(Requirement, texts):
        if _applies(needed) and _version_of(needed.name) is None:
            yield f"{needed.name} is not installed"


def _out_of_range(texts: Sequence[str]) -> Iterator[str]:
    for needed in map(Requirement, texts):
        has = _version_of(needed.name)
        if _applies(needed) and has is not None and not needed.specifier.contains(has, prereleases=True):
            yield f"{needed.name} is {has}, and has to be {needed.specifier}"


def _applies(needed: Requirement) -> bool:
    return needed.marker is None or needed.marker.evaluate()


def _version_of(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
