"""What one operation carries: its session, its loaders, and who asks.

A `ContextFactory` has what is known before an operation: the databases, the request, the viewer, the services of the
application. When the operation is prepared, the factory makes its `RequestContext`, which ends with it. A request over
a WebSocket has many operations, and each gets a context of its own: an old session would hold an old view of the
database, and a connection, for hours. So does each event of a subscription; what waits for events has a
`SourceContext`, without a session.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple, NoReturn, Protocol, TypeVar

from starlette.requests import HTTPConnection

from db.relations import EVERYTHING, Visibility, viewer_parameters
from db.session import Engines, Mode, Reads, RequestSession
from db.session.positions import NOT_KNOWN, NOTHING_NEEDED, NOTHING_WRITTEN, Position
from db.statements import StatementCache
from graph.client import UNKNOWN, Client
from graph.errors import MissingService, NoSessionBetweenEvents
from graph.loading.loaders import NOTHING, Loaders
from graph.request_id import NamedRequest, request_id_of
from graph.settings import MAX_CHANGED_ROWS, MAX_OFFSET, MAX_PAGE
from graph.viewer import NOBODY, Viewer

T = TypeVar("T")

S = TypeVar("S")


class Cookie(NamedTuple):
    """What the answer tells a browser to keep."""

    name: str
    value: str
    max_age_s: int
    """0: forget it."""


class HeldPlace(Protocol):
    """The right of a request to be in flight, as `graph.admission` gives it."""

    def leave(self) -> None:
        """Let somebody else have it. Twice does nothing."""

    async def come_back(self) -> None:
        """Take it again. Raises `Overloaded`."""


class Bounds(NamedTuple):
    """What is too much for one operation, where only its run can tell."""

    max_page: int = MAX_PAGE
    """The most rows of one page."""
    max_offset: int = MAX_OFFSET
    """The most rows that a page leaves out in front."""
    max_changed_rows: int = MAX_CHANGED_ROWS
    """The most rows that one change by a filter may be about."""
    refuse_empty_comparisons: bool = False
    """Whether every part of a filter must ask something."""


BOUNDS = Bounds()


class ContextFactory:
    """Makes the context of each operation of one request."""

    def __init__(
        self,
        engines: Engines,
        *,
        request: HTTPConnection | None = None,
        viewer: Viewer = NOBODY,
        visible: Visibility = EVERYTHING,
        statements: StatementCache | None = None,
        services: Sequence[object] = (),
        client: Client = UNKNOWN,
        may_diagnose: Callable[[Viewer], bool] = lambda _viewer: False,
        place: HeldPlace | None = None,
        budget: float = 1,
        record: NamedRequest | None = None,
    ) -> None:
        """Know what is known before an operation. `services` are found by their class: `context.service(Mailer)`.

        `budget` is how many times the limits of an operation the viewer may ask for.
        `may_diagnose` tells whether a viewer may see the statements of an operation (`extensions.doctor`).
        """
        self.engines = engines
        self.request = request
        self.viewer = viewer
        self.visible = visible
        self.statements = statements or StatementCache()
        self.services = services
        self.client = client
        self.may_diagnose = may_diagnose
        self.place = place
        """None: nobody else wants it."""
        self.budget = budget
        self.record = record
        """What is noted of the request; None: nobody listens."""
        self.cookies: list[Cookie] = []
        """For the answer."""
        self.now: datetime | None = None
        """When an operation first asked for the time."""
        self._changing: list[RequestSession] = []
        """The sessions of operations that change something."""
        self.after: Position = NOTHING_WRITTEN
        """What was written up to here, queries are to read."""
        self.begin_change: Callable[[], None] = lambda: None
        """Called before the first operation that changes something."""
        self.count: Callable[[int], Awaitable[None]] | None = None
        """Counts an operation's points, if anybody limits them. It raises `RateLimited`."""
        self.place_for_source: Callable[[], AbstractAsyncContextManager[object]] = nullcontext
        """What the source of a subscription waits for before it reads. It raises `Overloaded`."""
        self.answered_bytes = 0
        """About how large the answers to this request are so far."""
        self.reads: Reads | None = None
        """Notes what its operations read and change, where a cache of answers wants to know."""
        self.notes_changes = False
        """Whether somebody wants to know which tables its operations change."""
        self.needed = NOTHING_NEEDED
        """How new an answer has to be that was made for somebody else."""

    def make(self, mode: Mode = Mode.SNAPSHOT, bounds: Bounds = BOUNDS) -> "RequestContext":
        """The context of an operation, not connected yet. Whoever makes it closes it."""
        if mode is Mode.CURRENT and self.notes_changes and self.reads is None:
            self.reads = Reads()
        context = RequestContext(self, mode, bounds)
        if mode is Mode.CURRENT:
            if not self._changing:
                self.begin_change()
            self._changing.append(context.session)
            self.after = NOT_KNOWN  # what comes later in a batch sees what this does
        return context

    @cached_property
    def request_id(self) -> str:
        """What the request is called in logs and records."""
        if self.record is not None:
            return self.record.request_id
        return request_id_of({} if self.request is None else dict(self.request.headers.raw))

    def service(self, kind: type[S]) -> S:
        """What the application made once, by its class. Raises `MissingService`."""
        for service in self.services:
            if isinstance(service, kind):
                return service
        raise MissingService(kind.__name__)

    def time(self) -> datetime:
        """The time, in UTC: the same for all operations of a request, from the first that asks."""
        if self.now is None:
            self.now = datetime.now(UTC)
        return self.now

    @property
    def changes(self) -> bool:
        """Whether one of the operations changes something."""
        return bool(self._changing)

    def may_stop(self) -> bool:
        """Whether nothing has begun that has to be done to its end: the database has not heard of any change."""
        return all(session.waits for session in self._changing)

    @asynccontextmanager
    async def context(self, mode: Mode = Mode.SNAPSHOT) -> "AsyncIterator[RequestContext]":
        """The context of an operation, which is closed at its end."""
        context = self.make(mode)
        try:
            yield context
        finally:
            await context.close()


