"""`@atomic`: several mutations as one change, committed together or not at all.

The fields of an operation's root enter, an answer for each leaves, once, when the first of them is resolved. All inputs
are checked before the transaction begins; then the work of all is done in it, one after the other, each of which finds
what those before have written. Where one is rejected or fails, all is undone: its payload says why, those of the others
have `Undone`. Work that others stood in the way of is done again from the first field on. Payloads are read back when
all is committed. Nothing is committed here: `RequestSession.write` does.
Why: docs/decisions/0056-one-change.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, cast

from graphql import FieldNode
from sqlalchemy.exc import StatementError

from db.session import RequestSession
from graph.context import RequestContext
from graph.execute.walk import Info, coerced_variables, root_fields
from graph.loading.asking import Asking, asking
from graph.viewer import Viewer
from graph.writing.change import INPUT, PLACE, Asked, Change
from graph.writing.errors import InvalidInput, Place, Rejected, UserError, undone
from graph.writing.idempotency import Keys
from graph.writing.inputs import Input
from graph.writing.payload import Answer, Payload
from graph.writing.repeats import Conflict, Named, Outcome, RepeatedTogether, Repeats


class Joining(Protocol):
    """The field of a mutation that may be part of an atomic operation."""

    payload: Payload
    keys: Keys | None

    @property
    def key_place(self) -> Place:
        """Where the client's own name for the change stands."""

    @property
    def is_kept(self) -> bool:
        """Whether its answers may be kept under the key of another change."""

    def checked(
        self, given: Mapping[str, object], node: FieldNode, variables: Mapping[str, object], viewer: Viewer
    ) -> Input:
        """The input of a viewer who has the right. Raises `Rejected`."""

    async def prepared(self, values: Input, context: RequestContext) -> object:
        """What is to be done before the transaction. Raises `Rejected`."""

    async def changed(self, values: Input, change: Change) -> object:
        """The result of the work."""

    def errors_of(self, rejection: StatementError | Rejected) -> list[UserError]:
        """Why the work was rejected. Raises what is no client's fault again."""

    def key_of(self, values: Input) -> str | None:
        """The client's own name for the change, if it has one."""

    def fingerprint_of(self, values: Input) -> str:
        """A digest of the call."""


class _Call(NamedTuple):
    """One field of the operation, as it is asked for."""

    name: str
    """In the answer."""
    field: Joining
    node: FieldNode
    given: Mapping[str, object]
    asking: Asking
    """Who asks for its statements."""


class _Ready(NamedTuple):
    """A call that is right, so that its work can be done."""

    call: _Call
    values: Input
    prepared: object


async def answer_together(info: Info) -> Answer:
    """The answer for one field of an atomic operation. Raises what the operation failed of, at the field that did."""
    context: RequestContext = info.context
    if context.together is None:
        context.together = await _Together(info).answers()
    answer = context.together[str(info.path.key)]
    if isinstance(answer, Exception):
        raise answer
    return cast(Answer, answer)


