"""`make check-empty`: the tree without our nouns is made in a temporary folder, and checked there.

The tree enters. Rooms that the contract "The machinery knows no noun" forbids are taken away, with the revisions, the
bench, and each file of tests that imports one of them; the smallest application, in `tests/empty/tree`, takes their
place. What is left is formatted, linted, type-checked, migrated, exported and tested there. Nothing of the tree itself
is changed. The exit status is that of the first step that fails.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.empty.imports import Tests, counted, is_in, module_of

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = Path(__file__).with_name("tree")
BIN = Path(sys.executable).parent
CONTRACT = "The machinery knows no noun"
OURS = (
    *("bench", "examples", "migrations.versions", "tests.bench", "tests.empty", "tests.examples", "tests.rooms"),
    "tests.execute.core.test_graphql_core",
)
"""Rooms about our nouns besides those of the contract: revisions, measurements, example apps, tests of both trees.

graphql-core's own tests are downloaded, and know neither our nouns nor those of the smallest application.
"""
TYPES = ".mypy_cache"
STEP_S = 600

WHAT_STANDS = "not nouns and not slow and not process"

STEPS: Sequence[tuple[str, ...]] = (
    ("ruff", "format", "--check", "--quiet"),
    ("ruff", "check", "--quiet"),
    ("mypy", "--package", "graph", "--package", "db", "--package", "migrations", "--package", "tests"),
    ("lint-imports", "--no-logo"),
    ("trellis", "db", "upgrade"),
    ("trellis", "db", "check"),
    ("trellis", "schema", "export", "--output", "schema.graphql"),
    ("trellis", "--help"),
    # On both databases, with what is slow, the same tests run in the tree itself.
    ("pytest", "--quiet", "-n", "auto", "--dist", "worksteal", "-m", WHAT_STANDS, "-k", "not postgresql"),
)


def main() -> int:
    """Make the tree without nouns and check it; the exit status."""
    with tempfile.TemporaryDirectory(prefix="trellis-empty-") as folder:
        tree = Path(folder).resolve()
        numbers = make(tree)
        print(f"files of tests: {numbers['run']} run, {numbers['left out']} left out", flush=True)  # noqa: T201 - a command
        return next((status for step in STEPS if (status := _run(step, tree))), 0)


def make(tree: Path) -> Mapping[str, int]:
    """Copy what knows no noun, and the smallest application; how many files of tests that are, and how many are not."""
    files = _tracked()
    rooms = nouns()
    on_nouns = Tests(ROOT, files, rooms).on_nouns
    for file in files:
        if file not in on_nouns and not is_in(module_of(file), (*rooms, *OURS)):
            _copy(ROOT / file, tree / file)
    for file in SMALLEST.rglob("*.py"):
        _copy(file, tree / file.relative_to(SMALLEST))
    _forbid_only_rooms_that_exist(tree)
    if (ROOT / TYPES).is_dir():  # mypy checks anew what has changed: 1 s of CPU instead of 11
        shutil.copytree(ROOT / TYPES, tree / TYPES)
    return counted((file for file in files if not is_in(module_of(file), OURS)), on_nouns)


def nouns() -> tuple[str, ...]:
    """The rooms of nouns, as the contract lists them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (forbidden,) = (contract["forbidden_modules"] for contract in contracts if contract["name"] == CONTRACT)
    return tuple(forbidden)


def _tracked() -> list[Path]:
    """The files of the tree, new ones too, without those that Git ignores."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _forbid_only_rooms_that_exist(tree: Path) -> None:
    """import-linter takes no contract about a module that is not there."""
    project = tree / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    for room in nouns():
        path = tree.joinpath(*room.split("."))
        if not (path.is_dir() or path.with_suffix(".py").is_file()):
            text = text.replace(f'"{room}",', "")
    project.write_text(text, encoding="utf-8")


def _run(step: Sequence[str], tree: Path) -> int:
    """Run one step; its whole output is shown when it fails, and its last line in any case."""
    started = time.perf_counter()
    process = subprocess.Popen(
        (BIN / step[0], *step[1:]),
        cwd=tree,
        env=_environment(tree),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=STEP_S)
    except BaseException:  # a step that takes too long, or Ctrl-C: its own processes must not outlive the folder
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    shown = f"\n{output}" if process.returncode else output.rstrip().rpartition("\n")[2]
    print(f"{time.perf_counter() - started:5.1f} s  {' '.join(step[:3])}  {shown}", flush=True)  # noqa: T201 - a command
    return process.returncode


def _environment(tree: Path) -> Mapping[str, str]:
    """The editable install leads to the tree with our nouns: the other one comes before it on the path."""
    ours = ("TRELLIS_", "PYTEST_", "PYTHONDONTWRITEBYTECODE")  # each process would compile hundreds of files otherwise
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONPATH": str(tree)}


if __name__ == "__main__":
    sys.exit(main())
