"""`make check-empty`: a project without nouns is made in a temporary folder, and nouns are added and checked there.

The tree enters; the project is made as `trellis init --empty` and `trellis noun add` make it. What is left without our
nouns, and what is written in their place, is formatted, linted, type-checked, migrated, exported and tested there.
Nothing of the tree itself is changed. The exit status is that of the first step that fails.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from graph.projects.checkout import Checkout
from graph.projects.empty import export_schema, make_empty

ROOT = Path(__file__).resolve().parents[2]
SMALLEST = Path(__file__).with_name("tree")
"""A test of the one noun."""
BIN = Path(sys.executable).parent
TYPES = ".mypy_cache"
STEP_S = 600

WHAT_STANDS = "not nouns and not slow and not process"

STEPS: Sequence[tuple[str, ...]] = (
    ("trellis", "noun", "add", "note", "text:str:unique", "pages:int:optional"),
    ("trellis", "noun", "add", "remark", "text:text", "note:Note", "written_at:datetime:optional"),
    ("ruff", "format", "--check", "--quiet"),
    ("ruff", "check", "--quiet"),
    ("mypy", "--package", "graph", "--package", "db", "--package", "migrations", "--package", "tests"),
    ("lint-imports", "--no-logo"),
    ("trellis", "db", "upgrade"),
    ("trellis", "db", "check"),
    ("trellis", "schema", "export", "--check"),
    ("trellis", "--help"),
    # On both databases, with what is slow, the same tests run in the tree itself.
    ("pytest", "--quiet", "-n", "auto", "--dist", "worksteal", "-m", WHAT_STANDS, "-k", "not postgresql"),
)


def main() -> int:
    """Make the project and check it; the exit status."""
    with tempfile.TemporaryDirectory(prefix="trellis-empty-") as folder:
        checkout = Checkout(ROOT)
        tree = Path(folder).resolve() / "notes"
        make(checkout, tree)
        numbers = checkout.numbers()
        print(f"files of tests: {numbers['run']} run, {numbers['left out']} left out", flush=True)  # noqa: T201 - a command
        return next((status for step in STEPS if (status := _run(step, tree))), 0)


def make(checkout: Checkout, folder: Path) -> None:
    """Make the project, with a test of its one noun."""
    tree = make_empty(checkout, folder, "notes")
    tree.tidy()
    export_schema(tree)
    shutil.copytree(SMALLEST, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    if (ROOT / TYPES).is_dir():  # mypy checks anew what has changed: 1 s of CPU instead of 11
        shutil.copytree(ROOT / TYPES, folder / TYPES)


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