class _Together:
    """The calls of one operation as one change."""

    def __init__(self, info: Info) -> None:
        self._context: RequestContext = info.context
        self._variables = coerced_variables(info)
        self._calls = [
            _Call(plan.key, cast(Joining, plan.planned), plan.nodes[0], arguments.get(INPUT) or {}, asked)
            for plan, arguments, asked in root_fields(info)
        ]
        self._at = 0
        """The call that is under way."""
        self._all_done = False
        """Whether the work of all is done, so that only COMMIT may fail."""

    async def answers(self) -> Mapping[str, Answer | Exception]:
        """The answer, or the error, for each call, by the names in the answer."""
        found: Sequence[Answer | Exception]
        try:
            found = await self._answers()
        except Exception as error:
            found = self._failed(error)
        finally:
            self._context.loaders.clear()
        return dict(zip((call.name for call in self._calls), found, strict=True))

    async def _answers(self) -> Sequence[Answer]:
        repeats: Repeats | None = None
        try:
            ready = await self._ready()
            repeats = self._repeats(ready)
            done = await self._context.session.write(lambda session: self._done(session, ready, repeats))
        except RepeatedTogether as repeated:
            return self._told(repeated.outcome)
        except Conflict as conflict:
            return self._rejected(conflict.at, [conflict.error])
        except (StatementError, Rejected) as rejection:
            errors = self._calls[self._at].field.errors_of(rejection)
            return await self._kept_rejection(errors, repeats)
        for _, change in done:
            for then in change.afterwards:
                await then()
        return [call.field.payload.answer(result) for call, (result, _) in zip(self._calls, done, strict=True)]

    # The work

    def _in_turn(self) -> Iterator[_Call]:
        """The calls, each of which is under way until the next is asked for."""
        for at, call in enumerate(self._calls):
            self._at = at
            yield call

    async def _ready(self) -> list[_Ready]:
        """All calls, checked before anything is prepared. Raises `Rejected`."""
        viewer, variables = self._context.viewer, self._variables
        values = [call.field.checked(call.given, call.node, variables, viewer) for call in self._in_turn()]
        return [
            _Ready(call, value, await call.field.prepared(value, self._context))
            for call, value in zip(self._in_turn(), values, strict=True)
        ]

    async def _done(
        self, session: RequestSession, ready: Iterable[_Ready], repeats: Repeats | None
    ) -> list[tuple[object, Change]]:
        """The results of one attempt, with their changes. Raises as work does, and `Rejected` for errors beside one."""
        self._all_done = False
        done: list[tuple[object, Change]] = []
        if repeats is not None:
            await repeats.begin(Change(session, self._context))
        for call, (_, values, prepared) in zip(self._in_turn(), ready, strict=True):
            change = Change(session, self._context, PLACE, prepared, Asked(type(values), call.given))
            with asking(call.asking):
                result = await call.field.changed(values, change)
            if errors := call.field.payload.errors_in(result):
                raise Rejected(*errors)
            done.append((result, change))
            await session.forget()
            self._context.loaders.clear()
        if repeats is not None:
            await repeats.done([result for result, _ in done], Change(session, self._context))
        self._all_done = True
        return done

    # Repeats

    def _repeats(self, ready: Sequence[_Ready]) -> Repeats | None:
        """The operation under the clients' own names for its changes; None without any. Raises `Rejected`."""
        named = [
            Named(key, at, call.field.key_place)
            for at, (call, values, _) in enumerate(ready)
            if (key := call.field.key_of(values)) is not None
        ]
        if not named:
            return None
        for call in self._in_turn():
            if not call.field.is_kept:
                message = "This answer is not kept under a key; leave `idempotencyKey` out, or send two operations."
                raise Rejected(InvalidInput(message, PLACE))
        asked = [(call.field.fingerprint_of(values), call.field.key_of(values)) for call, values, _ in ready]
        keys = self._calls[named[0].at].field.keys
        assert keys is not None  # else there are no names
        return Repeats(keys, self._context.viewer.name, named, asked, [call.field.payload for call in self._calls])

    async def _kept_rejection(self, errors: Sequence[UserError], repeats: Repeats | None) -> Sequence[Answer]:
        """The answers when a call is rejected, which are kept where the work had begun."""
        if repeats is None:
            return self._rejected(self._at, errors)
        try:
            await repeats.rejected(self._at, errors, self._context)
        except RepeatedTogether as repeated:
            return self._told(repeated.outcome)
        except Conflict as conflict:
            return self._rejected(conflict.at, [conflict.error])
        return self._rejected(self._at, errors)

    # Answers

    def _told(self, outcome: Outcome) -> Sequence[Answer]:
        return outcome.answers if outcome.cause is None else self._rejected(outcome.cause, outcome.errors)

    def _rejected(self, cause: int, errors: Iterable[UserError]) -> list[Answer]:
        """The answers when a call is rejected: why, and for the others, because of which."""
        name, told = self._calls[cause].name, list(errors)
        return [
            call.field.payload.rejection(told if at == cause else [undone(name)]) for at, call in enumerate(self._calls)
        ]

    def _failed(self, error: Exception) -> list[Answer | Exception]:
        """The answers when a call fails; where the end of the transaction does, nobody knows of any."""
        answers: list[Any] = self._rejected(self._at, ())
        if self._all_done:
            return [error] * len(answers)
        answers[self._at] = error
        return answers
