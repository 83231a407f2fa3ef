"""`@atomic`: which operations are one change, and which fields may be part of one.

A document enters, mistakes leave, found while it is validated: fields that have to be done alone, and too many fields.
How the fields are done is not known here.
"""

from collections.abc import Iterator
from typing import Any

from graphql import (
    DirectiveLocation,
    FieldNode,
    FragmentSpreadNode,
    GraphQLDirective,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

from graph.prepare.fields import planned

MAX_CHANGES = 100
"""The most fields of one atomic operation: what they lock stays locked until the last one is done."""

ATOMIC = GraphQLDirective(
    "atomic",
    [DirectiveLocation.MUTATION],
    description=(
        f"All fields of the mutation, at most {MAX_CHANGES}, are done one after the other in one transaction. Where one"
        " is not done, none is: its payload says why, and those of the others have `Undone`."
    ),
)

_INTROSPECTION = "__"


def is_atomic(operation: OperationDefinitionNode) -> bool:
    """Whether all fields of an operation are one change."""
    return any(directive.name.value == ATOMIC.name for directive in operation.directives or ())


class AtomicRule(ValidationRule):
    """What stands in an atomic operation can be undone, and is not too much."""

    context: ValidationContext

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        """Report the fields of an atomic operation that cannot be part of it."""
        if not is_atomic(node):
            return
        fields = {it.alias.value if it.alias else it.name.value: it for it in self._fields(node)}
        for field in fields.values():
            if not self._may_join(field.name.value):
                message = f"`{field.name.value}` is done alone; send it as an operation of its own, without `@atomic`."
                self.report_error(GraphQLError(message, field))
        if len(fields) > MAX_CHANGES:
            message = (
                f"These are {len(fields)} changes, and {MAX_CHANGES} fit into one `@atomic` mutation; send several."
            )
            self.report_error(GraphQLError(message, node))

    def _may_join(self, name: str) -> bool:
        root = self.context.schema.mutation_type
        definition = None if root is None else root.fields.get(name)
        field = None if definition is None else planned(definition)
        return definition is None or name.startswith(_INTROSPECTION) or (field is not None and field.joins_others)

    def _fields(self, operation: OperationDefinitionNode) -> Iterator[FieldNode]:
        """The fields of the root, also those in fragments, each of which is read once."""
        left: list[SelectionSetNode] = [operation.selection_set]
        seen: set[str] = set()
        while left:
            for selection in left.pop().selections:
                if isinstance(selection, FieldNode):
                    yield selection
                elif isinstance(selection, InlineFragmentNode):
                    left.append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in seen:
                    seen.add(selection.name.value)
                    fragment = self.context.get_fragment(selection.name.value)
                    left += [fragment.selection_set] if fragment else []
