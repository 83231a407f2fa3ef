"""A clone of the project, for tests that do in it what a page says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from db.settings import HOUSE
from tests.docs.following import BIN


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The files of the project in a folder of their own, with the environment that `make setup` makes."""
    folder = tmp_path / "trellis"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=HOUSE, capture_output=True, check=True
    )
    for name in filter(lambda name: (HOUSE / name).is_file(), listed.stdout.decode().splitlines()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(HOUSE / name, folder / name)
    (folder / ".venv").symlink_to(BIN.parent)
    (folder / "var").mkdir()
    return folder
