"""What an operation costs, before it is run: an upper bound of statements, rows and values, and the work of databases.

Pages multiply what is below them. The cost of each fragment is worked out once, so the work is linear in the document,
however often fragments spread one another. Source of the idea: docs/decisions/0004-price-before-running.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    get_named_type,
    is_composite_type,
    value_from_ast_untyped,
)

from graph.prepare.fields import Call, CostRule, PlannedField, own_resolver, planned
from graph.prepare.introspection import SCHEMA, TYPE, Introspection
from graph.prepare.limits import Limits
from graph.prepare.plan import CONDITIONS
from graph.prepare.work import MEASURE, SCAN, InputWorks

_LEAVES_IN = {"include": True, "skip": False}
assert _LEAVES_IN.keys() == CONDITIONS

VALUES_PER_CALL = 10
"""What a resolver of somebody's own counts as: to call an empty one takes as long as ten values of a row, 5 µs."""


@dataclass(frozen=True)
class Document:
    """What must be known of an operation to tell its cost."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    """The operation's variables, coerced."""
    max_page: int
    """The most rows of one page."""
    max_introspected: int
    """The most values of introspection; more are not counted out."""
    works: InputWorks
    """What the arguments of fields ask of databases, by their types."""

    def includes(self, node: SelectionNode) -> bool:
        """Whether `@skip` and `@include` leave the node in."""
        return not any(
            (name := directive.name.value) in CONDITIONS
            and bool(self.arguments(directive.arguments).get("if")) is not _LEAVES_IN[name]
            for directive in node.directives or ()
        )

    def arguments(self, nodes: Iterable[ArgumentNode] | None) -> dict[str, Any]:
        """The values of arguments as they are written, variables filled in; they are not coerced to their types."""
        variables = dict(self.variables)
        return {node.name.value: value_from_ast_untyped(node.value, variables) for node in nodes or ()}


class Cost(NamedTuple):
    """What a selection costs for one parent. What is `per_row` waits for the connection that it is part of."""

    statements: int = 0
    rows: int = 0
    values: int = 0
    """Fields in the answer, of objects and of lists' elements."""
    page: bool = False
    """Whether a page of the connection around it is read."""
    rows_per_row: int = 0
    """Rows that each row of that page brings with it."""
    values_per_row: int = 0
    reads_itself: bool = False
    """Whether a resolver of somebody's own is asked that may send statements besides those counted here."""
    introspected: int = 0
    """Those of the values that introspection answers with; graphql-core makes them one by one."""
    work: int = 0
    """What filters, orders and aggregates ask of databases, over all statements."""
    scans: int = 0
    """Statements that read all rows of the list around them."""
    measures: int = 0
    """What one such statement computes."""

    def is_over(self, limits: Limits) -> bool:
        """Whether it is more than somebody may ask for."""
        return (
            self.statements > limits.max_statements
            or self.rows > limits.max_rows
            or self.values > limits.max_values
            or self.introspected > limits.max_introspected
            or self.work > limits.max_work
        )

    def plus(self, other: "Cost") -> "Cost":
        """Both of them."""
        return Cost(
            self.statements + other.statements,
            self.rows + other.rows,
            self.values + other.values,
            self.page or other.page,
            self.rows_per_row + other.rows_per_row,
            self.values_per_row + other.values_per_row,
            self.reads_itself or other.reads_itself,
            self.introspected + other.introspected,
            self.work + other.work,
            self.scans + other.scans,
            self.measures + other.measures,
        )


def cost_of(document: Document, operation: OperationDefinitionNode) -> Cost:
    """The cost of an operation. Rows are summed over all levels; statements are counted once per level and field."""
    root = document.schema.get_root_type(operation.operation)
    return _Costing(document).selections(root, operation.selection_set.selections) if root else Cost()


