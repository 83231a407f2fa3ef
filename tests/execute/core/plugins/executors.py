"""Puts our executor in place of graphql-core's, and says how each test ended and who resolved the fields.

The name of a mixin enters as `--mixin=module:Class`; without one, graphql-core's own executors stay. What the run was
leaves as JSON in the file of `--report`.
"""

import importlib
import json
import pkgutil
from collections import Counter
from pathlib import Path
from typing import Any

import graphql
import pytest
from graphql.execution import Executor
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from graphql.execution.incremental.incremental_executor import IncrementalExecutor

REPLACED: tuple[type[Executor[Any]], ...] = (Executor, ExecutorThrowingOnIncremental, IncrementalExecutor)

fields: Counter[str] = Counter()
collected: list[str] = []
outcomes: dict[str, str] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say which executor, and where the report goes."""
    parser.addoption("--mixin", help="module:Class, put in front of each of graphql-core's executors")
    parser.addoption("--report", type=Path, help="the file that says how each test ended")


def pytest_configure(config: pytest.Config) -> None:
    """Replace the executors before the first module of tests imports them."""
    count_walked_fields()
    if mixin := config.getoption("mixin"):
        module, _, name = mixin.partition(":")
        replace(ours(getattr(importlib.import_module(module), name)))
        count_planned_fields()


def count_walked_fields() -> None:
    """Count what graphql-core's own walk resolves, one field of one object at a time.

    The method is replaced where it is defined, and not overridden: an executor may ask whether it has been.
    """
    walk = Executor.execute_field

    def execute_field(self: Executor[Any], *arguments: Any) -> Any:
        fields["walked"] += 1
        return walk(self, *arguments)

    setattr(Executor, "execute_field", execute_field)  # noqa: B010  # mypy refuses the assignment of a method


def count_planned_fields() -> None:
    """Count what is begun level by level, for each of its objects."""
    from graph.execute import level, scheduler  # after graphql-core's classes were replaced

    begin = level.begin

    def counting(work: Any, objects: Any, field: Any) -> None:
        fields["planned"] += len(objects.made)
        begin(work, objects, field)

    for module in (level, scheduler):
        setattr(module, "begin", counting)  # noqa: B010  # mypy refuses the assignment of a function


def ours(mixin: type) -> dict[type, type]:
    """A class of ours for each executor, with the mixin in front.

    Each derives from the one for `Executor`, so that each is an instance of it, as it is in graphql-core.
    """
    root = type("LevelExecutor", (mixin, Executor), {})
    return {base: root if base is Executor else type(f"Level{base.__name__}", (root, base), {}) for base in REPLACED}


def replace(classes: dict[type, type]) -> None:
    """Give every module of graphql-core our classes under the names of its own."""
    inner = [importlib.import_module(found.name) for found in pkgutil.walk_packages(graphql.__path__, "graphql.")]
    for module in (graphql, *inner):
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and value in classes:
                setattr(module, name, classes[value])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep which tests there are."""
    collected.extend(item.nodeid for item in session.items)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep how a test ended: what its call says, unless its set-up or its end failed."""
    if report.when == "call" or not report.passed:
        outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report."""
    if (report := session.config.getoption("report")) is not None:
        counts = {"planned_fields": fields["planned"], "walked_fields": fields["walked"]}
        report.write_text(json.dumps({"collected": collected, "outcomes": outcomes, **counts}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say who resolved the fields."""
    terminalreporter.write_line(f"fields: {fields['planned']:,} through plans, {fields['walked']:,} by the walk")
