"""The ledgers of one server: that of this process, and those of the other workers, which count beside it.

Files that a parent has made enter, one ledger in each; the ledger of this process and all that there are leave. A
process holds a lock on the file of its ledger, which the kernel takes back from whoever ends, however that comes: so it
is seen who lives, and a newcomer goes on with the ledger of one that has ended. The files have no names: when the last
process has ended, they are gone.
"""

import fcntl
import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from mmap import mmap
from multiprocessing.reduction import DupFd
from typing import Any, NamedTuple

from graph.telemetry.ledger import SIZE, Ledger

logger = logging.getLogger("trellis")

FILES_OF_A_WORKER = 2
"""A worker may be replaced before it has ended."""


class LedgerFiles:
    """Files for the ledgers of some workers. They go to each worker that is started, whatever has become of others."""

    def __init__(self, workers: int) -> None:
        self.numbers: Sequence[int] = [_file() for _ in range(workers * FILES_OF_A_WORKER)]
        """Their descriptors."""

    def __getstate__(self) -> Sequence[Any]:
        return [DupFd(number) for number in self.numbers]

    def __setstate__(self, state: Sequence[Any]) -> None:
        self.numbers = [duplicate.detach() for duplicate in state]


class Told(NamedTuple):
    """A ledger as it is told."""

    ledger: Ledger
    is_alive: bool
    """Whether its process lives: what that has measured holds, too."""


class Ledgers:
    """The ledger of this process, and all that there are."""

    def __init__(self, files: LedgerFiles | None = None) -> None:
        """`files`: where others count, too. Without any, the process is alone."""
        self._others: dict[int, Ledger] = {}
        """Those of other processes, by the files' descriptors. They stay open: see `_taken`."""
        self.are_shared = files is not None
        self.own = Ledger() if files is None else self._taken(files)
        self.own.begin()

    def all(self) -> Iterator[Told]:
        """Every ledger: that of this process first."""
        yield Told(self.own, is_alive=True)
        for file, ledger in self._others.items():
            yield Told(ledger, is_alive=_is_held(file))

    def _taken(self, files: LedgerFiles) -> Ledger:
        """A ledger that nobody has, or has any more.

        POSIX takes back all locks that a process has on a file when that closes any of its descriptors, as `mmap` does
        with its own at its end. So all files stay mapped for as long as the process lives.
        """
        ledgers = {file: Ledger(mmap(file, SIZE)) for file in files.numbers}
        own = next(filter(_took, ledgers), None)
        self._others = {file: ledger for file, ledger in ledgers.items() if file != own}
        if own is None:
            logger.warning("No ledger is free: `/metrics` leaves out what this process counts")
            return Ledger()
        return ledgers[own]


def _file() -> int:
    """A descriptor of a file of zeros without a name; in memory where the system has such files."""
    number = None
    if sys.platform == "linux":
        with suppress(OSError):  # some sandboxes have none
            number = os.memfd_create("trellis-metrics")
    if number is None:
        with tempfile.TemporaryFile() as file:
            number = os.dup(file.fileno())
    os.truncate(number, SIZE)
    return number


def _took(file: int, how: int = fcntl.LOCK_EX) -> bool:
    """Lock a file, if nobody has it. Whether that was so."""
    try:
        fcntl.lockf(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_held(file: int) -> bool:
    """Whether a process that lives has a file. A newcomer that looks at this very moment takes another one."""
    if not _took(file, fcntl.LOCK_SH):  # several may look at once
        return True
    fcntl.lockf(file, fcntl.LOCK_UN)
    return False
