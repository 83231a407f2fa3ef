"""What `pip install` brings makes the same projects as a checkout."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from zipfile import ZipFile

from db.settings import HOUSE
from graph.projects.checkout import PACKAGES
from tests.projects.conftest import run_in

MAIN = "from graph.cli import main; main()"
TEST = """
import graph.testing

async def test_it(client, request):
    assert graph.testing.__file__.startswith(str(request.config.invocation_params.dir.parent / "site"))
    assert await client.query("{ __typename }") == {"__typename": "Query"}
"""
"""A test of somebody who has installed the package, and has no checkout."""
OPTIONS = ("-p", "no:schemathesis", "-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function")
OF_TOOLS = (".ruff_cache", ".venv", "__pycache__")


def held(folder: Path) -> Mapping[str, bytes]:
    """The files of a folder, without what tools keep."""
    files = (it for it in folder.rglob("*") if it.is_file() and not any(part in OF_TOOLS for part in it.parts))
    return {str(it.relative_to(folder)): it.read_bytes() for it in files}


def test_a_wheel_makes_the_project_that_a_checkout_makes(project: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=HOUSE, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with ZipFile(wheel) as packed:
        packed.extractall(site)
    assert all((site / package / "py.typed").is_file() for package in PACKAGES)
    about = next(site.glob("trellis-*.dist-info/METADATA")).read_text(encoding="utf-8").partition("\n\n")[0]
    for line in (
        "License-Expression: MIT",
        "License-File: LICENSE",
        "Author: The Trellis authors",
        "Project-URL: Source,",
        "Provides-Extra: testing",
    ):
        assert f"\n{line}" in about
    made = tmp_path / "made"
    made.mkdir()
    said = run_in(made, "python", "-c", MAIN, "init", "--empty", "shop", PYTHONPATH=str(site))
    assert "shop is a project of its own" in said
    assert held(made / "shop") == held(project)

    (made / "test_it.py").write_text(TEST, encoding="utf-8")
    said = run_in(made, "python", "-m", "pytest", "-q", *OPTIONS, "test_it.py", PYTHONPATH=str(site))
    assert "1 passed" in said
