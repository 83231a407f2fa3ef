"""A batch: counts on their way from memory into the database, never more than fit.

Counts enter, each for a day, a client and a coordinate or an operation. What there are too many of is counted for the
client `other`; only when there are too many coordinates of that, too, is a coordinate lost, and the loss is counted.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from graph.client import OTHER, Client

MAX_USES = 50_000
"""How many counts of coordinates are kept until they are written; each takes about 200 bytes."""
MAX_USES_OF_OTHER = 50_000
"""How many more are kept for the client `other`."""
MAX_RUNS = 20_000
"""How many counts of operations are kept."""

LOST = ""
"""The coordinate of uses whose coordinate was lost."""
NOT_KEPT = ""
"""The operation of runs whose operation was not kept."""


class Overflow(StrEnum):
    """What there was too much of."""

    CLIENTS = "clients"
    """Runs of clients that were counted as `other`."""
    COORDINATES = "coordinates"
    """Uses that were counted as those of `other`."""
    LOST = "lost"
    """Uses whose coordinate was lost."""
    OPERATIONS = "operations"
    """Runs of operations whose document was not kept."""


class Use(NamedTuple):
    """A client used a coordinate on a day."""

    day: date
    client: Client
    coordinate: str


class Run(NamedTuple):
    """A client ran an operation on a day; the operation is the hash of its document."""

    day: date
    client: Client
    operation: str


class OperationText(NamedTuple):
    """An operation without the values that clients wrote into it."""

    hash: str
    name: str
    document: str
    coordinates: str
    """One in a line."""


@dataclass(slots=True)
class Runs:
    """Runs, added up."""

    runs: int = 0
    failed: int = 0
    duration_s: float = 0

    def add(self, other: "Runs") -> None:
        """Add runs of the same operation."""
        self.runs += other.runs
        self.failed += other.failed
        self.duration_s += other.duration_s


@dataclass
class Batch:
    """Counts that were not written yet."""

    uses: dict[Use, int] = field(default_factory=dict)
    runs: dict[Run, Runs] = field(default_factory=dict)
    operations: dict[str, OperationText] = field(default_factory=dict)
    overflow: Counter[Overflow] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.runs)

    def use(self, use: Use, times: int) -> None:
        """Count uses of a coordinate."""
        if use not in self.uses and len(self.uses) >= MAX_USES:
            self.overflow[Overflow.COORDINATES] += times
            use = use._replace(client=OTHER)
            if use not in self.uses and len(self.uses) >= MAX_USES + MAX_USES_OF_OTHER:
                self.overflow[Overflow.LOST] += times
                use = use._replace(coordinate=LOST)
        self.uses[use] = self.uses.get(use, 0) + times

    def run(self, run: Run, runs: Runs, operation: OperationText | None) -> None:
        """Count runs of an operation. Without its text, only the client is known."""
        if operation is not None and run not in self.runs and len(self.runs) >= MAX_RUNS:
            self.overflow[Overflow.OPERATIONS] += runs.runs
            operation = None
        if operation is None:
            run = run._replace(operation=NOT_KEPT)
        else:
            self.operations[operation.hash] = operation
        self.runs.setdefault(run, Runs()).add(runs)

    def add(self, other: "Batch") -> None:
        """Take over what could not be written."""
        for use, times in other.uses.items():
            self.use(use, times)
        for run, runs in other.runs.items():
            self.run(run, runs, other.operations.get(run.operation))

    def with_changes(self, clients: Mapping[tuple[date, Client], Client], dropped: Collection[str]) -> "Batch":
        """The same counts, with other clients in the place of some, and without the texts of some operations."""
        if not clients and not dropped:
            return self
        changed = Batch(overflow=self.overflow)
        for use, times in self.uses.items():
            changed.use(use._replace(client=clients.get((use.day, use.client), use.client)), times)
        for run, runs in self.runs.items():
            client = clients.get((run.day, run.client), run.client)
            text = None if run.operation in dropped else self.operations.get(run.operation)
            changed.run(run._replace(client=client), runs, text)
        return changed
