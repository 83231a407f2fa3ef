"""squawk, the linter: SQL enters, what its rules find leaves. It is a program, and asks no database.

Source: https://squawkhq.com/docs/cli
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from db.care.online.finding import CannotCheck
from db.care.online.rules import RULES

PATIENCE_S = 120


class Violation(NamedTuple):
    """What one rule says of a part of a statement."""

    rule: str
    line: int
    """Counted from 0, as `column` is."""
    column: int
    last_line: int


def violations(sql: str) -> Sequence[Violation]:
    """What squawk finds by our rules. Raises `CannotCheck` where there is no squawk, or none that answers."""
    command = [_program(), "--reporter", "json", "--stdin-filepath", "revisions.sql"]
    try:
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return [_violation(found) for found in json.loads(done.stdout) if found["rule_name"] in RULES]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        raise CannotCheck(
            f"squawk does not answer ({type(error).__name__}). Install the version that belongs to Trellis:"
            " pip install 'trellis[online]'."
        ) from None


def _program() -> str:
    """The linter of this environment, else the system's."""
    beside = Path(sys.executable).with_name("squawk")
    found = str(beside) if beside.exists() else shutil.which("squawk")
    if found is None:
        raise CannotCheck("The linter squawk is not installed. Install it with pip install 'trellis[online]'.")
    return found


def _violation(found: dict[str, object]) -> Violation:
    line, column, last_line = (int(str(found[name])) for name in ("line", "column", "line_end"))
    return Violation(str(found["rule_name"]), line, column, last_line)
