"""The work of one run: what is begun next, which loaders are asked, what is waited for, and the response that grows.

Levels add to the work, the scheduler takes from it. Nothing here decides what is done next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLOutputType
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path

from db.unreadable import UnreadableValue
from graph import errors
from graph.errors import AnswerTooLarge
from graph.execute.pending import PendingAwaitables, Waiting
from graph.execute.response import LazyPath, ResponseObject, ResponsePosition, ResponseTree, as_path
from graph.execute.rows import RowProjection
from graph.execute.size import AnswerSize
from graph.loading.asking import Asking
from graph.prepare.error_behavior import ErrorBehavior
from graph.prepare.fields import FieldPlan, Rows, Selection
from graph.prepare.late import holds_late
from graph.prepare.plan import Plan

if TYPE_CHECKING:
    from graph.context import RequestContext
    from graph.loading.level_loader import LevelLoader


MAX_FAILURES = 10_000
"""Failures that keep their errors: each holds its traceback, and that the frames of functions."""
UNNAMED = errors.Unnamed()


class Load(NamedTuple):
    """Keys that a loader is asked for, and what happens with the values."""

    keys: Sequence[Any]
    then: Callable[[list[Any]], None]
    otherwise: Callable[[Exception], None]
    field: FieldPlan
    """The field that asks."""


class Failure(NamedTuple):
    """What went wrong, and the position that stays empty because of it."""

    position: ResponsePosition
    error: Exception
    phase: int
    """How often the run had waited before."""


class Objects:
    """Objects of one type on one level: what resolvers know of them, and what the response shows of them."""

    __slots__ = ("fields", "made", "rows", "selection", "taken")

    def __init__(
        self,
        selection: Selection,
        made: list[ResponseObject],
        taken: list[Any] | None = None,
        rows: Rows | None = None,
        fields: Sequence[FieldPlan] | None = None,
    ) -> None:
        self.selection = selection
        self.made = made
        """The objects of the response."""
        self.fields = selection.steps if fields is None else fields
        """The fields that are still to be begun."""
        self.rows = rows
        """Where they come from, when they are rows."""
        self.taken = taken
        """The objects as resolvers know them; of rows they are made when the first resolver asks."""

    def part(self, members: Sequence[int]) -> Objects:
        """Some of these objects, by their positions among them."""
        return Objects(
            self.selection,
            [self.made[member] for member in members],
            None if self.taken is None else [self.taken[member] for member in members],
            None if self.rows is None else self.rows._replace(rows=[self.rows.rows[member] for member in members]),
            self.fields,
        )

    @property
    def sources(self) -> list[Any]:
        """The objects as resolvers know them."""
        if self.taken is None:
            assert self.rows is not None
            self.taken = self.rows.objects()
        return self.taken


class Work:
    """What one run has still to do, and the response that it has made."""

    def __init__(
        self,
        plan: Plan,
        selection: Selection,
        variables: VariableValues,
        context: RequestContext,
        make_executor: Callable[[], Executor[Any]],
        is_awaitable: Callable[[Any], TypeGuard[Awaitable[Any]]],
        *,
        hide_suggestions: bool,
        on_error: ErrorBehavior,
        for_json: bool,
        size: AnswerSize,
        turn_s: float = inf,
        traced: bool = False,
    ) -> None:
        self.plan = plan
        self.selection = selection
        self.context = context
        self.root: ResponseObject = selection.blank.copy()
        """The response: an object with what is selected at the root."""
        self.size = size
        """How large the response is already."""
        self.too_large: AnswerTooLarge | None = None
        """Said when it has become larger than it may; nothing more is begun then."""
        self.failures: list[Failure] = []
        """What went wrong and is not reported yet."""
        self.ready: list[Objects] = []
        """Objects whose fields are begun next."""
        self.next: dict[Selection, Objects] = {}
        """Objects of resolvers whose fields are begun next, together for each selection."""
        self.put_off_fields: list[tuple[Objects, FieldPlan]] = []
        """Fields that have been begun for some objects, and are to be begun for these in the next turn."""
        self._turn_s = turn_s
        self.turn_ends: float | None = None
        """When others are to have their turns; None in a turn that has called no resolver yet."""
        self.loads: dict[LevelLoader[Any], list[Load]] = {}
        """What this level asks of each loader."""
        self.pending: PendingAwaitables | None = None
        """What resolvers have returned to be waited for, if there was any."""
        self.phase = 0
        """How often the run has waited."""
        self.is_hopeless = False
        """Whether a failure ends the run at once.

        Any does under `HALT`, else one that leaves nothing and came at once, and a response that is too large.
        """
        self.on_error = on_error
        """What an error does to what is around it."""
        self.traced = traced
        """Whether somebody wants to know which field asks for which statement."""
        self.made_executor: Executor[Any] | None = None
        self.is_awaitable = is_awaitable
        """Whether a resolver's value is still to come."""
        self._made: list[tuple[Selection, Sequence[ResponseObject]]] = []
        self._walked: ResponseTree | None = None
        self._variables = variables
        self._hide_suggestions = hide_suggestions
        self._for_json = for_json
        self._arguments: dict[FieldPlan, dict[str, Any]] = {}
        self._late: dict[FieldPlan, bool] = {}
        self._make_executor = make_executor

    @property
    def executor(self) -> Executor[Any]:
        """graphql-core's executor of this operation, for what it knows: types at run time, what resolvers are told.

        Made when it is first needed: a query of mapped fields never does.
        """
        if self.made_executor is None:
            self.made_executor = self._make_executor()
        return self.made_executor

    @property
    def is_complete(self) -> bool:
        """Whether nothing has failed so far, and nothing that a resolver has returned is still to come."""
        return not self.failures and not (self.pending is not None and self.pending.groups)

    def below(self, field: FieldPlan, type_: GraphQLObjectType) -> Selection:
        """What is asked of objects of this type below a field."""
        return self.plan.below(field, type_, self._variables, hide_suggestions=self._hide_suggestions)

    def arguments(self, field: FieldPlan) -> dict[str, Any]:
        """The arguments of a field, coerced; the same for all objects. Raises `GraphQLError`."""
        if not field.takes_arguments:
            return {}
        if field.arguments is not None:
            return field.arguments.values(self._variables.coerced)
        if field not in self._arguments:
            self._arguments[field] = get_argument_values(
                field.definition,
                field.nodes[0],
                self._variables,
                field.details[0].fragment_variable_values,
                self._hide_suggestions,
            )
        return self._arguments[field]

    def is_late(self, field: FieldPlan, arguments: Mapping[str, Any]) -> bool:
        """Whether something in the arguments of a field is known at the run alone."""
        found = self._late.get(field)
        if found is None:
            found = self._late[field] = holds_late(arguments)
        return found

    def rows(self, selection: Selection, rows: Rows) -> list[ResponseObject]:
        """The objects of rows, as far as their columns give them; the other fields are begun next."""
        columns, for_json = rows.columns, self._for_json
        projection = selection.remember(
            RowProjection, lambda: RowProjection(selection, columns, for_json=for_json), (columns, for_json)
        )
        try:
            made = projection.project(rows.rows)
        except Exception:  # whatever it is, it will be met again where it can be placed
            made = projection.one_by_one(rows.rows, self.fail)
        if self.size.counts_rows:
            projection.count(made, self.size, holds_lengths=self.context.session.holds_lengths)
        self._made.append((selection, made))
        if projection.steps and made:
            self.ready.append(Objects(selection, made, rows=rows, fields=projection.steps))
        return made

    def objects(self, selection: Selection, sources: list[Any]) -> Objects:
        """New objects of the response for these sources; their fields are not begun."""
        blank = selection.blank
        self.size.add(len(sources) * selection.key_bytes)
        made = [blank.copy() for _ in sources]
        self._made.append((selection, made))
        return Objects(selection, made, sources)

    def take(self, selection: Selection, source: Any) -> ResponseObject:
        """The object of the response for one source, whose fields are begun together with others of its selection."""
        objects = self.next.get(selection)
        if objects is None:
            objects = self.next[selection] = self.objects(selection, [])
        self.size.add(selection.key_bytes)
        made = selection.blank.copy()
        objects.made.append(made)
        objects.sources.append(source)
        return made

    def tree(self) -> ResponseTree:
        """The response as it stands now, walked anew."""
        found = {id(made): selection for selection, objects in self._made for made in objects}
        self._walked = ResponseTree(self.root, self.selection, found)
        return self._walked

    def path(self, position: ResponsePosition) -> Path:
        """Where a position stands; the first place of several.

        What was walked once serves all that stood there then: a level asks for many paths, one after the other.
        """
        chain = next(self._walked.chains(position), None) if self._walked else None
        if chain is None:
            chain = next(self.tree().chains(position), (position,))
        return as_path(chain)

    def forget_paths(self) -> None:
        """Walk anew for the next path, because nulls have emptied positions."""
        self._walked = None

    def must_rise(self, type_: GraphQLOutputType) -> bool:
        """Whether an error in a position of this type empties what is around it."""
        if self.on_error is ErrorBehavior.PROPAGATE:
            return isinstance(type_, GraphQLNonNull)
        return self.on_error is ErrorBehavior.HALT

    def fail(self, position: ResponsePosition, error: Exception) -> None:
        """Leave a position empty because of an error."""
        position.container[position.key] = None
        if isinstance(error, AnswerTooLarge):
            self.too_large, self.is_hopeless = error, True
            return
        if len(self.failures) >= MAX_FAILURES:
            error = UNNAMED
        elif isinstance(error, UnreadableValue):
            error = errors.UnreadableField().with_traceback(error.__traceback__)
        self.failures.append(Failure(position, error, self.phase))
        at_once = not self.phase and position.container is self.root and self.must_rise(position.type)
        if at_once or self.on_error is ErrorBehavior.HALT:
            self.is_hopeless = True

    def later(self, position: ResponsePosition, awaitable: Awaitable[Any], then: Callable[[Any], None]) -> None:
        """Go on with a position when something that it hangs on is known."""

        def go_on(value: Any) -> None:
            try:
                then(value)
            except Exception as error:
                self.fail(position, error)

        self.expect([Waiting(awaitable, go_on, position)])

    def expect(self, members: list[Waiting]) -> None:
        """Go on when all of these have been delivered, or one has failed."""
        if self.pending is None:
            self.pending = PendingAwaitables(self.asking if self.traced else None)
        self.pending.expect(members)

    def info(self, position: ResponsePosition) -> Any:
        """What a resolver is told of its field: graphql-core's `GraphQLResolveInfo`."""
        field = position.field
        path: Any = LazyPath(lambda: self.path(position))
        return self.executor.build_resolve_info(field.definition, field.nodes, field.parent, path)

    def asking(self, *fields: FieldPlan) -> Asking:
        """These fields, as those who ask for a statement."""
        return Asking(self.plan, tuple(dict.fromkeys(fields)))

    def is_over_its_turn(self) -> bool:
        """Whether other operations are to have their turns; a turn's time runs from when this is first asked."""
        now = perf_counter()
        if self.turn_ends is None:
            self.turn_ends = now + self._turn_s
        return now > self.turn_ends

    def put_off(self, objects: Objects, field: FieldPlan) -> None:
        """Begin a field for these objects in the next turn, before anything else."""
        self.put_off_fields.append((objects, field))

    def abandon(self) -> None:
        """Begin nothing more, and stop what is waited for."""
        self.loads, self.ready, self.next, self.put_off_fields = {}, [], {}, []
        self.drop(lambda _: True)

    def drop(self, is_gone: Callable[[ResponsePosition], bool]) -> None:
        """Stop what is waited for by positions that are gone."""
        if self.pending is not None and (left := self.pending.drop(is_gone)):
            self.executor.settle_in_background(left)

    def release(self) -> None:
        """Let go of what holds this work in turn, so that all of it is freed at once and not by the collector."""
        self._made.clear()
        self._walked = None
        self.made_executor = None
        del self._make_executor
