"""What is wrong with a file: where, why, and what to do about it."""

from pathlib import Path
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing wrong in one file. Lines count from 1."""

    reason: str
    cure: str
    line: int = 1


class Problem(NamedTuple):
    """A fault, and the file that has it."""

    file: Path
    fault: Fault

    def __str__(self) -> str:
        return f"{self.file}:{self.fault.line}: {self.fault.reason}; {self.fault.cure}"


class Refused(Exception):
    """A file cannot become a post."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__(" ".join(f"Line {fault.line}: {fault.reason}; {fault.cure}." for fault in faults))
