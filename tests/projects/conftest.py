"""Projects for tests: one without nouns, made once for each worker."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from db.settings import HOUSE
from graph.projects.checkout import Checkout
from graph.projects.empty import export_schema, make_empty

BIN = Path(sys.executable).parent
PATIENCE_S = 240
TYPES = HOUSE / ".mypy_cache" / "projects" / os.environ.get("PYTEST_XDIST_WORKER", "alone")
"""What mypy knows of the machinery, which is the same in each project: to find it anew takes half a minute."""

Run: TypeAlias = Callable[..., str]
"""`run("trellis", "noun", "add", "book")`: what a command of the project prints."""


def run_in(folder: Path, *command: str, status: int = 0, **variables: str) -> str:
    """Run a tool in a project, by this environment's tools; what it prints, to both streams.

    Compiled files are kept whatever the shell says: each process would compile hundreds of them otherwise.
    """
    done = subprocess.run(
        [str(BIN / command[0]) if (BIN / command[0]).exists() else command[0], *command[1:]],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith(("TRELLIS_", "PYTHONDONT"))}
        | {"PYTHONPATH": str(folder), "PYTEST_ADDOPTS": "-p no:cacheprovider", "MYPY_CACHE_DIR": str(TYPES)}
        | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="session")
def _empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("projects") / "shop"
    tree = make_empty(Checkout(HOUSE), folder, "shop")
    tree.tidy()
    export_schema(tree)
    return folder


@pytest.fixture
def project(_empty: Path, tmp_path: Path) -> Path:
    """A project without nouns, with the tools of this environment."""
    folder = tmp_path / "shop"
    shutil.copytree(_empty, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").symlink_to(BIN.parent)
    return folder