class RequestContext:
    """The context value that resolvers find as `info.context`."""

    together: Mapping[str, object] | None = None
    """What the changes of an `@atomic` operation came to, by their names in the answer, once all are done."""

    def __init__(self, factory: ContextFactory, mode: Mode, bounds: Bounds) -> None:
        self.session = RequestSession(factory.engines, mode)
        """SQLAlchemy's `AsyncSession` of this operation, for loaders and resolvers alike."""
        if factory.after:
            self.session.after = factory.after
        if factory.reads is not None:
            self.session.reads = factory.reads
        self.request = factory.request
        self.client = factory.client
        """Which program asks."""
        self.bounds = bounds
        """How much is too much, where only the run can tell."""
        self.cookies = factory.cookies
        self._factory = factory
        self._see(factory.viewer, factory.visible)

    def become(self, viewer: Viewer, visible: Visibility) -> None:
        """Go on as somebody else: who has just signed in, or out. Nothing else of a context ever changes."""
        self.loaders.clear()
        self._see(viewer, visible)

    def _see(self, viewer: Viewer, visible: Visibility) -> None:
        self.viewer = viewer
        """Who asks."""
        self.visible = visible
        """What the viewer may see."""
        bound: Mapping[str, Any] = (
            NOTHING if visible is EVERYTHING and viewer.id is None else viewer_parameters(viewer.id, viewer.claims)
        )
        self.loaders = Loaders(self.session, visible, self._factory.statements, bound)
        """The DataLoaders of this operation."""

    def again(self) -> "RequestContext":
        """A context like this one, not connected yet, for the same query in another view, elsewhere if possible."""
        context = self._factory.make(self.session.mode, self.bounds)
        context.session.avoided = self.session.avoided
        context.session.is_anew = True
        return context

    def service(self, kind: type[S]) -> S:
        """What the application made once, by its class. Raises `MissingService`."""
        return self._factory.service(kind)

    @asynccontextmanager
    async def without_place(self) -> AsyncIterator[None]:
        """Let another operation be in flight instead of this one, which waits for something else than a database.

        Where the session has a connection already, the place is kept, for it stands for one. Raises `Overloaded` at the
        end of the block where the place is not to be had again.
        """
        place = self._factory.place
        if place is None or self.session.is_connected:
            yield
            return
        place.leave()
        try:
            yield
        except Exception:
            await place.come_back()
            raise
        await place.come_back()

    @property
    def answered_bytes(self) -> int:
        """About how large the answers to the same request are so far."""
        return self._factory.answered_bytes

    @answered_bytes.setter
    def answered_bytes(self, bytes_: int) -> None:
        self._factory.answered_bytes = bytes_

    @property
    def now(self) -> datetime:
        """The time, in UTC: the same for all operations of a request, from the first that asks."""
        return self._factory.time()

    @property
    def request_id(self) -> str:
        """What the request is called in records: the name that the client gave it, or one of ours."""
        return self._factory.request_id

    def note_user_errors(self, codes: Iterable[str]) -> None:
        """Let whoever listens know why a mutation has not done all that it was asked for."""
        if self._factory.record is not None:
            self._factory.record.note_user_errors(codes)

    async def close(self) -> None:
        """End the operation, and give the connection back."""
        self.loaders.release()
        self.together = None  # it may have errors, whose tracebacks lead back here
        await self.session.close()


class SourceContext:
    """The context value of whatever yields the events of a subscription: all but a session.

    It lives as long as the subscription, for hours perhaps, and a session would hold a connection for as long. Each
    event is answered in a `RequestContext` of its own; what a source has to look up itself, it reads in `reading()`.
    """

    def __init__(self, factory: ContextFactory) -> None:
        self.request = factory.request
        self.client = factory.client
        """Which program asks."""
        self.viewer = factory.viewer
        """Who has asked: events are for the same viewer, or the subscription ends."""
        self.visible = factory.visible
        """What the viewer may see."""
        self._factory = factory
        self._reading: set[RequestContext] = set()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[RequestContext]:
        """A context with a session, for the block alone. Raises `Overloaded` where there is no place in time."""
        async with self._factory.place_for_source():
            context = self._factory.make()
            self._reading.add(context)
            try:
                yield context
            finally:
                self._reading.discard(context)
                await context.close()

    @property
    def is_holding(self) -> bool:
        """Whether a block of `reading` is open that has a connection."""
        return any(context.session.is_connected for context in self._reading)

    @property
    def session(self) -> NoReturn:
        """None. Raises `NoSessionBetweenEvents`."""
        raise NoSessionBetweenEvents

    @property
    def loaders(self) -> NoReturn:
        """None. Raises `NoSessionBetweenEvents`."""
        raise NoSessionBetweenEvents

    def service(self, kind: type[S]) -> S:
        """What the application made once, by its class. Raises `MissingService`."""
        return self._factory.service(kind)

    @property
    def now(self) -> datetime:
        """When the subscription began, in UTC."""
        return self._factory.time()

    @property
    def request_id(self) -> str:
        """What the subscription is called in records."""
        return self._factory.request_id
