"""The session of one request: an `AsyncSession`, and the only door for SQL.

Statements enter, rows and entities leave, one at a time and in order. A connection is taken at the first statement and
given back at `close`. No resolver commits: `write` does, once for each change.
Why: docs/decisions/0001-one-session-one-lock.md. How reads go past SQLAlchemy:
docs/decisions/0009-statements-past-the-orm.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import Enum, auto
from functools import partial, wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar, cast, overload

from sqlalchemy import Executable, Result, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncResult, AsyncSession, AsyncSessionTransaction

from db.dialects import Outage
from db.fast import CombinedStatement, CompiledStatement, Found, Parameters, Values
from db.session.connection import DatabaseConnection
from db.session.engines import Engines
from db.session.entities import GuardedSession
from db.session.errors import (
    ChangeKept,
    ManagedTransaction,
    OutcomeUnknown,
    OutdatedView,
    ReadOnlyOperation,
    SessionClosed,
    Unreachable,
    told,
)
from db.session.operation import OPERATION
from db.session.positions import NOTHING_WRITTEN, Position
from db.session.reads import Reads, RowsByKey
from db.session.retries import ATTEMPTS, pause_s
from db.session.savepoints import Savepoint
from db.session.streams import streamed
from db.session.timeout import Deadline, Interruption
from db.session.turns import HELD, Turn, current, hold
from db.trace import TRACE, StatementTrace
from db.unreadable import UnreadableValue

T = TypeVar("T")
P = ParamSpec("P")
Method = TypeVar("Method", bound=Callable[..., Any])

EMPTY: Mapping[str, Any] = {}

UNDONE = "Nothing of this change was kept."
KEPT = "What was changed before is kept; this was to be read afterwards."

CONVERSION_ERRORS = (ValueError, ArithmeticError, LookupError)
"""What drivers and types raise over values that they cannot convert."""


class Mode(Enum):
    """How the session begins when its first statement comes."""

    SINGLE = auto()
    """One statement: autocommit, because BEGIN and ROLLBACK would cost a third of a look-up."""
    SNAPSHOT = auto()
    """Several statements that must agree: one read-only view of the database."""
    CURRENT = auto()
    """What is committed now, on the primary, statement by statement. Changes go through `write`."""


def _in_turn(method: Method) -> Method:
    """A method of `AsyncSession` that waits for the session's turn, under its deadline."""

    @wraps(method)
    async def taking_turn(self: "RequestSession", *given: Any, **named: Any) -> Any:
        return await self._run(self._with_entities, method, self, *given, **named)

    return cast(Method, taking_turn)


def _reading(method: Method) -> Method:
    """The same for a method that makes entities of rows. Raises `UnreadableValue` where that is not possible."""
    in_turn = _in_turn(method)

    @wraps(method)
    async def reading(self: "RequestSession", *given: Any, **named: Any) -> Any:
        try:
            return await in_turn(self, *given, **named)
        except (*CONVERSION_ERRORS, DBAPIError) as error:
            if self._engines.connections.could_not_read(error):
                raise UnreadableValue from error
            raise

    return cast(Method, reading)


def _typed_as(method: Method) -> Callable[[Callable[..., Any]], Method]:
    """Give an override the type of the method that it replaces, with all of its overloads."""
    return lambda override: cast(Method, override)


