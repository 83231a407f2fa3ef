"""The ledgers that are told together: that of this process, and those of others where there are any."""

from collections.abc import Iterator
from typing import NamedTuple

from graph.telemetry.ledger import Ledger


class Told(NamedTuple):
    """A ledger as it is told."""

    ledger: Ledger
    is_alive: bool
    """Whether its process lives: what that has measured holds, too."""


class Ledgers:
    """Those of a process that is alone."""

    are_shared = False
    """Whether other processes read that of this one."""
    workers = 1
    """How many processes serve together."""

    def __init__(self) -> None:
        self.own = Ledger()
        """That of this process."""
        self.own.begin()

    def all(self) -> Iterator[Told]:
        """Every ledger: that of this process first."""
        yield Told(self.own, is_alive=True)
