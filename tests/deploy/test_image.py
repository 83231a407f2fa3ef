"""The image, made by plain processes: its context, both stages and its command, below a folder instead of `/`.

The base image and users of the container are not tried; the rest is what deploy/Containerfile says.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.settings import HOUSE
from graph.cli.errors import Exit
from graph.projects.checkout import Checkout
from tests.deploy.containerfile import Instruction, image_of, instructions

pytestmark = pytest.mark.process

FILE = HOUSE / "deploy" / "Containerfile"
PATIENCE_S = 280
OF_THE_BASE = ("python -m pip install", "groupadd")
"""What is tried of no RUN: it changes the base image."""


def context() -> Iterator[Path]:
    """The files of the checkout that the image's context has."""
    left_out = [
        re.compile(re.escape(line.strip("/")).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*") + "(?:/.*)?")
        for line in (HOUSE / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    for name in Checkout(HOUSE).files:
        if not any(pattern.fullmatch(str(name)) for pattern in left_out):
            yield name


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The folder that would be `/app`."""
    app, built = tmp_path / "app", tmp_path / "built"
    app.mkdir()
    stages: list[list[Instruction]] = []
    for one in instructions(FILE):
        if one.name == "FROM":
            stages.append([])
        elif stages:
            stages[-1].append(one)
    build, last = stages
    variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for name, text in build:
        if name == "ENV":
            variables |= dict(pair.split("=", 1) for pair in text.split())
        elif name == "COPY":
            *sources, _ = text.split()
            for file in context() if sources == ["."] else map(Path, sources):
                (app / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(HOUSE / file, app / file)
        elif name == "RUN" and not text.startswith(OF_THE_BASE):
            run = {
                name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "UV_PROJECT"))
            } | variables
            done = subprocess.run(
                ["sh", "-c", text], cwd=app, env=run, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
            assert done.returncode == 0, done.stderr
    app.rename(built)
    app.mkdir()
    for name, text in last:
        if name == "COPY":
            _, *sources, target = text.split()
            for source in (built / source.removeprefix("/app/") for source in sources):
                place = app / source.name if target.endswith("/") else app / target
                if source.is_dir():
                    shutil.copytree(source, place, symlinks=True)
                else:
                    shutil.copy2(source, place)
    return app


def test_the_image_has_what_the_command_needs_and_nothing_else(image: Path) -> None:
    assert {it.name for it in image.iterdir()} == {
        ".venv",
        "alembic.ini",
        "pyproject.toml",
        "db",
        "graph",
        "migrations",
    }
    said = image_of(FILE, HOUSE)
    run = {
        "PATH": f"{image / '.venv' / 'bin'}:/usr/bin:/bin",
        "TRELLIS_DATABASE_URL": f"sqlite:///{image.parent / 'trellis.db'}",
        **{name: value for name, value in said.variables.items() if name.startswith("PYTHON")},
    }

    def trellis(*arguments: str) -> str:
        done = subprocess.run(
            [*said.command, *arguments],
            cwd="/",
            env=run,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == Exit.OK, done.stderr
        return done.stdout

    where = "import graph, alembic; print(graph.__file__, alembic.__file__)"
    found = subprocess.run(
        [str(image / ".venv" / "bin" / "python"), "-c", where],
        cwd="/",
        env=run,
        capture_output=True,
        text=True,
        check=True,
    )
    assert all(Path(path).is_relative_to(image) for path in found.stdout.split())
    before = set(image.rglob("*"))
    trellis("db", "upgrade")
    assert '"revision"' in trellis("status", "--json")
    assert "type Query" in trellis("schema", "export")
    assert set(image.rglob("*")) == before, "nothing is written beside the code"
    assert not list(image.rglob("site-packages/pytest"))
