"""Versions with a floor: below these a known fault comes back (docs/decisions/0007-versions-with-a-floor.md)."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2]
FLOORS = {
    "graphql-core": (3, 3, 2),
    "strawberry-graphql": (0, 341),
    "starlette": (1, 3, 1),
    "SQLAlchemy": (2, 1),
    "h11": (0, 16),
}


@pytest.mark.parametrize("package", FLOORS)
def test_a_package_is_not_below_its_floor(package: str) -> None:
    installed = tuple(int(part) for part in re.findall(r"\d+", version(package))[:3])
    assert installed >= FLOORS[package]


def test_every_dependency_says_why_it_is_there() -> None:
    text = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)
    names = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    assert [name for name in names if not re.search(rf'"{re.escape(name)}",\s+# \w', text)] == []
