"""Plans: what an operation asks of the objects of each type, worked out once.

A valid document enters, selections leave, made when a value first needs them and kept with the document. Variables
never enter a plan. Where `@skip` and `@include` hang on variables, the fields that are left in are collected for each
run, and the selection that they make is looked up among those that were met before.
Source: https://spec.graphql.org/September2025/#sec-Field-Collection
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)
from graphql.execution.collect_fields import FragmentDetails, GroupedFieldSet, collect_fields, collect_subfields
from graphql.execution.values import VariableValues
from graphql.type.directives import GraphQLDisableErrorPropagationDirective

from graph.prepare.error_behavior import ErrorBehavior
from graph.prepare.fields import FieldPlan, Selection

MAX_SELECTIONS = 16
"""How many selections are kept of one field whose selection hangs on variables."""

FIELDS_PER_NODE = 8
"""How many planned fields are kept, on average, of one node of a document. Each combination of `@skip` and `@include`
on each level plans anew; what is more than that is planned again."""
MIN_FIELDS = 500

MAX_DEPTH = 200
"""How deep selections may nest; writers of JSON end soon behind it."""

INCREMENTAL = frozenset({"defer", "stream"})
CONDITIONS = frozenset({"skip", "include"})


class Plan:
    """The selections of one operation."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: dict[str, FragmentDetails]
    ) -> None:
        self.operation = operation
        self._schema = schema
        self._fragments = fragments
        self.roots: OrderedDict[Hashable, Selection] = OrderedDict()
        """What was asked of the root, as `FieldPlan.selections`."""
        definitions = {name: fragment.definition for name, fragment in fragments.items()}
        selections = list(selections_of(operation, definitions))
        directives = [one for selection in selections for one in selection.directives or ()]
        self.incremental = any(directive.name.value in INCREMENTAL for directive in directives)
        """Whether parts of the answer may come later."""
        stopped = GraphQLDisableErrorPropagationDirective.name
        has_stopped = any(directive.name.value == stopped for directive in operation.directives or ())
        self.on_error = ErrorBehavior.NULL if has_stopped else ErrorBehavior.PROPAGATE
        """What errors do when the request does not say: graphql-core has a directive for it."""
        self._max_fields = max(MIN_FIELDS, FIELDS_PER_NODE * len(selections))
        self._planned = 0
        """How many fields were planned since all were forgotten."""
        self._varies = any(fragment.variable_signatures for fragment in fragments.values())
        """Fragments have variables, an experiment of graphql-core's: nothing can be kept."""
        self.fixed = not self._varies and not any(map(_is_open, directives))
        """Whether every run selects the same."""

    def root(self, type_: GraphQLObjectType, variables: VariableValues, *, hide_suggestions: bool) -> Selection:
        """What the operation asks of the root."""
        if self._planned > self._max_fields:
            self.roots.clear()
            self._planned = 0
        if self.fixed and type_ in self.roots:
            return self.roots[type_]
        collected = collect_fields(
            self._schema, self._fragments, variables, type_, self.operation, hide_suggestions
        ).grouped_field_set
        return self._selection(
            self.roots, type_, collected, 1, serial=self.operation.operation is OperationType.MUTATION
        )

    def object_type(self, name: str) -> GraphQLObjectType | None:
        """The object type of this name."""
        found = self._schema.get_type(name)
        return found if isinstance(found, GraphQLObjectType) else None

    def below(
        self, field: FieldPlan, type_: GraphQLObjectType, variables: VariableValues, *, hide_suggestions: bool
    ) -> Selection:
        """What is asked of objects of a type that a field leads to.

        Raises `RecursionError` for selections that nest too deeply to be written as JSON.
        """
        if field.depth >= MAX_DEPTH:
            raise RecursionError(f"Selections may nest {MAX_DEPTH} deep; ask for less at once.")
        if self.fixed and type_ in field.selections:
            return field.selections[type_]
        collected = collect_subfields(
            self._schema, self._fragments, variables, self.operation, type_, field.details, hide_suggestions
        ).grouped_field_set
        return self._selection(field.selections, type_, collected, field.depth + 1)

    def _selection(
        self,
        kept: OrderedDict[Hashable, Selection],
        type_: GraphQLObjectType,
        collected: GroupedFieldSet,
        depth: int,
        *,
        serial: bool = False,
    ) -> Selection:
        if self._varies:
            return Selection(type_, self._fields(type_, collected, depth), fixed=self.fixed, serial=serial)
        identity: Hashable = type_ if self.fixed else (type_, _identity(collected))
        if identity not in kept:
            fields = self._fields(type_, collected, depth)
            kept[identity] = Selection(type_, fields, fixed=self.fixed, serial=serial)
            if len(kept) > MAX_SELECTIONS and not self.fixed:
                kept.popitem(last=False)
        elif not self.fixed:
            kept.move_to_end(identity)
        return kept[identity]

    def _fields(self, type_: GraphQLObjectType, collected: GroupedFieldSet, depth: int) -> Iterator[FieldPlan]:
        for key, details in collected.items():
            definition = self._schema.get_field(type_, details[0].node.name.value)
            if definition is not None:  # else the document was not validated, and the field is left out
                self._planned += 1
                yield FieldPlan(type_, key, definition, details, depth)


def _identity(collected: GroupedFieldSet) -> Hashable:
    return tuple((key, *(id(detail.node) for detail in details)) for key, details in collected.items())


def selections_of(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[SelectionNode]:
    """Every field and fragment that is selected in an operation, however deep; each fragment is read once."""
    left: list[SelectionSetNode] = [operation.selection_set]
    seen: set[str] = set()
    while left:
        for selection in left.pop().selections:
            yield selection
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in seen and name in fragments:
                    seen.add(name)
                    left.append(fragments[name].selection_set)
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                left.append(selection.selection_set)


def fields_of(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many fields an operation selects when its fragments are written out where they stand.

    Each fragment is counted once, so the work is linear in the document.
    """
    known: dict[str, int] = {}

    def count(selections: SelectionSetNode) -> int:
        fields, left = 0, [selections]
        while left:
            for selection in left.pop().selections:
                if isinstance(selection, FragmentSpreadNode):
                    fields += in_fragment(selection.name.value)
                    continue
                fields += isinstance(selection, FieldNode)
                if isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                    left.append(selection.selection_set)
        return fields

    def in_fragment(name: str) -> int:
        if name not in known:
            known[name] = 0
            known[name] = count(fragments[name].selection_set) if name in fragments else 0
        return known[name]

    return count(operation.selection_set)


def _is_open(directive: DirectiveNode) -> bool:
    """Whether only a run can tell what the directive means."""
    return directive.name.value in CONDITIONS and any(
        isinstance(argument.value, VariableNode) for argument in directive.arguments or ()
    )
