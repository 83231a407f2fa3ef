"""The workflows call what is there, each job ends in time, and none may do more than it has to."""

import os
import re
import subprocess
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from db.settings import HOUSE
from graph.cli import run

WORKFLOWS = sorted((HOUSE / ".github" / "workflows").glob("*.yml"))
ACTION = re.compile(r"(actions|astral-sh)/[a-z-]+@v\d+\.\d+\.\d+")
"""Of GitHub and of uv's makers alone, and by version: `.github/zizmor.yml`."""


class Line(NamedTuple):
    """A line that a step runs."""

    place: str
    text: str

    @property
    def words(self) -> list[str]:
        """The line without what the shell fills in."""
        return self.text.split(" >")[0].split()


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every job of every workflow."""
    for file in WORKFLOWS:
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items():
            yield f"{file.name}: {name}", job


def lines() -> Iterator[Line]:
    """Every line that is run."""
    for name, job in jobs():
        for step in job["steps"]:
            yield from (Line(name, line) for line in step.get("run", "").splitlines())


def of(*programs: str) -> list[Line]:
    """The lines that call one of these."""
    return [line for line in lines() if line.words[0] in programs]


@pytest.mark.parametrize("line", of("make"), ids=str)
def test_make_knows_the_targets_that_workflows_name(line: Line) -> None:
    subprocess.run(["make", "--dry-run", *line.words[1:]], cwd=HOUSE, check=True, capture_output=True)


@pytest.mark.parametrize("line", of(".venv/bin/trellis"), ids=str)
def test_the_command_knows_what_workflows_ask_of_it(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    command = takewhile(str.isalpha, line.words[1:])
    with pytest.raises(SystemExit) as ended:
        run([*command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert [word for word in line.words if word.startswith("--") and word not in told] == []


@pytest.mark.parametrize("line", [line for line in lines() if line.words[0].startswith(".ci/")], ids=str)
def test_the_scripts_that_workflows_run_are_there(line: Line) -> None:
    script = HOUSE / line.words[0]
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert all(option in script.read_text(encoding="utf-8") for option in line.words[1:])


def test_lines_of_every_kind_are_looked_at() -> None:
    assert len(of("make")) >= 4
    assert len(of(".venv/bin/trellis")) == 2
    assert {line.words[0] for line in lines() if line.words[0].startswith(".ci/")} == {".ci/run", ".ci/release"}


def test_jobs_end_in_time_and_actions_have_a_version() -> None:
    for name, job in jobs():
        assert job["timeout-minutes"] <= 90, name
        for action in (step["uses"] for step in job["steps"] if "uses" in step):
            assert ACTION.fullmatch(action), f"{name}: {action}"


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_write_nothing_but_what_a_job_of_it_has_to(file: Path) -> None:
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert workflow["permissions"] in ({}, {"contents": "read"})
    granted = {
        right
        for job in workflow["jobs"].values()
        for right, how in job.get("permissions", {}).items()
        if how == "write"
    }
    assert granted == ({"attestations", "contents", "id-token"} if file.name == "release.yml" else set())
