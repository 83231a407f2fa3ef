"""The ledgers of several workers: files that their parent has made enter, with one ledger in each.

A process holds a lock on the file of its ledger, which the kernel takes back from whoever ends, however that comes: so
others see who lives, and a newcomer goes on with the ledger of one that has ended. The files have no names: when the
last process has ended, they are gone. Why: docs/decisions/0061-metrics-of-workers.md.
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
from typing import Any

from graph.telemetry.ledger import SIZE, Ledger
from graph.telemetry.ledgers import Ledgers, Told

logger = logging.getLogger("trellis")

FILES_OF_A_WORKER = 2
"""A worker may be replaced before it has ended."""


class LedgerFiles:
    """Files for the ledgers of some workers. They go to each worker that is started, whatever has become of others."""

    def __init__(self, workers: int) -> None:
        self.numbers: Sequence[int] = [_file() for _ in range(workers * FILES_OF_A_WORKER)]
        """Their descriptors."""

    @property
    def workers(self) -> int:
        """For how many workers they are."""
        return len(self.numbers) // FILES_OF_A_WORKER

    def __getstate__(self) -> Sequence[Any]:
        return [DupFd(number) for number in self.numbers]

    def __setstate__(self, state: Sequence[Any]) -> None:
        self.numbers = [duplicate.detach() for duplicate in state]


class SharedLedgers(Ledgers):
    """Those of all workers, as one of them has them."""

    are_shared = True

    def __init__(self, files: LedgerFiles) -> None:
        """Take a ledger that nobody has, or has any more.

        POSIX takes back all locks that a process has on a file when that closes any of its descriptors, as `mmap` does
        with its own at its end. So all files stay mapped for as long as the process lives.
        """
        self.workers = files.workers
        ledgers = {file: Ledger(mmap(file, SIZE)) for file in files.numbers}
        own = next(filter(_took, ledgers), None)
        self._others = {file: ledger for file, ledger in ledgers.items() if file != own}
        if own is None:
            logger.warning("No ledger is free: other workers do not tell what this one counts")
        self.own = Ledger() if own is None else ledgers[own]
        self.own.begin()

    def all(self) -> Iterator[Told]:
        """Every ledger: that of this process first."""
        yield from super().all()
        for file, ledger in self._others.items():
            yield Told(ledger, is_alive=_is_held(file))


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
