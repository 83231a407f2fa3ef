"""One run of a plan, level by level.

The objects of one level that share a selection are a batch. A batch begins each of its fields once: a planned field
asks a loader for what all objects need, any other field calls its resolver for each object. What loaders are asked for
on one level is gathered first and then fetched, one statement for each loader, so that branches share statements.
Values go straight to their slots in the answer; what is an object joins a batch of the next level.

Errors are kept where they happened and judged at the end: `graph.execute.null_propagation`.
Source: https://spec.graphql.org/September2025/#sec-Executing-Operations; docs/decisions/0010-level-by-level.md.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLError, GraphQLNonNull, GraphQLObjectType
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path

from graph.execute.completion import Completion, null_in
from graph.execute.level import Batch
from graph.execute.pending import Delivery, PendingAwaitables, Waiting
from graph.execute.response import Place, ResponsePosition, ResponseTree, as_path
from graph.execute.rows import Rows, form_of
from graph.prepare.plan import FieldPlan, Plan, Selection

if TYPE_CHECKING:
    from graph.execute.graphql_core import LevelByLevel
    from graph.loading.level_loader import LevelLoader


class Failure(NamedTuple):
    """What went wrong, and the place that stays empty because of it."""

    slot: ResponsePosition
    error: Exception
    phase: int
    """How often the run had waited before."""


class Load(NamedTuple):
    """Keys that a loader is asked for, and what happens with the values."""

    keys: Sequence[Any]
    then: Callable[[list[Any]], None]
    otherwise: Callable[[Exception], None]


class Run:
    """One operation on its way from the root to the last level."""

    def __init__(self, executor: LevelByLevel, plan: Plan, selection: Selection, root: Any, *, serially: bool) -> None:
        self.executor = executor
        self.context = executor.context_value
        self.selection = selection
        self.failures: list[Failure] = []
        self.phase = 0
        self.plan = plan
        self._ready: list[Batch] = []
        self._next: dict[Selection, Batch] = {}
        self._loads: dict[LevelLoader[Any], list[Load]] = {}
        self._deliveries = PendingAwaitables()
        self._made: list[tuple[Selection, list[dict[str, Any]]]] = []
        self._arguments: dict[FieldPlan, dict[str, Any]] = {}
        self._complete = Completion(self)
        self._walked: ResponseTree | None = None
        self._hopeless = False
        self.fatal: GraphQLError | None = None
        """The error that leaves nothing of the answer."""
        self._root = Batch(self, selection)
        self.answer = self._root.add(root)
        self._fields = list(selection.fields)
        if not serially:
            self._ready.append(self._root)
            self._fields.clear()

    # What fields use

    def below(self, field: FieldPlan, type_: GraphQLObjectType) -> Selection:
        """What is asked of objects of this type below a field."""
        executor = self.executor
        return self.plan.below(field, type_, executor.variable_values, hide_suggestions=executor.hide_suggestions)

    def arguments(self, field: FieldPlan) -> dict[str, Any]:
        """The arguments of a field, coerced; the same for all objects. Raises `GraphQLError`."""
        if not field.takes_arguments:
            return {}
        if field.arguments is not None:
            return field.arguments.values(self.executor.variable_values.coerced)
        if field not in self._arguments:
            executor = self.executor
            self._arguments[field] = get_argument_values(
                field.definition,
                field.nodes[0],
                executor.variable_values,
                field.details[0].fragment_variable_values,
                executor.hide_suggestions,
            )
        return self._arguments[field]

    def load(
        self,
        loader: LevelLoader[Any],
        keys: Sequence[Any],
        then: Callable[[list[Any]], None],
        otherwise: Callable[[Exception], None],
    ) -> None:
        """Ask a loader for the values of these keys; it is asked once for all that this level wants of it."""
        self._loads.setdefault(loader, []).append(Load(keys, then, otherwise))

    def take_rows(self, selection: Selection, rows: Rows) -> list[dict[str, Any]]:
        """The answers of rows, as far as their columns give them; the rest follows on the next level."""
        form = form_of(selection, rows.columns, written=self.executor.written)
        answers = form.answers(self, rows)
        self._made.append((selection, answers))
        if form.steps and answers:
            batch = Batch(self, selection, rows)
            batch.answers, batch.fields = answers, form.steps
            self._ready.append(batch)
        return answers

    def begin(
        self, selection: Selection, fields: Sequence[FieldPlan], sources: Sequence[Any], answers: list[dict[str, Any]]
    ) -> None:
        """Begin some fields of objects whose answers exist already."""
        batch = Batch(self, selection)
        batch.answers, batch.fields = answers, fields
        batch.objects.extend(sources)
        self._ready.append(batch)

    def take(self, selection: Selection, source: Any) -> dict[str, Any]:
        """The answer of one object, which is filled on the next level."""
        batch = self._next.get(selection)
        if batch is None:
            batch = self._next[selection] = Batch(self, selection)
            self._made.append((selection, batch.answers))
        return batch.add(source)

    def note(self, selection: Selection, answers: list[dict[str, Any]]) -> None:
        """Remember objects that a field has filled by itself, so that errors inside find their way."""
        self._made.append((selection, answers))

    def put(self, slot: ResponsePosition, info: Any, value: Any) -> bool:
        """Complete a value and put it into its place; whether that went well."""
        try:
            self._complete.value(slot, info, value)
        except Exception as error:
            self.fail(slot, error)
            return False
        return True

    def fail(self, slot: ResponsePosition, error: Exception) -> None:
        """Leave a place empty because of an error."""
        slot.container[slot.key] = None
        self.failures.append(Failure(slot, error, self.phase))
        if slot.container is self.answer and self.executor.must_rise(slot.type):
            self._hopeless = True

    def fail_all(self, answers: Iterable[dict[str, Any]], field: FieldPlan, error: Exception) -> None:
        """Leave a field empty in all of these answers."""
        for answer in answers:
            self.fail(slot_of(answer, field), error)

    def fill(self, batch: Batch, field: FieldPlan, values: Iterable[dict[str, Any] | None]) -> None:
        """Put the answers of other objects, or null, into a field of a batch's answers."""
        key, may_be_null = field.key, not isinstance(field.type, GraphQLNonNull)
        for answer, value in zip(batch.answers, values, strict=True):
            if value is None and not may_be_null:
                slot = slot_of(answer, field)
                self.fail(slot, null_in(slot))
            else:
                answer[key] = value

    def waiting(self, awaitable: Awaitable[Any], slot: ResponsePosition, info: Any) -> Waiting:
        """A value that is still to come, for a place."""

        def put(value: Any) -> None:
            self.put(slot, info, value)

        return Waiting(awaitable, put, slot)

    def later(self, slot: ResponsePosition, awaitable: Awaitable[Any], then: Callable[[Any], None]) -> None:
        """Go on with a place when something that it hangs on is known."""

        def go_on(value: Any) -> None:
            try:
                then(value)
            except Exception as error:
                self.fail(slot, error)

        self.wait_for([Waiting(awaitable, go_on, slot)])

    def wait_for(self, waiting: list[Waiting]) -> None:
        """Go on when all of these have been delivered, or one has failed."""
        self._deliveries.expect(waiting)

    def resolve(self, batch: Batch, field: FieldPlan) -> None:
        """Call a field's resolver for each object."""
        executor = self.executor
        resolver = field.definition.resolve or executor.field_resolver
        waiting: list[Waiting] = []
        is_awaitable = executor.is_awaitable
        executor.count_fields(len(batch.answers))
        if field.planned is not None and field.planned.read is not None:
            self._read(batch, field, field.planned.read)
            return
        for source, answer in zip(batch.objects, batch.answers, strict=True):
            slot = slot_of(answer, field)
            try:
                info = self.info(slot)
                value = resolver(source, info, **self.arguments(field))
                if is_awaitable(value):
                    waiting.append(self.waiting(value, slot, info))
                else:
                    self._complete.value(slot, info, value)
            except Exception as error:
                self.fail(slot, error)
                if self._hopeless and not self.phase:
                    break
        if waiting:
            self.wait_for(waiting)

    def _read(self, batch: Batch, field: FieldPlan, read: Callable[[Any], Any]) -> None:
        for source, answer in zip(batch.objects, batch.answers, strict=True):
            slot = slot_of(answer, field)
            try:
                self._complete.value(slot, None, read(source))
            except Exception as error:
                self.fail(slot, error)

    def info(self, slot: ResponsePosition) -> Any:
        """What a resolver is told of its field."""
        field = slot.field
        place: Any = Place(lambda: self.path(slot))
        return self.executor.build_resolve_info(field.definition, field.nodes, field.parent, place)

    def path(self, slot: ResponsePosition) -> Path:
        """Where a place stands; the first of several.

        What was walked once serves all that stood there then: a level asks for many paths, one after the other.
        """
        chain = next(self._walked.chains(slot), None) if self._walked else None
        if chain is None:
            self._walked = self.grown()
            chain = next(self._walked.chains(slot), (slot,))
        return as_path(chain)

    def grown(self) -> ResponseTree:
        """The answer as far as it has grown."""
        found = {id(answer): selection for selection, answers in self._made for answer in answers}
        return ResponseTree(self.answer, self.selection, found)

    # How it goes on

    def start(self) -> bool:
        """Go as far as possible without waiting; whether there is something to wait for."""
        while True:
            self._levels()
            if self.failures and not self.phase and (self._hopeless or self._deliveries) and self._judge():
                return False
            if self._loads or self._deliveries:
                return True
            if not self._fields or self._judge():
                return False
            self._begin(self._root, self._fields.pop(0))

    async def finish(self) -> None:
        """Go on to the end."""
        try:
            await self._round()
            while self.start():
                await self._round()
        except BaseException:
            self._deliveries.close()
            raise

    def release(self) -> None:
        """Let go of what holds this run in turn, so that all of it is freed at once and not by the collector."""
        self._made.clear()
        self._walked = None
        del self._complete, self._root

    def _judge(self) -> bool:
        """Let nulls rise, and stop what they make needless; whether nothing is left."""
        self._walked = None
        verdict = self.executor.judged(self)
        if verdict.fatal is not None:
            self._abandon()
            return True
        self._drop(verdict.gone)
        return False

    def _levels(self) -> None:
        while self._ready or self._next:
            batches = [*self._ready, *self._next.values()]
            self._ready, self._next = [], {}
            for level, field in ((batch, field) for batch in batches for field in batch.fields):
                self._begin(level, field)
                if self._hopeless and not self.phase:  # what resolvers raise at once stops their siblings
                    return

    def _begin(self, batch: Batch, field: FieldPlan) -> None:
        if field.planned is not None and field.planned.begin is not None:
            self.executor.count_fields(len(batch.answers))
            self._begin_planned(batch, field, field.planned.begin)
        else:
            self.resolve(batch, field)

    def _begin_planned(self, batch: Batch, field: FieldPlan, begin: Callable[[Batch, FieldPlan], None]) -> None:
        try:
            begin(batch, field)
        except Exception as error:
            self.fail_all(batch.answers, field, error)

    async def _round(self) -> None:
        """Fetch what this level has asked for; if it asked for nothing, wait for resolvers.

        After a failure, what is ready anyway is taken, and told if it fails too; then nulls rise, and what they make
        needless is not waited for.
        """
        self.phase += 1
        if not self._loads:
            found = await (self._deliveries.soon() if self.failures else self._deliveries.next())
            self._deliver(found)
            if not found:
                self._judge()
            return
        self._deliveries.start()
        loads, self._loads = self._loads, {}
        for loader, wanted in loads.items():
            await self._fetch(loader, wanted)
        self._deliver(self._deliveries.due())

    def _deliver(self, deliveries: Iterable[Delivery]) -> None:
        for waiting, value in deliveries:
            if isinstance(value, Exception):
                self.fail(waiting.slot, value)
            else:
                waiting.then(value)

    async def _fetch(self, loader: LevelLoader[Any], wanted: list[Load]) -> None:
        keys = wanted[0].keys if len(wanted) == 1 else [key for load in wanted for key in load.keys]
        try:
            values = await loader.level(keys)
        except Exception as error:
            for load in wanted:
                load.otherwise(error)
            return
        start = 0
        for load in wanted:
            end = start + len(load.keys)
            try:
                load.then(values if len(wanted) == 1 else values[start:end])
            except Exception as error:
                load.otherwise(error)
            start = end

    def _abandon(self) -> None:
        """Stop what nobody waits for any more."""
        self._loads, self._ready, self._next, self._fields = {}, [], {}, []
        self._drop(lambda _: True)

    def _drop(self, gone: Callable[[ResponsePosition], bool]) -> None:
        if left := self._deliveries.drop(gone):
            self.executor.settle_in_background(left)


def slot_of(answer: dict[str, Any], field: FieldPlan) -> ResponsePosition:
    """The place of a field in an object's answer."""
    return ResponsePosition(answer, field.key, field.type, field)