class _Costing:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._fragments: dict[str, Cost] = {}

    def selections(self, parent: GraphQLNamedType | None, selections: Iterable[SelectionNode]) -> Cost:
        total = Cost()
        called: set[Call] = set()
        for selection in selections:
            if self._document.includes(selection):
                total = total.plus(self._selection(parent, selection, called))
        return total

    def _selection(self, parent: GraphQLNamedType | None, selection: SelectionNode, called: set[Call]) -> Cost:
        if isinstance(selection, FieldNode):
            return self._field(parent, selection, called) if is_composite_type(parent) else Cost()
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = self._document.schema.get_type(condition.name.value) if condition else parent
            return self.selections(inner, selection.selection_set.selections)
        if isinstance(selection, FragmentSpreadNode):
            return self._fragment(selection.name.value)
        return Cost()

    def _fragment(self, name: str) -> Cost:
        if name not in self._fragments:
            fragment = self._document.fragments.get(name)
            self._fragments[name] = Cost()
            if fragment is not None:
                condition = self._document.schema.get_type(fragment.type_condition.name.value)
                self._fragments[name] = self.selections(condition, fragment.selection_set.selections)
        return self._fragments[name]

    def _field(self, parent: GraphQLCompositeType, node: FieldNode, called: set[Call]) -> Cost:
        definition = self._document.schema.get_field(parent, node.name.value)
        if definition is None:
            return Cost()
        if node.name.value in (SCHEMA, TYPE):
            return self._introspected(node)
        named = get_named_type(definition.type)
        below = self.selections(named, node.selection_set.selections) if node.selection_set else Cost()
        if parent is self._document.schema.subscription_type:
            source = planned(definition)
            if source is None:
                return _of_event(node, below)
            return below._replace(values=1 + below.values, work=below.work + self._asked(source, definition, node))
        if _reads_itself(definition):
            below = below._replace(reads_itself=True)
        below = below._replace(values=below.values + _called(definition, node, called))
        field = planned(definition)
        if field is not None:
            work, scans, measures = self._work(field, self._asked(field, definition, node), below)
            return self._planned(field, node, below)._replace(work=work, scans=scans, measures=measures)
        return below._replace(values=1 + below.values)

    def _work(self, field: PlannedField, asked: int, below: Cost) -> tuple[int, int, int]:
        """The work, scans and measures of a field whose arguments ask so much of each row of a list.

        Each statement over the list is asked the same: its page, its number of rows, its aggregates. A page of which
        nothing is asked is read by an index, and a row by its key.
        """
        if asked:
            asked += SCAN // 2  # to have the values at hand that are compared
        if field.scan:
            scans = below.scans + 1
            return below.work + field.scan + MEASURE * below.measures + scans * asked, scans, 0
        if not asked:
            measures = below.measures + (field.cost is CostRule.MEASURE)
            return below.work, 0 if field.cost is CostRule.CONNECTION else below.scans, measures
        is_read = below.page or not below.scans
        return below.work + is_read * SCAN // 2 + (below.scans + is_read) * asked, 0, 0

    def _asked(self, field: PlannedField, definition: GraphQLField, node: FieldNode) -> int:
        """The work of a field's arguments for a list."""
        if not node.arguments:
            return 0
        arguments, works = self._document.arguments(node.arguments), self._document.works
        asked = field.work(arguments)
        for name, value in arguments.items():
            work = works.of_type(get_named_type(definition.args[name].type))
            asked += 0 if work is None else work.of(value)
        return asked

    def _planned(self, field: PlannedField, node: FieldNode, below: Cost) -> Cost:
        statements, rows, values, page, rows_per_row, values_per_row, reads_itself, *_ = below
        if field.cost in (CostRule.NOTHING, CostRule.MEASURE):
            return below._replace(values=1 + values)
        if field.cost is CostRule.PAGE:
            rows_per_row += rows
            return Cost(statements, 0, 0, True, rows_per_row, 1 + values, reads_itself)
        if field.cost is CostRule.PAGE_INFO:
            return Cost(statements, rows, 0, True, 0, 1 + values, reads_itself)
        if field.cost in (CostRule.ROW, CostRule.TOTAL):
            return Cost(1 + statements, 1 + rows, 1 + values, reads_itself=reads_itself)
        arguments = self._document.arguments(node.arguments)
        limit = field.limit(arguments, self._document.max_page)
        if field.cost is CostRule.LIST:
            statements += field.statements(arguments)
            return Cost(statements, limit * (1 + rows), limit * (1 + values), reads_itself=reads_itself)
        if page:  # of a connection; one row more tells whether others follow
            rows += limit * (1 + rows_per_row) + 1 + field.skipped(arguments)
            values += max(limit, 1) * values_per_row  # an empty page has a `pageInfo`, too
            statements += field.statements(arguments)
        return Cost(statements, rows, 1 + values, reads_itself=reads_itself)

    def _introspected(self, node: FieldNode) -> Cost:
        name = self._document.arguments(node.arguments).get("name")
        below = self._introspection.values(node.name.value, name, node.selection_set) if node.selection_set else 0
        return Cost(values=1 + below, introspected=1 + below)

    @cached_property
    def _introspection(self) -> Introspection:
        document = self._document
        return Introspection(document.schema, document.fragments, document.includes, document.max_introspected)


def _reads_itself(definition: GraphQLField) -> bool:
    """Whether a field has a resolver of somebody's own that is given the context, and with it the session."""
    resolver = own_resolver(definition)
    return resolver is not None and resolver.info_parameter is not None


def _of_event(node: FieldNode, below: Cost) -> Cost:
    """What one event of a subscription costs: its source was asked before, and may have named a row to be read."""
    if node.selection_set is None:
        return below._replace(values=1 + below.values)
    return below.plus(Cost(statements=1, rows=1, values=1, reads_itself=True))


def _called(definition: GraphQLField, node: FieldNode, called: set[Call]) -> int:
    """What the call of a resolver counts as; nothing where the value comes from a call beside it."""
    if own_resolver(definition) is None:
        return 0
    call = Call.of(definition, node)
    if call in called:
        return 0
    if call is not None:
        called.add(call)
    return VALUES_PER_CALL
