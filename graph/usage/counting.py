"""Counting: runs enter, a batch of sums leaves when somebody takes it.

A run costs one place in a list. A few hundred are counted at once, and what their documents use is multiplied out when
the batch is taken.
Whatever clients call themselves and whatever they ask, only so much is kept.
"""

from collections import Counter
from datetime import UTC, date, datetime
from weakref import WeakKeyDictionary

from graph.client import OTHER, UNKNOWN, Client
from graph.execute.usage import Ran
from graph.prepare.coordinates import OperationCoordinates
from graph.prepare.operation import PreparedOperation
from graph.usage.batch import NOT_KEPT, Batch, OperationText, Overflow, Run, Runs, Use
from graph.usage.documents import text_of

MAX_CLIENTS = 100
"""How many clients (names with their versions) are told apart on one day; later ones are `other`."""
MAX_RAN = 256
"""How many runs are held before they are counted, which takes 0.2 ms."""
MAX_TALLIES = 500
"""How many pairs of a client and an operation are counted before their uses are added up, which takes 10 ms."""


def today() -> date:
    """The day of the counts: UTC's."""
    return datetime.now(UTC).date()


class _Tally:
    """Runs of one operation by one client, and what their variables used."""

    __slots__ = ("duration_s", "failed", "in_variables", "runs")

    def __init__(self) -> None:
        self.runs = self.failed = 0
        self.duration_s = 0.0
        self.in_variables: Counter[str] = Counter()


class UsageCounter:
    """Counts runs in memory: a `UsageRecorder`."""

    def __init__(self) -> None:
        self.overflow: Counter[Overflow] = Counter()
        """What there was too much of, since the server started."""
        self._tallies: dict[tuple[Client, OperationCoordinates], _Tally] = {}
        self._ran: list[Ran] = []
        self._batch = Batch()
        self._begin_day(today())
        self._texts: WeakKeyDictionary[PreparedOperation, OperationText | None] = WeakKeyDictionary()

    def record(self, ran: Ran) -> None:
        """Count one run."""
        self._ran.append(ran)
        if len(self._ran) >= MAX_RAN:
            self._count()

    @property
    def unwritten(self) -> int:
        """Runs that nobody has taken yet."""
        self._count()
        tallied = sum(tally.runs for tally in self._tallies.values())
        return tallied + sum(runs.runs for runs in self._batch.runs.values())

    def take(self) -> Batch:
        """Everything that was counted since the last time, which was on the day of that time.

        To ask the clock at each run would take as long as the rest of it; whoever takes at midnight keeps days apart.
        """
        self._count()
        self._add_up()
        day = today()
        if day != self._day:
            self._begin_day(day)
        taken, self._batch = self._batch, Batch()
        self.overflow += taken.overflow
        taken.overflow.clear()
        return taken

    def give_back(self, batch: Batch) -> None:
        """Keep what could not be written for the next time."""
        self._batch.add(batch)

    def _begin_day(self, day: date) -> None:
        self._day = day
        self._clients = {UNKNOWN, OTHER}

    def _count(self) -> None:
        """Add runs to their tallies, many at once: one by one, between requests, each would take ten times as long."""
        ran, self._ran = self._ran, []
        for client, used, in_variables, duration_s, failed in ran:
            tally = self._tallies.get((client, used)) or self._begin(client, used)
            tally.runs += 1
            tally.duration_s += duration_s
            tally.failed += failed
            for coordinate in in_variables:
                tally.in_variables[coordinate] += 1

    def _begin(self, client: Client, used: OperationCoordinates) -> _Tally:
        key = self._admitted(client), used
        tally = self._tallies.get(key)
        if tally is None:
            if len(self._tallies) >= MAX_TALLIES:
                self._add_up()
            tally = self._tallies[key] = _Tally()
        return tally

    def _admitted(self, client: Client) -> Client:
        """The client, or `other` when there are too many on this day."""
        if client not in self._clients:
            if len(self._clients) >= MAX_CLIENTS:
                self.overflow[Overflow.CLIENTS] += 1
                return OTHER
            self._clients.add(client)
        return client

    def _add_up(self) -> None:
        day, tallies = self._day, self._tallies
        self._tallies = {}
        for (client, used), tally in tallies.items():
            for coordinate in used.fixed:
                self._batch.use(Use(day, client, coordinate), tally.runs)
            for coordinate, times in tally.in_variables.items():
                if coordinate not in used.fixed:
                    self._batch.use(Use(day, client, coordinate), times)
            # A document that the server has forgotten may be large; it is not held, and counted without its text.
            text = self._text(used.operation(), used)
            if text is None:
                self.overflow[Overflow.OPERATIONS] += tally.runs
            runs = Runs(tally.runs, tally.failed, tally.duration_s)
            self._batch.run(Run(day, client, text.hash if text else NOT_KEPT), runs, text)

    def _text(self, operation: PreparedOperation | None, used: OperationCoordinates) -> OperationText | None:
        if operation is None:
            return None
        if operation not in self._texts:
            self._texts[operation] = text_of(operation, used)
        return self._texts[operation]
