"""The work of one run: what is begun next, which loaders are asked, what is waited for, and the response that grows.

Levels add to the work, the scheduler takes from it. Nothing here decides what is done next.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLOutputType
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_argument_values

from graph.execute.pending import PendingAwaitables, Waiting
from graph.execute.response import Failure, LazyPath, Response, ResponseObject, ResponsePosition
from graph.execute.rows import RowProjection
from graph.prepare.fields import FieldPlan, Rows, Selection
from graph.prepare.plan import Plan

if TYPE_CHECKING:
    from graph.context import RequestContext
    from graph.loading.level_loader import LevelLoader


class Load(NamedTuple):
    """Keys that a loader is asked for, and what happens with the values."""

    keys: Sequence[Any]
    then: Callable[[list[Any]], None]
    otherwise: Callable[[Exception], None]


class Objects:
    """Objects of one type on one level: what resolvers know of them, and what the response shows of them."""

    __slots__ = ("_rows", "_sources", "fields", "made", "selection")

    def __init__(
        self,
        selection: Selection,
        made: list[ResponseObject],
        sources: Sequence[Any] | None = None,
        rows: Rows | None = None,
        fields: Sequence[FieldPlan] | None = None,
    ) -> None:
        self.selection = selection
        self.made = made
        """The objects of the response."""
        self.fields = selection.steps if fields is None else fields
        """The fields that are still to be begun."""
        self._sources = sources
        self._rows = rows

    @property
    def sources(self) -> Sequence[Any]:
        """The objects as resolvers know them; of rows they are made when the first resolver asks."""
        if self._sources is None:
            assert self._rows is not None
            self._sources = self._rows.objects()
        return self._sources

    def keys(self, names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of these attributes for each object."""
        if self._rows is not None:
            return self._rows.keys(names)
        return [tuple([getattr(source, name) for name in names]) for source in self.sources]


class Work:
    """What one run has still to do, and what it has made."""

    def __init__(
        self,
        plan: Plan,
        selection: Selection,
        variables: VariableValues,
        context: RequestContext,
        make_executor: Callable[[], Executor[Any]],
        *,
        hide_suggestions: bool,
        rising: bool,
        for_json: bool,
    ) -> None:
        self.plan = plan
        self.context = context
        self.response = Response(selection)
        self.ready: list[Objects] = []
        """Objects whose fields are begun next."""
        self.loads: dict[LevelLoader[Any], list[Load]] = {}
        """What this level asks of each loader."""
        self.pending: PendingAwaitables | None = None
        """What resolvers have returned to be waited for, if there was any."""
        self.phase = 0
        """How often the run has waited."""
        self.is_hopeless = False
        """Whether a failure leaves nothing of the response."""
        self.rising = rising
        """Whether a null rises: graphql-core has a directive that stops it."""
        self._next: dict[Selection, Objects] = {}
        self._variables = variables
        self._hide_suggestions = hide_suggestions
        self._for_json = for_json
        self._arguments: dict[FieldPlan, dict[str, Any]] = {}
        self._make_executor = make_executor
        self.made_executor: Executor[Any] | None = None

    @property
    def executor(self) -> Executor[Any]:
        """graphql-core's executor of this operation, for what it knows: types at run time, what resolvers are told.

        Made when it is first needed: a query of mapped fields never does.
        """
        if self.made_executor is None:
            self.made_executor = self._make_executor()
        return self.made_executor

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

    def load(self, loader: LevelLoader[Any], load: Load) -> None:
        """Ask a loader for keys; it is asked once for all that this level wants of it."""
        self.loads.setdefault(loader, []).append(load)

    def rows(self, selection: Selection, rows: Rows) -> list[ResponseObject]:
        """The objects of rows, as far as their columns give them; the other fields are begun next."""
        columns, for_json = rows.columns, self._for_json
        projection = selection.remember(
            (columns, for_json), lambda: RowProjection(selection, columns, for_json=for_json)
        )
        made = projection.objects(rows.rows, self.fail)
        self.response.note(selection, made)
        if projection.steps and made:
            self.ready.append(Objects(selection, made, rows=rows, fields=projection.steps))
        return made

    def objects(self, selection: Selection, sources: Sequence[Any]) -> Objects:
        """New objects of the response for these sources; their fields are not begun."""
        blank = selection.blank
        made = [blank.copy() for _ in sources]
        self.response.note(selection, made)
        return Objects(selection, made, sources)

    def take(self, selection: Selection, source: Any) -> ResponseObject:
        """The object of the response for one source, whose fields are begun together with others of its selection."""
        objects = self._next.get(selection)
        if objects is None:
            objects = self._next[selection] = Objects(selection, [], [])
            self.response.note(selection, objects.made)
        made = selection.blank.copy()
        objects.made.append(made)
        objects.sources.append(source)  # type: ignore[attr-defined]  # the list from two lines above
        return made

    def taken(self) -> list[Objects]:
        """The objects whose fields are begun now."""
        ready = [*self.ready, *self._next.values()]
        self.ready, self._next = [], {}
        return ready

    def must_rise(self, type_: GraphQLOutputType) -> bool:
        """Whether an error in a position of this type empties what is around it."""
        return self.rising and isinstance(type_, GraphQLNonNull)

    def fail(self, position: ResponsePosition, error: Exception) -> None:
        """Leave a position empty because of an error."""
        position.container[position.key] = None
        self.response.failures.append(Failure(position, error, self.phase))
        if position.container is self.response.root and self.must_rise(position.type):
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
            self.pending = PendingAwaitables()
        self.pending.expect(members)

    def info(self, position: ResponsePosition) -> Any:
        """What a resolver is told of its field: graphql-core's `GraphQLResolveInfo`."""
        field = position.field
        path: Any = LazyPath(lambda: self.response.path(position))
        return self.executor.build_resolve_info(field.definition, field.nodes, field.parent, path)

    def abandon(self) -> None:
        """Begin nothing more, and stop what is waited for."""
        self.loads, self.ready, self._next = {}, [], {}
        self.drop(lambda _: True)

    def drop(self, is_gone: Callable[[ResponsePosition], bool]) -> None:
        """Stop what is waited for by positions that are gone."""
        if self.pending and (left := self.pending.drop(is_gone)):
            self.executor.settle_in_background(left)

    def release(self) -> None:
        """Let go of what holds this work in turn, so that all of it is freed at once and not by the collector."""
        self.response.release()
        self.made_executor = None
        del self._make_executor
