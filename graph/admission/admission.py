"""The gates of one server: which of them a request passes, and when.

A request that was read enters with its claim; whoever answers it takes a place at its gate before it is identified, and
leaves the place when the answer is made. Nobody has a second one: so there is a connection for whoever is inside, and
nobody inside waits for somebody outside. Nothing here asks a database.
"""

import asyncio
import sys
from collections.abc import Callable, Mapping
from typing import overload

from prometheus_client import Histogram
from starlette.requests import HTTPConnection

from db.session.engines import Engines
from graph.admission.claims import claim_of_batch, claimed
from graph.admission.gate import Gate, Rank
from graph.documents import Documents
from graph.http.requests import Batch
from graph.prepare.documents import OperationRequest, Preparer
from graph.prepare.fields import Weight
from graph.prepare.weight import Bulk, Claim
from graph.settings import Settings

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

PRIMARY = "primary"
REPLICAS = "replicas"
MEDIUM, LARGE = "medium", "large"
"""The gates of what keeps the server itself busy, for milliseconds and for longer."""

REST_S = 0.05
"""Seconds between two large operations while others wait: enough for a hundred look-ups."""


class Admission:
    """Says which requests may use the databases, and when."""

    def __init__(
        self,
        engines: Engines,
        settings: Settings,
        documents: Documents,
        preparer: Preparer,
        has_credentials: Callable[[HTTPConnection], bool],
    ) -> None:
        self._engines = engines
        self._documents = documents
        self._preparer = preparer
        self._has_credentials = has_credentials
        self._places = settings.max_in_flight or settings.pool_size + settings.pool_max_overflow
        self.waited = Histogram(
            "trellis_admission_wait_seconds",
            "Seconds for which those waited who found no place at once, whatever became of them.",
            ("gate",),
            buckets=BUCKETS_S,
            registry=None,
        )
        max_queued = None if settings.max_queued < 0 else settings.max_queued

        def make(name: str, databases: int) -> Gate:
            note_wait_s = self.waited.labels(name).observe
            max_dear = engines.connections.max_dear
            return Gate(databases * self._places, max_queued, settings.queue_timeout_s, note_wait_s, max_dear)

        self._primary = make(PRIMARY, 1)
        self._replicas = make(REPLICAS, len(engines.replicas)) if engines.replicas else self._primary
        self._turns = {
            bulk: Gate(1, max_queued, settings.queue_timeout_s, self.waited.labels(name).observe)
            for bulk, name in ((Bulk.MEDIUM, MEDIUM), (Bulk.LARGE, LARGE))
        }
        self._open = Gate(sys.maxsize)
        """For those who need no database."""

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The gates before databases, and before the server's own work, by name."""
        databases = {PRIMARY: self._primary} | ({REPLICAS: self._replicas} if self._engines.replicas else {})
        return databases | {MEDIUM: self._turns[Bulk.MEDIUM], LARGE: self._turns[Bulk.LARGE]}

    @overload
    def claimed(self, asked: OperationRequest, *, has_turn: bool = False) -> tuple[OperationRequest, Claim]: ...

    @overload
    def claimed(
        self, asked: OperationRequest | Batch, *, has_turn: bool = False
    ) -> tuple[OperationRequest | Batch, Claim]: ...

    def claimed(
        self, asked: OperationRequest | Batch, *, has_turn: bool = False
    ) -> tuple[OperationRequest | Batch, Claim]:
        """The request with its operation, where that is known already, and its claim. A batch is one request.

        Whose claim has bulk asks for a `turn`, and claims again then.
        """
        if isinstance(asked, OperationRequest):
            return claimed(asked, self._documents, self._preparer, has_turn=has_turn)
        return asked, claim_of_batch(asked)

    async def turn(self, request: HTTPConnection, bulk: Bulk) -> "Turn":
        """The turn of an operation that keeps the server busy, when it has come. Raises `Overloaded`."""
        gate = self._turns[bulk]
        if not gate.enter_at_once(Weight.LOOK_UP):
            await gate.wait(Rank(not self._has_credentials(request), Weight.LOOK_UP, 0))
        return Turn(gate, rests=bulk is Bulk.LARGE)

    def place(self, request: HTTPConnection, claim: Claim) -> "Place":
        """The place that a request needs, taken if there is one at once."""
        return Place(request, claim, self._gate(request, claim), self._has_credentials)

    async def move_to_primary(self, place: "Place") -> None:
        """Let a request ask the primary that was to ask a replica. Raises `Overloaded`."""
        if self._engines.replicas and place.gate is self._replicas:
            await place.move(self._primary)

    def _gate(self, request: HTTPConnection, claim: Claim) -> Gate:
        if claim.needs_database:
            serving = self._engines.reading_replicas if claim.reads else 0
            return self._replicas_gate(serving) if serving else self._primary
        return self._primary if self._has_credentials(request) else self._open

    def _replicas_gate(self, serving: int) -> Gate:
        """The gate before so many replicas: they come and go."""
        if self._replicas.places != serving * self._places:
            self._replicas.resize(serving * self._places)
        return self._replicas


class Turn:
    """The turn of an operation that keeps the event loop busy, so that others have theirs in between.

    Of medium ones, one begins in each round of the loop. Large ones are done one at a time, with a rest before the next
    one while any waits. Fifteen large ones at once took the loop for 4 s, in which not even a connection was accepted;
    fifteen of 26 ms took as long in each of the ten rounds that a look-up needs.
    """

    def __init__(self, gate: Gate, *, rests: bool) -> None:
        self._gate = gate
        self._rests = rests
        self._loop = asyncio.get_running_loop()
        if not rests:
            self._loop.call_soon(gate.leave, Weight.LOOK_UP)

    def leave(self) -> None:
        """Give the turn of a large one to the next; who came at the same moment has not asked for it yet."""
        if self._rests:
            self._loop.call_soon(self._rest)

    def _rest(self) -> None:
        if self._gate.queued:
            self._loop.call_later(REST_S, self._gate.leave, Weight.LOOK_UP)
        else:
            self._gate.leave(Weight.LOOK_UP)


class Place:
    """The place of one request at its gate. Whoever enters leaves, whatever happens."""

    __slots__ = ("_claim", "_has_credentials", "_request", "gate", "is_taken")

    def __init__(
        self, request: HTTPConnection, claim: Claim, gate: Gate, has_credentials: Callable[[HTTPConnection], bool]
    ) -> None:
        self.gate = gate
        self._request = request
        self._claim = claim
        self._has_credentials = has_credentials
        self.is_taken = gate.enter_at_once(claim.weight)

    async def wait(self) -> None:
        """Take the place when its turn has come: who has credentials goes before who has none. Raises `Overloaded`."""
        rank = Rank(not self._has_credentials(self._request), self._claim.weight, self._claim.price)
        await self._take(rank)

    def leave(self) -> None:
        """Give the place back. Twice does nothing."""
        if self.is_taken:
            self.is_taken = False
            self.gate.leave(self._claim.weight)

    async def come_back(self) -> None:
        """Take the place again, before those who had none yet. Raises `Overloaded`."""
        self.is_taken = self.gate.enter_at_once(self._claim.weight)
        if not self.is_taken:
            await self._take(Rank(anonymous=False, weight=self._claim.weight, price=0))

    async def move(self, gate: Gate) -> None:
        """Take a place at another gate instead, before those who had none yet. Raises `Overloaded`."""
        self.leave()
        self.gate = gate
        await self.come_back()

    async def _take(self, rank: Rank) -> None:
        await self.gate.wait(rank)
        self.is_taken = True
