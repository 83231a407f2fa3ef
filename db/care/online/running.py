"""What the release that runs reads: a commit enters, the tables and columns of its models leave.

Its code is taken from Git into a folder of its own and imported by a process of its own; no database is asked.
"""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from db.care.online.finding import CannotCheck
from db.settings import HOUSE

PATIENCE_S = 120

Reads: TypeAlias = Mapping[str, frozenset[str]]
"""From a table to its columns, as models have them."""

_PROGRAM = """
import json
import db.models
from db.base import Base
tables = Base.metadata.tables.values()
print(json.dumps({table.key: [column.name for column in table.columns] for table in tables}))
"""


def what_is_read(ref: str) -> Reads:
    """The tables and columns that the models of a commit read. Raises `CannotCheck`."""
    archive = _run(["git", "-C", str(HOUSE), "archive", "--format=tar", f"{ref}^{{commit}}"], HOUSE)
    if archive.returncode:
        raise CannotCheck(
            f"There is no commit `{ref}` here. Fetch it with `git fetch origin`, or name one of `git log --all`."
        )
    with TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        told = _run([sys.executable, "-c", _PROGRAM], Path(folder))
    if told.returncode:
        reason = told.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise CannotCheck(f"The models at `{ref}` cannot be read: {reason}. Leave out --running.")
    return {table: frozenset(columns) for table, columns in json.loads(told.stdout).items()}


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, timeout=PATIENCE_S, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise CannotCheck(f"Git could not be asked ({type(error).__name__}). Leave out --running.") from None
