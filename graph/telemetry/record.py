"""What became of one request: noted as it goes, told once at its end. Nothing of it is kept afterwards.

Some who listen hear of several requests together: a line of the log takes a few microseconds when many are made in a
row, and four times as many between two answers, where the processor has other code in its caches.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context
from time import perf_counter, time
from typing import TypeAlias

from graphql import GraphQLError
from strawberry.types import ExecutionResult

from db.session import RequestSession
from db.trace import TRACE, SentStatement, StatementTrace
from graph.client import UNKNOWN, Client
from graph.errors import code_of
from graph.prepare.documents import OperationRequest
from graph.prepare.operation import CheckedOperation, PreparedOperation
from graph.prepare.points import points_of
from graph.request_id import ANSWERED, request_id_of
from graph.telemetry.described import Described, described
from graph.viewer import NOBODY, Viewer

OK = "OK"
"""The outcome of what had no errors."""
NO_CODE = "GRAPHQL_ERROR"
"""Of errors that have no code of their own, as those of custom resolvers."""

HIT, MISS = "hit", "miss"
"""Of operations whose answers may be kept: whether there was an earlier one."""

NO_HEADERS: Mapping[bytes, bytes] = {}

GATHERED_S = 0.02
"""How long requests that were answered wait for others, to be told of together."""
MAX_GATHERED = 64
"""How many wait."""


class OperationRecord:
    """One operation of a request."""

    __slots__ = (
        "_around",
        "_asked",
        "_described",
        "_failed",
        "_sessions",
        "began",
        "cache",
        "is_registered",
        "points",
        "prepared",
        "rows",
        "seconds",
        "sent",
        "statements",
    )

    def __init__(self, asked: OperationRequest, around: StatementTrace | None = None) -> None:
        """`around`: the notes of the request, where statements are noted one by one, with their times."""
        self.is_registered = asked.prepared is not None
        """Whether its document is one that the server knows, and its name no invention of a client."""
        self.prepared: PreparedOperation | None = None
        """The operation, once it is prepared."""
        self.seconds = 0.0
        """That it took."""
        self.statements = 0
        self.rows = 0
        """How many rows its loaders have read."""
        self.points = 0
        """What it was to cost."""
        self.sent: Sequence[SentStatement] = ()
        """Its statements, where they were noted one by one."""
        self.cache = ""
        """`hit`, `miss`, or nothing where no answer may be kept."""
        self._asked = asked
        self._described: Described | None = None
        self._failed: ExecutionResult | None = None
        self._around = around
        self._sessions: tuple[RequestSession, ...] = ()
        self.began = perf_counter()
        """When, in seconds of `time.perf_counter`."""

    def note(self, checked: CheckedOperation) -> None:
        """The operation is prepared. Of its variables nothing is kept."""
        self.prepared, self.points = checked.operation, points_of(checked.cost)

    def begin(self, checked: CheckedOperation, session: RequestSession) -> None:
        """The operation is prepared, and runs in this session; perhaps once more in another one."""
        self.note(checked)
        if session not in self._sessions:  # all pages of an export have one
            self._sessions = (*self._sessions, session)
        if self._around is not None:
            session.trace = session.trace or StatementTrace()
            session.trace.remark = self._around.remark
            TRACE.set(session.trace)

    def found(self, checked: CheckedOperation) -> None:
        """It was answered by an earlier answer."""
        self.note(checked)
        self.cache = HIT

    def came_to(self, result: ExecutionResult) -> ExecutionResult:
        """The operation was run. Returns the result; one that has no errors is not kept."""
        self._failed = result if result.errors else None  # it gets the errors that the client sees later
        return result

    def end(self) -> None:
        """The operation has ended, however it did."""
        self.seconds = perf_counter() - self.began
        for session in self._sessions:
            self.statements += session.statements
            self.rows += session.rows_read
        if self._around is not None:
            traces = dict.fromkeys(session.trace for session in self._sessions if session.trace is not None)
            self.sent = [sent for trace in traces for sent in trace.sent]
            TRACE.set(self._around)
        self._sessions = ()  # a session knows its request: all of an answer would wait for the garbage collector
        self._described = described(self._asked, self.prepared)
        self._asked = NOTHING_ASKED  # a client's variables may be long

    @property
    def described(self) -> Described:
        """What it is called."""
        return described(self._asked, self.prepared) if self._described is None else self._described

    @property
    def code(self) -> str:
        """Of its first error, as the client sees it; `OK` where there is none."""
        return OK if self._failed is None else first_code(self._failed.errors or ())


class RequestRecord:
    """One request: who sent it, what it asked for, and what came of it."""

    def __init__(self, trace: StatementTrace | None = None) -> None:
        """`trace`: notes what is sent before and between its operations; None: no statement is noted."""
        self.trace = trace
        self.headers = NO_HEADERS
        self.client: Client = UNKNOWN
        self.viewer: Viewer = NOBODY
        self.operations: list[OperationRecord] = []
        self.status = 0
        self.ended = 0.0
        """When, in seconds since 1970."""
        self.seconds = 0.0
        """From its headers to its answer."""
        self.code: str | None = None
        """Of the error that was answered in the place of all operations."""
        self.user_errors: Sequence[str] = ()
        """The codes of errors in payloads of its mutations."""
        self._request_id: str | None = None
        self._began = perf_counter()

    @property
    def request_id(self) -> str:
        """What it is called in logs and records."""
        if self._request_id is None:  # no cached_property: Python 3.11 locks it
            self._request_id = request_id_of(self.headers)
        return self._request_id

    def operation(self, asked: OperationRequest) -> OperationRecord:
        """Note an operation that is answered now."""
        noted = OperationRecord(asked, self.trace)
        self.operations.append(noted)
        return noted

    def note_user_errors(self, codes: Iterable[str]) -> None:
        """Note why a mutation has not done all that it was asked for."""
        self.user_errors = (*self.user_errors, *codes)

    def end(self, status: int) -> None:
        """The request was answered."""
        self.status = status
        self.ended = time()
        self.seconds = perf_counter() - self._began


NOTHING_ASKED = OperationRequest("")

Listener: TypeAlias = Callable[[RequestRecord], None]
"""Hears of each request that was answered. It never waits and never raises."""


class Listeners:
    """Whoever hears of requests."""

    def __init__(self) -> None:
        self.are_told_of_statements = False
        """Whether statements are noted one by one, which costs some microseconds for each."""
        self.remark: Callable[[], str | None] | None = None
        """Asked when a request begins: what its statements carry as a comment, perhaps nothing; None where they are not
        noted for it. None in its place: nobody is asked."""
        self.listening: list[Listener] = []
        """Those who hear of each request at once."""
        self.gathering: list[Listener] = []
        """Those who hear of some requests together."""
        self._gathered: list[RequestRecord] = []
        self._context = Context()
        """Where those are told of that were gathered: in none of their requests."""

    def add(self, listener: Listener) -> None:
        """Tell this one, too, of each request in its task, as soon as it was answered."""
        self.listening.append(listener)

    def gather(self, listener: Listener) -> None:
        """Tell this one, too, of some requests together, in their order, at most `GATHERED_S` later."""
        self.gathering.append(listener)

    def begin(self) -> RequestRecord:
        """The record of a request that begins in the running task."""
        remark = None if self.remark is None else self.remark()
        if remark is None and not self.are_told_of_statements:
            return RequestRecord()
        trace = StatementTrace(remark or "")
        TRACE.set(trace)
        return RequestRecord(trace)

    @contextmanager
    def told(self) -> Iterator[RequestRecord]:
        """The record of a request that is answered in the block, and ended there."""
        record = self.begin()
        token = ANSWERED.set(record)
        try:
            yield record
            self.tell(record)
        finally:
            ANSWERED.reset(token)

    def tell(self, record: RequestRecord) -> None:
        """A request was answered."""
        for listener in self.listening:
            listener(record)
        if record.trace is not None:
            TRACE.set(None)  # the context of a task may live on
        if self.gathering:
            gathered = self._gathered
            gathered.append(record)
            if len(gathered) == 1:
                asyncio.get_running_loop().call_later(GATHERED_S, self._tell_gathered, context=self._context)
            elif len(gathered) == MAX_GATHERED:
                self.flush()

    def flush(self) -> None:
        """Tell now of the requests that were gathered, as where a server ends."""
        self._context.run(self._tell_gathered)

    def _tell_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        for record in gathered:
            for listener in self.gathering:
                listener(record)


def first_code(errors: Iterable[GraphQLError]) -> str:
    """What kind of error the first one is, for programs."""
    return next((code_of(error) or NO_CODE for error in errors), OK)
