"""A release is what its papers say: one version in all of them, and notes that lead somewhere."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from db.settings import HOUSE
from graph import VERSION

HEADING = re.compile(r"^## (.*)$", re.M)
DATED = re.compile(r"(\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d")
LINK = re.compile(r"\]\(([^)]+)\)")
ON_GITHUB = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "trellis/trellis"}


def release(
    folder: Path, *options: str, status: int = 0, variables: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    """Run `.ci/release` of a folder."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    command = [str(folder / ".ci/release"), *options]
    done = subprocess.run(command, env=ours | dict(variables), capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def test_every_paper_has_the_same_version() -> None:
    unreleased, newest, *_ = HEADING.findall((HOUSE / "CHANGELOG.md").read_text(encoding="utf-8"))
    dated = DATED.fullmatch(newest)
    assert unreleased == "Unreleased"
    assert dated is not None
    assert dated[1] == VERSION
    lock = tomllib.loads((HOUSE / "uv.lock").read_text(encoding="utf-8"))
    assert [it["version"] for it in lock["package"] if it["source"] == {"editable": "."}] == [VERSION]


def test_notes_are_the_section_of_the_version() -> None:
    notes = release(HOUSE, "--notes").stdout
    assert notes.strip()
    assert HEADING.findall(notes) == []
    assert notes in (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")


def test_links_of_notes_lead_into_the_tree_of_the_version() -> None:
    links = LINK.findall(release(HOUSE, "--notes").stdout)
    on_github = LINK.findall(release(HOUSE, "--notes", variables=ON_GITHUB).stdout)
    tree = f"https://github.example/trellis/trellis/blob/v{VERSION}/"
    assert on_github == [link if ":" in link else tree + link for link in links]
    assert any(link.startswith(tree) for link in on_github)
    assert all((HOUSE / link.removeprefix(tree)).exists() for link in on_github if link.startswith(tree))


def test_a_version_that_the_changelog_does_not_know_is_not_released(tmp_path: Path) -> None:
    for name in (".ci/release", "CHANGELOG.md", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy2(HOUSE / name, tmp_path / name)
    project = tmp_path / "pyproject.toml"
    text = project.read_text(encoding="utf-8").replace(f'version = "{VERSION}"', 'version = "9.9.9"', 1)
    project.write_text(text, encoding="utf-8")
    said = release(tmp_path, status=1).stderr
    assert said == 'CHANGELOG.md has no section "## 9.9.9"; write it, or set another version in pyproject.toml.\n'
