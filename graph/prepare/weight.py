"""What an operation claims of a database, and what is certain of its work: look-ups, a plain page, or anything at all.

The price says how much an operation may read and answer; it does not say what a statement does to find its rows. A
filter, an order, a search or a total may look through a table for one row. So an operation is cheap only if each of its
fields says that it is, whatever the values of variables are. A valid document and its cost enter, a `Claim` leaves. No
fragment is read twice.
Why: docs/decisions/0033-admission.md.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    get_named_type,
    is_abstract_type,
    is_composite_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from graph.prepare.cost import Cost
from graph.prepare.fields import PlannedField, Weight

FEW_STATEMENTS = 5
FEW_ROWS = 50
FEW_VALUES = 500
"""The most that something cheap may need."""

SOME_VALUES, MANY_VALUES = 5_000, 50_000
SOME_FIELDS, MANY_FIELDS = 100, 1_000
"""What takes about 5 ms, and 50 ms, to plan, to read and to write."""

OF_EVERY_OBJECT = frozenset(("id", "__typename"))


class Bulk(IntEnum):
    """How long the server itself is kept busy, so that others wait meanwhile, whatever databases do."""

    SMALL = 0
    MEDIUM = 1
    LARGE = 2


class Claim(NamedTuple):
    """What an operation wants of the databases."""

    needs_database: bool
    reads: bool
    """Whether a replica can serve it."""
    weight: Weight
    price: int
    """The order of magnitude of what something dear costs: those of about the same cost are equal."""
    bulk: Bulk = Bulk.SMALL


NOTHING = Claim(needs_database=False, reads=False, weight=Weight.LOOK_UP, price=0)
"""The claim of questions about the schema, and of what is refused."""


def claim_of(kind: OperationType, cost: Cost, certain: Weight, fields: int) -> Claim:
    """The claim of an operation of a kind with this cost; `certain` holds as long as the cost is small.

    `fields`: how many it selects, with its fragments written out.
    """
    reads, bulk = kind is OperationType.QUERY, bulk_of(cost.values, fields)
    if kind is not OperationType.MUTATION and not cost.statements and not cost.reads_itself:
        return NOTHING._replace(bulk=bulk)
    is_small = cost.statements <= FEW_STATEMENTS and cost.rows <= FEW_ROWS and cost.values <= FEW_VALUES
    if is_small and certain < Weight.DEAR:
        return Claim(True, reads, certain, 0)
    return Claim(True, reads, Weight.DEAR, (cost.statements + cost.rows).bit_length(), bulk)


def bulk_of(values: float, fields: int) -> Bulk:
    """What so many values of an answer make of an operation that selects so many fields."""
    if values > MANY_VALUES or fields > MANY_FIELDS:
        return Bulk.LARGE
    return Bulk.MEDIUM if values > SOME_VALUES or fields > SOME_FIELDS else Bulk.SMALL


def weight_of(
    schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], operation: OperationDefinitionNode
) -> Weight:
    """What is certain of an operation's work for each row that it reads."""
    root = schema.get_root_type(operation.operation)
    if root is None or operation.operation is OperationType.MUTATION:
        return Weight.DEAR
    return _Weighing(schema, fragments).selections(root, operation.selection_set.selections)


class _Weighing:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self._fragments = fragments
        self._seen: set[str] = set()

    def selections(self, parent: GraphQLNamedType | None, selections: Iterable[SelectionNode]) -> Weight:
        heaviest = Weight.LOOK_UP
        for selection in selections:
            heaviest = max(heaviest, self._selection(parent, selection))
            if heaviest is Weight.DEAR:
                break
        return heaviest

    def _selection(self, parent: GraphQLNamedType | None, selection: SelectionNode) -> Weight:
        if isinstance(selection, FieldNode):
            return self._field(parent, selection)
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            inner = self._schema.get_type(condition.name.value) if condition else parent
            return self.selections(inner, selection.selection_set.selections)
        assert isinstance(selection, FragmentSpreadNode)
        return self._fragment(selection.name.value)

    def _fragment(self, name: str) -> Weight:
        fragment = self._fragments.get(name)
        if name in self._seen or fragment is None:
            return Weight.LOOK_UP
        self._seen.add(name)
        return self.selections(
            self._schema.get_type(fragment.type_condition.name.value), fragment.selection_set.selections
        )

    def _field(self, parent: GraphQLNamedType | None, node: FieldNode) -> Weight:
        name = node.name.value
        if is_abstract_type(parent) and name not in OF_EVERY_OBJECT:
            return Weight.DEAR  # the types behind it may each have a field of their own of this name
        definition = self._schema.get_field(parent, name) if is_composite_type(parent) else None
        if definition is None:
            return Weight.DEAR
        own = self._own_weight(parent, definition, node)
        if node.selection_set is None or own is Weight.DEAR:
            return own
        return max(own, self.selections(get_named_type(definition.type), node.selection_set.selections))

    def _own_weight(self, parent: GraphQLNamedType | None, definition: GraphQLField, node: FieldNode) -> Weight:
        if parent is self._schema.subscription_type:
            return Weight.LOOK_UP  # of an event: its source was asked before
        return _weight(definition, {argument.name.value for argument in node.arguments or ()})


def _weight(definition: GraphQLField, given: set[str]) -> Weight:
    """What is certain of a field itself. A resolver that waits, or is given the session, may do anything."""
    field = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    resolver = field.base_resolver if isinstance(field, StrawberryField) else None
    if resolver is not None and (resolver.is_async or resolver.info_parameter is not None):
        return Weight.DEAR
    return field.weight(given) if isinstance(field, PlannedField) else Weight.LOOK_UP
