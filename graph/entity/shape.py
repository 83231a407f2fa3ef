"""What is selected of a connection, and how its parts are filled for all parents of a level.

The selection below a connection's field enters once; the shape knows which columns the rows need and which statements
the parts need. Connections of one level begin together: one statement reads their pages, the rows of all pages become
answers at once, and each connection gets its share. Source: https://relay.dev/graphql/connections.htm
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, cast

from graphql import GraphQLObjectType

from db.relations import Visibility
from db.statements import Key
from graph.entity.pages import ConnectionPlan, ConnectionValue, PageInfoValue
from graph.execute.rows import Rows
from graph.execute.scheduler import Run, slot_of
from graph.loading.counted_pages import Counted, counted_pages, may_count_with_page
from graph.loading.loaders import ListQuery, Order, Projection
from graph.loading.loaders import Rows as FoundRows
from graph.prepare.plan import FieldPlan, Selection

Answers = list[dict[str, Any]]


class ConnectionShape:
    """The parts of a connection that are selected."""

    def __init__(self, run: Run, selection: Selection) -> None:
        self._selection = selection
        parts = dict(selection.by_name)
        self._blank = blank_of(selection)
        parts.pop("__typename", None)
        self._nodes = [(field, _below(run, field)) for field in parts.pop("nodes", ())]
        self._edges = [(field, _EdgeShape(run, _below(run, field))) for field in parts.pop("edges", ())]
        self._infos = [(field, _below(run, field)) for field in parts.pop("pageInfo", ())]
        self._parts = [field for field, _ in (*self._nodes, *self._edges, *self._infos)]
        self._totals = parts.pop("totalCount", [])
        self._others = [field for fields in parts.values() for field in fields]
        shown = [selection for _, selection in self._nodes]
        shown += [selection for _, edge in self._edges for _, selection in edge.nodes]
        columns = sorted({name for selection in shown for name in selection.needs})
        cursors = any(edge.cursors for _, edge in self._edges) or any(
            name in info.by_name for _, info in self._infos for name in ("startCursor", "endCursor")
        )
        self.wanted = Projection(tuple(columns), cursors)
        """What must be read of each row."""
        self.settled: tuple[Visibility, ListQuery, Order] | None = None
        """Which list is meant and in which order, where no variable says so: for a visibility."""

    def begin(self, run: Run, plan: ConnectionPlan, keys: Sequence[Key]) -> Answers:
        """Begin all parts for the connections of these parents. The answers are filled later."""
        blank = self._blank
        answers = [blank.copy() for _ in keys]
        run.note(self._selection, answers)
        together = self._parts and self._totals and keys == [()]
        if together and may_count_with_page(plan.listing, plan.window, plan.wanted):
            run.load(
                counted_pages(plan.loaders, plan.listing, plan.order, plan.window, plan.wanted),
                keys,
                lambda found: self._fill_counted(run, plan, keys, answers, found),
                lambda error: _fail(run, answers, [*self._parts, *self._totals], error),
            )
        else:
            self._load(run, plan, keys, answers)
        if self._others:
            run.begin(self._selection, self._others, [ConnectionValue(plan, key) for key in keys], answers)
        return answers

    def _load(self, run: Run, plan: ConnectionPlan, keys: Sequence[Key], answers: Answers) -> None:
        """Ask for the pages, and for the number of all rows, as far as they are selected."""
        if self._parts:
            run.load(
                plan.loaders.pages(plan.listing, plan.order, plan.window, plan.wanted),
                keys,
                lambda found: self._fill(run, plan, keys, answers, found),
                lambda error: _fail(run, answers, self._parts, error),
            )
        if self._totals:
            run.load(
                plan.loaders.counts(plan.listing),
                keys,
                lambda counts: self._count(run, answers, counts),
                lambda error: _fail(run, answers, self._totals, error),
            )

    def _fill(
        self, run: Run, plan: ConnectionPlan, keys: Sequence[Key], answers: Answers, found: Sequence[FoundRows]
    ) -> None:
        shown = plan.window.shown(found)
        together = shown[0] if len(shown) == 1 else list(chain.from_iterable(shown))
        rows = Rows(together, plan.wanted.columns, plan.entity.instance)
        for field, selection in self._nodes:
            _share(answers, field, shown, run.take_rows(selection, rows))
        if not self._edges and not self._infos:
            return
        values = [ConnectionValue(plan, key) for key in keys]
        for field, edge in self._edges:
            cursors = (value.cursor(row) for value, of_one in zip(values, shown, strict=True) for row in of_one)
            _share(answers, field, shown, edge.answers(run, rows, list(cursors) if edge.cursors else ()))
        for field, selection in self._infos:
            for answer, value, of_one in zip(answers, values, found, strict=True):
                answer[field.key] = run.take(selection, PageInfoValue(value, plan.window.page(of_one)))

    def _fill_counted(
        self, run: Run, plan: ConnectionPlan, keys: Sequence[Key], answers: Answers, found: Sequence[Counted]
    ) -> None:
        self._fill(run, plan, keys, answers, [counted.rows for counted in found])
        self._count(run, answers, [counted.total for counted in found])

    def _count(self, run: Run, answers: Answers, counts: Sequence[int]) -> None:
        for field in self._totals:
            for answer, count in zip(answers, counts, strict=True):
                run.put(slot_of(answer, field), None, count)


class _EdgeShape:
    """What is selected of edges."""

    def __init__(self, run: Run, selection: Selection) -> None:
        self._selection = selection
        self._blank = blank_of(selection)
        self.nodes = [(field, _below(run, field)) for field in selection.by_name.get("node", ())]
        self.cursors = selection.by_name.get("cursor", [])

    def answers(self, run: Run, rows: Rows, cursors: Iterable[str]) -> Answers:
        """The edges of these rows."""
        answers = [self._blank.copy() for _ in rows.rows]
        run.note(self._selection, answers)
        for field in self.cursors:
            for answer, cursor in zip(answers, cursors, strict=True):
                answer[field.key] = cursor
        for field, selection in self.nodes:
            for answer, node in zip(answers, run.take_rows(selection, rows), strict=True):
                answer[field.key] = node
        return answers


def shape_of(run: Run, field: FieldPlan) -> ConnectionShape:
    """The shape of a connection's field, worked out once where no variable changes what is selected."""
    selection = _below(run, field)
    if not run.plan.fixed:
        return ConnectionShape(run, selection)
    if selection.shape is None:
        selection.shape = ConnectionShape(run, selection)
    return cast(ConnectionShape, selection.shape)


def blank_of(selection: Selection) -> dict[str, Any]:
    """An answer without values, but with the name of its type where that is selected."""
    names = dict.fromkeys((field.key for field in selection.by_name.get("__typename", ())), selection.type.name)
    return selection.blank | names


def _below(run: Run, field: FieldPlan) -> Selection:
    return run.below(field, cast(GraphQLObjectType, field.named_type))


def _share(answers: Answers, field: FieldPlan, shown: Sequence[FoundRows], all_of_them: Answers) -> None:
    """Give each connection the answers of its own rows."""
    key, start = field.key, 0
    for answer, rows in zip(answers, shown, strict=True):
        end = start + len(rows)
        answer[key] = all_of_them[start:end]
        start = end


def _fail(run: Run, answers: Answers, fields: Iterable[FieldPlan], error: Exception) -> None:
    for field in fields:
        run.fail_all(answers, field, error)
