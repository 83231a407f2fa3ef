"""One run of graphql-core's tests of the execution, in a pytest of its own.

The folder of its sources and the name of a mixin enter, what became of each test leaves. The run has graphql-core's
configuration and none of ours; what that configuration wants and our lock lacks comes from `plugins/`.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PLUGINS = Path(__file__).parent / "plugins"
TESTS = "tests/execution"
MIXIN = "graph.execute.graphql_core:LevelByLevel"
RUN_TIMEOUT_S = 300


@dataclass(frozen=True)
class Report:
    """What became of the tests, and how many fields each way of execution has resolved."""

    collected: Sequence[str]
    outcomes: Mapping[str, str]
    planned_fields: int
    walked_fields: int

    @property
    def passed(self) -> Sequence[str]:
        """The tests that passed."""
        return [test for test, outcome in self.outcomes.items() if outcome == "passed"]

    @property
    def others(self) -> Mapping[str, str]:
        """The tests that failed or were skipped."""
        return {test: outcome for test, outcome in self.outcomes.items() if outcome != "passed"}


@dataclass(frozen=True)
class Run:
    """pytest's exit status, its words, and the report."""

    status: int
    output: str
    report: Report


def run(source: Path, *arguments: str, mixin: str | None = None) -> Run:
    """Run the tests to their end; without a mixin, with graphql-core's own executors."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        done = subprocess.run(
            command("--quiet", "--tb=short", "--report", str(file), *arguments, mixin=mixin),
            cwd=source,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        assert file.exists(), f"pytest has not begun: {done.stdout}"
        return Run(done.returncode, done.stdout, Report(**json.loads(file.read_text())))


def command(*arguments: str, mixin: str | None) -> Sequence[str]:
    """The command of a run, for the folder of the sources."""
    plugins = ("anyio.pytest_plugin", "describe_blocks", "stand_ins", "executors", "no:cacheprovider")
    loaded = [part for plugin in plugins for part in ("-p", plugin)]
    chosen = ["--mixin", mixin] if mixin else []
    return [sys.executable, "-m", "pytest", *loaded, *chosen, *arguments, TESTS]


def environment() -> Mapping[str, str]:
    """Our environment, without what is meant for the pytest that runs us."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONWARNINGS"))}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(PLUGINS)}