class RequestSession(AsyncSession):
    """An `AsyncSession` with one connection, taken late, and one statement at a time.

    SQLAlchemy forbids two statements at once on one session, and GraphQL siblings run at once: here they take turns.
    Loaders read through `rows`; resolvers use what SQLAlchemy documents (`execute`, `scalars`, `get`, `stream`, `add`,
    `begin_nested` and so on), in the same turns, on the same view of the database, under the same deadline. It is born
    anew for every operation and never outlives it.
    Source: https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html#asyncio-concurrency

    Attributes that are loaded when they are touched (`awaitable_attrs`), and statements on `connection()`, take no
    turn: name what you need in the statement's options.
    """

    sync_session_class = GuardedSession
    sync_session: GuardedSession

    if not TYPE_CHECKING:  # else mypy would believe in every attribute

        def __getattr__(self, name: str) -> Any:
            # AsyncSession's own constructor runs when something of it is first asked for: with its sync session it
            # takes 6 µs, and a look-up past SQLAlchemy only 20.
            if "sync_session" in vars(self):
                raise AttributeError(name)
            super().__init__(expire_on_commit=False, join_transaction_mode="control_fully")
            self._has_entities, self.sync_session.changing = True, self._changing
            if self._connection is not None:
                self.bind = self._connection.sqlalchemy
            return getattr(self, name)

    # Made for every request: what most of them never change stands at the class.
    trace: StatementTrace | None = None
    """Notes every statement; to be set before the first one."""
    statements = 0
    """How many turns were taken: one for each statement, and one for each change."""
    rows_read = 0
    """How many rows `rows` and `found_together` have read."""
    _connection: DatabaseConnection | None = None
    _deadline: Deadline | None = None
    _end: Callable[[], Exception] | None = None
    """Why no statement is let through any more."""
    _late = False
    _has_entities = False
    """Whether anything of SQLAlchemy's session was asked for."""
    _changing = False
    _committing = False
    """Whether COMMIT is under way, or has failed without an answer."""
    _kept = False
    """Whether a change was committed."""
    _torn: Exception | None = None
    """Why the change under way takes no more statements and must not be kept: one was cut off, or has failed."""
    _statement: Interruption
    """What stops the statement of a change that is under way."""
    _done: asyncio.Future[None] | None = None
    """Tells that the statement is done, where the end of its change waits for that."""
    is_broken = False
    """Whether its view was lost in a way that another session, with a view of its own, may well escape."""
    avoided: str | None = None
    """The database whose connection was lost: a read goes to another one, if there is any. Set before, if known."""
    reads: Reads | None = None
    """Notes what is read and changed, where somebody wants to know. Set before the first statement."""
    after: Position = NOTHING_WRITTEN
    """What was written up to here is to be read, on a replica that has it, else on the primary."""
    is_anew = False
    """Whether it reads what another session was broken over."""
    _found_nothing = False
    """Whether a statement of the view has found no rows, or counted none."""
    _is_unframed = False
    """Whether the connection is in no view, and should be."""
    _begun_again = False
    """Whether work was done again after its connection was lost."""
    _held: frozenset[Turn] = frozenset()
    """Streams and savepoints outside a change, for which PostgreSQL needs a transaction."""
    _unread: frozenset[Turn] = frozenset()
    """Streams that were not read to their end."""

    def __init__(self, engines: Engines, mode: Mode = Mode.SNAPSHOT) -> None:
        self._engines = engines
        self._mode = mode
        self._snapshot = mode is Mode.SNAPSHOT
        self._operation = OPERATION.get()
        self._turn = Turn()

    @property
    def mode(self) -> Mode:
        """How the session begins."""
        return self._mode

    @property
    def waits(self) -> bool:
        """Whether somebody waits for the first connection, so that the database has not heard of anything yet."""
        return self._turn.taken and not self.statements

    @property
    def is_connected(self) -> bool:
        """Whether a connection was taken, and not given back yet."""
        return self._connection is not None

    @property
    def met_unreadable(self) -> bool:
        """Whether rows were read in which an `Unreadable` stands for a value."""
        return self._connection is not None and self._connection.met_unreadable

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engines.dialect

    @property
    def holds_lengths(self) -> bool:
        """Whether no text of a column is longer than the column's type says."""
        return self._engines.holds_lengths

    @overload
    async def rows(
        self, statement: Executable, parameters: Parameters | None = None, found_by: RowsByKey | None = None
    ) -> Sequence[Row[Any]]: ...

    @overload
    async def rows(
        self, statement: CompiledStatement, parameters: Parameters | None = None, found_by: RowsByKey | None = None
    ) -> Sequence[Values]: ...

    async def rows(
        self,
        statement: Executable | CompiledStatement,
        parameters: Parameters | None = None,
        found_by: RowsByKey | None = None,
    ) -> Sequence[Row[Any]] | Sequence[Values]:
        """Run one statement and return its rows, waiting for the session's turn.

        Columns come back as plain rows, even when the statement is written with mapped attributes: it runs on
        the session's connection, past the loading of entities, which reads do not need. A compiled statement goes past
        SQLAlchemy altogether where it can; its rows are read by position alone. In a change, what the session holds is
        flushed first. `found_by` is for whoever notes what is read.
        Raises `DeadlineExceeded` after the statement timeout, and from then on, because what was read before and
        after would not be one view; `SessionClosed` after `close`, which also ends a statement under way.
        """
        if self._changing and self._has_entities:
            await self.flush()
        if self.reads is not None:
            self.reads.note(statement, found_by)
        if isinstance(statement, CompiledStatement):
            found = await self._run(DatabaseConnection.fetch, statement, parameters)
        else:
            found = await self._run(DatabaseConnection.execute, statement, parameters)
        self.rows_read += len(found)
        return found

    @property
    def combines(self) -> bool:
        """Whether `found_together` is worth trying."""
        is_noted = self.reads is not None and self.reads.is_exact
        return self._engines.combines and not self.is_anew and not is_noted

    def blames(self, error: Exception) -> bool:
        """Whether an error is about what was sent, and not about a server or a session that is gone."""
        if isinstance(error, DBAPIError):
            return self._engines.connections.outage(error) is None
        return not isinstance(error, Unreachable | SessionClosed)

    async def found_together(
        self, statement: CombinedStatement, values: Sequence[Any], *, alone: bool
    ) -> Sequence[Found] | None:
        """What each part of a combined statement has found; None, and nothing was sent, where that is not possible.

        `alone` says that nothing else is asked in this view: it needs no transaction then. Whoever asks nevertheless
        would see another view; the session refuses, and is broken. Raises as `rows` does.
        """
        self._snapshot = self._snapshot and not alone
        record = await self._run(DatabaseConnection.fetch_combined, statement, values)
        if record is None:
            self._snapshot = self._mode is Mode.SNAPSHOT
            return None
        if alone:
            self._end = self._view_gone
        found = statement.found(record)
        self.rows_read += sum(len(part.rows) for part in found)
        self._found_nothing = self._found_nothing or (not alone and not all(part.rows for part in found))
        return found

    def _view_gone(self) -> Exception:
        self.is_broken = True
        return OutdatedView()

    execute = _reading(AsyncSession.execute)  # `scalars` calls it
    scalar = _reading(AsyncSession.scalar)  # type: ignore[assignment, arg-type]  # https://github.com/python/mypy/issues/20651
    get = _reading(AsyncSession.get)
    get_one = _reading(AsyncSession.get_one)
    refresh = _reading(AsyncSession.refresh)
    merge = _in_turn(AsyncSession.merge)
    merge_all = _in_turn(AsyncSession.merge_all)
    delete = _in_turn(AsyncSession.delete)
    delete_all = _in_turn(AsyncSession.delete_all)
    _flush = _in_turn(AsyncSession.flush)
    run_sync = _in_turn(AsyncSession.run_sync)
    connection = _in_turn(AsyncSession.connection)

    async def flush(self, objects: Sequence[Any] | None = None) -> None:
        """As SQLAlchemy has it; where nothing is to be sent, no turn is taken."""
        if self._has_entities and self.sync_session.holds_changes():
            await self._flush(objects)

    async def forget(self) -> None:
        """Flush, and let go of all entities: what a change does next finds the rows as they are by now."""
        await self.flush()
        if self._has_entities:
            self.sync_session.expunge_all()

    @_typed_as(AsyncSession.stream)
    async def stream(
        self,
        statement: Executable,
        params: Any = None,
        *,
        execution_options: Mapping[str, Any] = EMPTY,
        **named: Any,
    ) -> AsyncResult[Any]:
        """As SQLAlchemy has it (`stream_scalars` calls it). The stream holds the turn until its end.

        It ends when it is read to the end, closed or dropped. The task that reads it may send other statements
        meanwhile; others wait. The deadline is for the time until the first rows. One that was left half-read costs
        its connection when the session is closed.
        """
        turn = await self._hold()
        self._unread |= {turn}

        def read() -> None:
            self._unread -= {turn}
            self._release(turn)

        try:
            options = {**execution_options, "stream_results": True}
            result: Result[Any] = await self._run(
                self._with_entities, self._open_cursor, statement, params, execution_options=options, **named
            )
        except BaseException:
            read()
            raise
        return streamed(result, read, lambda: self._release(turn))

    async def _open_cursor(self, *given: Any, **named: Any) -> Result[Any]:
        return await AsyncSession.run_sync(self, lambda session: session.execute(*given, **named))

    def begin_nested(self) -> AsyncSessionTransaction:
        """As SQLAlchemy has it. The savepoint holds the turn until its end."""

        async def in_turn(method: Callable[..., Awaitable[Any]], *given: Any) -> Any:
            return await self._run(self._with_entities, method, *given)

        return Savepoint(self, in_turn, self._hold, self._release)

    async def write(self, work: Callable[[Self], Awaitable[T]]) -> T:
        """Do `work` in a transaction of its own, waiting for the session's turn. For `Mode.CURRENT`.

        COMMIT when it returns, ROLLBACK when it raises. Work that the database refuses for the sake of others (a
        deadlock, a serialization failure) is done again, all of it. Inside, every statement of this session takes part
        in the transaction, also from tasks that the work starts. The deadline is for all of the work, and no entity
        outlives it. Raises as `rows` does; `ReadOnlyOperation` in a query, `ManagedTransaction` inside other work.
        """
        if self._mode is not Mode.CURRENT:
            raise ReadOnlyOperation
        if current(self, self._turn) is not self._turn:
            raise ManagedTransaction("write")
        return await self._take_turn(self._turn, self._change, work)

    async def _change(self, connection: DatabaseConnection, work: Callable[[Self], Awaitable[T]]) -> T:
        self._statement = Interruption()
        for attempt in range(1, ATTEMPTS + 1):
            connection = self._connection or connection
            try:
                return await self._attempt(work)
            except (DBAPIError, Unreachable) as error:
                if attempt == ATTEMPTS or not self._is_worth_another_attempt(error, connection):
                    raise
                if connection.is_demoted:
                    await self._discard()
            await asyncio.sleep(pause_s(attempt))
        raise AssertionError

    def _is_worth_another_attempt(self, error: DBAPIError | Unreachable, connection: DatabaseConnection) -> bool:
        """Whether others were in the way, or the connection was lost, for the first time, before COMMIT was sent."""
        if isinstance(error, DBAPIError) and self._engines.connections.is_transient(error):
            return True
        if self._begun_again:
            return False
        if isinstance(error, DBAPIError) and self._refuses_changes(error):
            connection.is_demoted = connection.is_replaced or self._engines.renew_primary()
        self._begun_again = connection.is_demoted or connection.is_worth_another(error)
        return self._begun_again

    async def _attempt(self, work: Callable[[Self], Awaitable[T]]) -> T:
        connection = self._connection or await self._connect()
        turn = self._turn.enter(self)
        try:
            self._begin_change()
            try:
                await connection.begin_change()
                result = await work(self)
                turn.leave()
                if self._statement.is_watching():
                    await self._statement_done()
                await self._commit(connection)
            except Exception:
                turn.leave()
                await self._statement_done()
                await self._roll_back(connection)
                raise
        except asyncio.CancelledError:
            self._statement.ring()
            turn.leave()
            await asyncio.shield(self._statement_done())
            raise
        except Exception:
            self._end_change(turn)
            raise
        self._end_change(turn)
        return result

    async def _statement_done(self) -> None:
        """Wait for the statement of a task that the work has left behind, if there is one under way."""
        if self._statement.is_watching():
            self._done = asyncio.get_running_loop().create_future()
            await self._done

    def _begin_change(self) -> None:
        self._changing, self._committing, self._torn, self._done = True, False, None, None
        if self._has_entities:
            self.sync_session.expunge_all()  # they are as they were when they were read
            self.sync_session.changing = True

    def _end_change(self, turn: Turn) -> None:
        turn.leave()
        self._changing = False
        if self._has_entities:
            self.sync_session.changing = False

    async def _commit(self, connection: DatabaseConnection) -> None:
        if self._torn is not None:
            raise self._torn
        if self._has_entities:
            if self.reads is not None:
                self.reads.changed |= self.sync_session.changed_tables()
            await AsyncSession.run_sync(self, lambda _: self.sync_session.keep_change())
        self._committing = True
        try:
            await connection.commit()
        except Exception as error:
            if connection.is_lost:  # the server has not answered
                raise OutcomeUnknown from error
            self._committing = False
            raise
        self._committing, self._kept = False, True
        self._engines.committed()

    async def _roll_back(self, connection: DatabaseConnection) -> None:
        try:
            if connection.is_lost or isinstance(self._torn, SessionClosed):
                raise SessionClosed
            if self._has_entities:
                await AsyncSession.run_sync(self, lambda _: self.sync_session.undo_change())
            await connection.roll_back()
        except Exception:  # whatever it is, nobody knows what state the connection is in
            await self._discard()

    def _run(
        self, work: Callable[Concatenate[DatabaseConnection, P], Awaitable[T]], /, *given: P.args, **named: P.kwargs
    ) -> Awaitable[T]:
        """Do work on the connection when its turn has come. Whatever asks the database passes here."""
        held = HELD.get()
        turn = self._turn if held is None else held.innermost(self) or self._turn
        if self._changing and turn is not self._turn:
            return self._inside(turn, work, *given, **named)
        return self._take_turn(turn, work, *given, **named)

    async def _take_turn(
        self,
        turn: Turn,
        work: Callable[Concatenate[DatabaseConnection, P], Awaitable[T]],
        /,
        *given: P.args,
        **named: P.kwargs,
    ) -> T:
        """Do work under the deadline, on a connection that is as the mode says.

        One long function, because a look-up past SQLAlchemy takes 20 µs: each call less saves a hundredth of that.
        """
        if turn.taken:
            await turn.take()
        else:
            turn.taken = True
        if turn is not self._turn and turn.is_over():  # it ended while this statement waited
            turn.give()
            return await self._run(work, *given, **named)
        deadline = self._deadline = self._deadline or Deadline(self._engines.statement_timeout_s, self._operation)
        try:
            if self._end is not None:
                raise self._end()
            connection = self._connection
            if connection is None:
                deadline.wait()
                connection = await self._connect()
                deadline.start()
            else:
                deadline.watch()
            self.statements += 1
            if connection.in_snapshot is not (self._snapshot or bool(self._held)):
                await self._frame(connection)
            found = await work(connection, *given, **named)
            if connection.in_snapshot and not self._found_nothing:
                self._found_nothing = _is_nothing(found)
            return found
        except BaseException as error:
            late = deadline.stop()
            if late or not await self._begins_again(error, work):
                await self._fail(error, late)
                raise
        finally:
            deadline.stop()
            turn.give()
        return await self._run(work, *given, **named)

    async def _begins_again(self, error: BaseException, work: Callable[..., Awaitable[Any]]) -> bool:
        """Whether work that has failed is to be done again on another connection: once, and in one view."""
        connection = self._connection
        if connection is None or self._changing or not connection.is_worth_another(error):
            return False
        self.avoided = connection.source_name
        if self._mode is Mode.SNAPSHOT and (self.statements > 1 or self._begun_again):
            self.is_broken = True
            return False
        if self._begun_again or self._held or work == self._change:
            return False
        self._begun_again, self._is_unframed, self._end = True, False, None
        await self._discard()
        return True

    async def _inside(
        self,
        turn: Turn,
        work: Callable[Concatenate[DatabaseConnection, P], Awaitable[T]],
        /,
        *given: P.args,
        **named: P.kwargs,
    ) -> T:
        """Do work inside a change, which has one deadline for all of it, and decides about what fails."""
        if turn.taken:
            await turn.take()
        else:
            turn.taken = True
        if turn.is_over():  # as above
            turn.give()
            return await self._run(work, *given, **named)
        try:
            connection = self._connection
            if self._end is not None or self._torn is not None or connection is None:
                raise self._torn or (self._end or SessionClosed)()
            self.statements += 1
            self._statement.watch()
            return await work(connection, *given, **named)
        except asyncio.CancelledError:
            self._torn = SessionClosed()
            if self._statement.stop():
                raise SessionClosed from None
            raise
        except Exception as error:
            if self._torn is None and (self._connection is None or self._connection.is_lost):
                self._torn = error  # whoever catches it, the change is lost
            raise
        finally:
            self._statement.stop()
            turn.give()
            if self._done is not None and not self._done.done():
                self._done.set_result(None)

    async def _with_entities(
        self, connection: DatabaseConnection, method: Callable[P, Awaitable[T]], /, *given: P.args, **named: P.kwargs
    ) -> T:
        """Call a method of `AsyncSession`, which works on this connection."""
        if self.reads is not None:
            self.reads.note_anything(given, self.sync_session.changed_tables())
        if self.sync_session.bind is not connection.sqlalchemy.sync_connection:
            self.bind = connection.sqlalchemy
        try:
            return await method(*given, **named)
        except Exception as error:
            connection.note_failure(error)
            if isinstance(error, OSError) and connection.is_lost:
                raise told(error) from error
            raise

    async def _fail(self, error: BaseException, late: bool) -> None:
        """Decide what is left of the session after a statement was cut off or has failed."""
        connection = self._connection
        if isinstance(error, asyncio.CancelledError):
            if late:
                raise await self._end_late() from None
            # A reader may go on with a view of its own; the rest of a transaction alone is worse than nothing.
            if self._changing:
                self._end = self._end or SessionClosed
            await self._discard()
        elif isinstance(error, DBAPIError) and self._mode is not Mode.CURRENT and self._refuses_changes(error):
            raise ReadOnlyOperation from error
        elif isinstance(error, DBAPIError) and (late or self._engines.connections.stopped_by_server(error)):
            raise await self._end_late() from None
        elif connection is not None and (connection.is_lost or self._is_unframed):
            if isinstance(error, Exception):
                await self._end_lost(connection, error)
            await self._discard()

    def _refuses_changes(self, error: DBAPIError) -> bool:
        return self._engines.connections.outage(error) is Outage.READ_ONLY

    async def _end_lost(self, connection: DatabaseConnection, error: Exception) -> None:
        if connection.in_snapshot:
            self._end = partial(_same, error)  # a new connection would be a new view
        await self._discard()
        if self._kept and not self._changing:
            raise ChangeKept from error
        raise error from error.__cause__

    async def _end_late(self) -> Exception:
        if self._end is None:
            self._late, self._end = True, self._late_end()
        await self._discard()
        return self._end()

    def _late_end(self) -> Callable[[], Exception]:
        """What to say when the time is up, and of a change, what has become of it."""
        assert self._deadline is not None  # it rang
        if self._committing:
            return OutcomeUnknown
        note = UNDONE if self._changing else KEPT if self._kept else ""
        return partial(self._deadline.exceeded, note)

    async def _connect(self) -> DatabaseConnection:
        try:
            self._connection = await self._engines.connect(
                primary=self._mode is Mode.CURRENT, avoided=self.avoided, after=self.after
            )
        except Exception as error:  # whatever it is, fifty fields would wait for it fifty times, one by one
            said = told(error)
            self._end = partial(_same, said)
            raise said from said.__cause__
        trace = self.trace or TRACE.get()
        if trace is not None:
            self._connection.trace(trace)
        return self._connection

    async def _frame(self, connection: DatabaseConnection) -> None:
        """Open a view of the database, or close the one that a stream has needed."""
        try:
            await (connection.end_snapshot() if connection.in_snapshot else connection.begin_snapshot())
        except Exception as error:
            self._is_unframed, self._end = True, partial(_same, error)
            raise

    async def _hold(self) -> Turn:
        turn = await hold(self, self._turn)
        if not self._changing:
            self._held |= {turn}
        return turn

    def _release(self, turn: Turn) -> None:
        self._held -= {turn}
        turn.end()

    async def close(self) -> None:
        """Give the connection back, even when the task is being cancelled. Calling it twice does nothing.

        A statement under way is stopped: nobody waits for it any more.
        """
        if not self._late:
            self._end = SessionClosed
        if self._deadline is None:  # nothing was asked
            return
        under_way = self._turn.taken
        if under_way:
            self._deadline.ring()
            for turn in self._held:
                self._release(turn)
        if under_way or self._unread or self._deadline.is_cancelling():
            await asyncio.shield(self._give_back(self._deadline))
        else:
            await self._give_back(self._deadline)

    async def _give_back(self, deadline: Deadline) -> None:
        if self._turn.taken:
            await self._turn.take()
        else:
            self._turn.taken = True
        late = False
        try:
            if self._unread:
                await self._discard()
            elif self._connection is not None:
                if self._has_entities or not self._connection.is_given_back_at_once:
                    deadline.watch()
                if self._found_nothing and self._connection.in_snapshot:
                    self.is_broken = await self._connection.is_outdated()
                if self._has_entities:
                    await super().close()
                await self._connection.give_back()
                self._connection = None
        except BaseException as error:
            late = deadline.stop()
            await self._discard()
            if not (late or isinstance(error, Exception)):  # an answer that is complete does not fail for its end
                raise
        finally:
            deadline.stop()
            deadline.end()
            self._turn.give()

    async def _discard(self) -> None:
        # A statement that was cut off leaves its connection in an unknown state: never back into the pool.
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._engines.closing.close(connection, self._forget)

    def _forget(self) -> None:
        if self._has_entities:
            self.sync_session.close()  # sends nothing: its connection is closed

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _same(error: Exception) -> Exception:
    return error


def _is_nothing(found: object) -> bool:
    """Whether a statement has found no rows, or counted none. Values of columns may refuse to say what they are."""
    if type(found) not in (list, tuple):
        return found is None
    rows = cast(Sequence[Sequence[object]], found)
    return not rows or (len(rows) == 1 and all(map(_is_none, rows[0])))


def _is_none(value: object) -> bool:
    return value is None or (type(value) in (int, list) and not value)
