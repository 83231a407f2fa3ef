"""Plans: what an operation asks of the objects of each type, worked out once.

A valid document enters, selections leave, made when a value first needs them and kept with the document. Variables
never enter a plan. Where `@skip` and `@include` hang on variables, the fields that are left in are collected for each
run, and the selection that they make is looked up among those that were met before.
Source: https://spec.graphql.org/September2025/#sec-Field-Collection
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLLeafType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    VariableNode,
    get_named_type,
    is_leaf_type,
)
from graphql.execution.collect_fields import (
    FieldDetails,
    FragmentDetails,
    GroupedFieldSet,
    collect_fields,
    collect_subfields,
)
from graphql.execution.values import VariableValues, get_argument_values

from graph.prepare.fields import PlannedField, planned

if TYPE_CHECKING:
    from graph.execute.rows import RowForm

MAX_FORMS = 16
"""How many selections are kept of one field whose selection hangs on variables."""

MAX_DEPTH = 200
"""How deep selections may nest; writers of JSON end soon behind it."""

INCREMENTAL = frozenset({"defer", "stream"})
NO_VARIABLES = VariableValues({}, {})
CONDITIONS = frozenset({"skip", "include"})


class FieldPlan:
    """A field of a selection: every node that asks for it under one key, and what it leads to."""

    def __init__(
        self, parent: GraphQLObjectType, key: str, definition: GraphQLField, details: list[FieldDetails], depth: int
    ) -> None:
        self.parent = parent
        self.key = key
        self.depth = depth
        self.details = details
        self.nodes = [detail.node for detail in details]
        self.name = self.nodes[0].name.value
        self.definition = definition
        self.type = definition.type
        self.planned: PlannedField | None = planned(definition)
        self.forms: OrderedDict[Hashable, Selection] = OrderedDict()
        """The selections below it that were met, by type and, under conditions, by the fields left in."""

    @cached_property
    def leaf(self) -> GraphQLLeafType | None:
        """The type of its value, when that is neither a list nor an object."""
        inner = self.type.of_type if isinstance(self.type, GraphQLNonNull) else self.type
        return inner if is_leaf_type(inner) else None

    @cached_property
    def named_type(self) -> GraphQLNamedType:
        """The type that it leads to, through lists and non-null."""
        return get_named_type(self.type)

    @cached_property
    def takes_arguments(self) -> bool:
        """Whether there are arguments to work out."""
        return bool(self.definition.args or self.nodes[0].arguments)

    @cached_property
    def arguments(self) -> "Arguments | None":
        """The arguments of a planned field, as far as they can be worked out once; None: each run coerces them.

        Planned fields do not change what they are given, so that all runs may share it.
        """
        return Arguments.of(self) if self.planned is not None and self.planned.begin is not None else None


class Arguments(NamedTuple):
    """Arguments that are fixed, and those that are nothing but a variable, by their names and the variable's."""

    fixed: dict[str, Any]
    variable: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, field: FieldPlan) -> "Arguments | None":
        """The arguments of a field; None where a variable is part of a value, or may be refused by it."""
        variable: dict[str, str] = {}
        if field.details[0].fragment_variable_values is not None:
            return None
        for argument in field.nodes[0].arguments or ():
            name = argument.name.value
            definition = field.definition.args.get(name)
            if isinstance(argument.value, VariableNode):
                if definition is None or not _takes_anything(definition, name):
                    return None
                variable[name] = argument.value.name.value
            elif any(variables_in(argument.value)):
                return None
        others = {name: definition for name, definition in field.definition.args.items() if name not in variable}
        fixed = get_argument_values(GraphQLField(field.type, others), field.nodes[0], NO_VARIABLES)
        return cls(fixed, tuple(variable.items()))

    def values(self, coerced: Mapping[str, Any]) -> dict[str, Any]:
        """The values with these variables; an argument whose variable was not given is left out."""
        if not self.variable:
            return self.fixed
        given = {name: coerced[variable] for name, variable in self.variable if variable in coerced}
        return {**self.fixed, **given}


class Selection:
    """The fields asked of the objects of one type, in the order of the answer."""

    def __init__(self, type_: GraphQLObjectType, fields: Iterable[FieldPlan]) -> None:
        self.type = type_
        self.fields = tuple(fields)
        self.blank: dict[str, Any] = dict.fromkeys(field.key for field in self.fields)
        """An answer whose values are still to come, with its keys in order."""
        self.row_forms: dict[tuple[tuple[str, ...], bool], RowForm] = {}
        """How rows become answers, by their columns and by whether the answer is only written."""
        self.shape: Any = None
        """What a planned field has worked out about the selection below it, once for all runs."""

    @cached_property
    def by_name(self) -> Mapping[str, list[FieldPlan]]:
        """The fields by their names in the schema; one name may stand under several keys."""
        found: dict[str, list[FieldPlan]] = {}
        for field in self.fields:
            found.setdefault(field.name, []).append(field)
        return found

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """The attributes that the fields need of a row, sorted, so that equal needs are equal."""
        needs = {name for field in self.fields if field.planned is not None for name in field.planned.needs}
        return tuple(sorted(needs))


class Plan:
    """The selections of one operation."""

    def __init__(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDetails]
    ) -> None:
        self.operation = operation
        self._schema = schema
        self._fragments = dict(fragments)
        self._roots: OrderedDict[Hashable, Selection] = OrderedDict()
        directives = list(_directives(operation, fragments))
        self.incremental = any(directive.name.value in INCREMENTAL for directive in directives)
        """Whether parts of the answer may come later."""
        self._varies = any(fragment.variable_signatures for fragment in fragments.values())
        """Fragments have variables, an experiment of graphql-core's: nothing can be kept."""
        self.fixed = not self._varies and not any(map(_is_open, directives))
        """Whether every run selects the same."""

    def root(self, type_: GraphQLObjectType, variables: VariableValues, *, hide_suggestions: bool) -> Selection:
        """What the operation asks of the root."""
        if self.fixed and type_ in self._roots:
            return self._roots[type_]
        collected = collect_fields(
            self._schema, self._fragments, variables, type_, self.operation, hide_suggestions
        ).grouped_field_set
        return self._form(self._roots, type_, collected, 1)

    def below(
        self, field: FieldPlan, type_: GraphQLObjectType, variables: VariableValues, *, hide_suggestions: bool
    ) -> Selection:
        """What is asked of objects of a type that a field leads to.

        Raises `RecursionError` for selections that nest too deeply to be written as JSON.
        """
        if field.depth >= MAX_DEPTH:
            raise RecursionError(f"Selections may nest {MAX_DEPTH} deep; ask for less at once.")
        if self.fixed and type_ in field.forms:
            return field.forms[type_]
        collected = collect_subfields(
            self._schema, self._fragments, variables, self.operation, type_, field.details, hide_suggestions
        ).grouped_field_set
        return self._form(field.forms, type_, collected, field.depth + 1)

    def _form(
        self, forms: OrderedDict[Hashable, Selection], type_: GraphQLObjectType, collected: GroupedFieldSet, depth: int
    ) -> Selection:
        if self._varies:
            return Selection(type_, self._fields(type_, collected, depth))
        identity: Hashable = type_ if self.fixed else (type_, _identity(collected))
        if identity not in forms:
            forms[identity] = Selection(type_, self._fields(type_, collected, depth))
            if len(forms) > MAX_FORMS and not self.fixed:
                forms.popitem(last=False)
        elif not self.fixed:
            forms.move_to_end(identity)
        return forms[identity]

    def _fields(self, type_: GraphQLObjectType, collected: GroupedFieldSet, depth: int) -> Iterator[FieldPlan]:
        for key, details in collected.items():
            definition = self._schema.get_field(type_, details[0].node.name.value)
            if definition is not None:  # else the document was not validated, and the field is left out
                yield FieldPlan(type_, key, definition, details, depth)


def _identity(collected: GroupedFieldSet) -> Hashable:
    return tuple((key, *(id(detail.node) for detail in details)) for key, details in collected.items())


def _directives(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDetails]
) -> Iterator[DirectiveNode]:
    """Every directive on a selection of the operation; each fragment is read once."""
    left: list[SelectionSetNode] = [operation.selection_set]
    seen: set[str] = set()
    while left:
        for selection in left.pop().selections:
            yield from selection.directives or ()
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name not in seen and name in fragments:
                    seen.add(name)
                    left.append(fragments[name].definition.selection_set)
            elif isinstance(selection, FieldNode | InlineFragmentNode) and selection.selection_set:
                left.append(selection.selection_set)


def _takes_anything(definition: GraphQLArgument, name: str) -> bool:
    """Whether an argument may be null or left out, and then stays so."""
    return (
        not isinstance(definition.type, GraphQLNonNull)
        and definition.default is None
        and definition.default_value is Undefined
        and definition.out_name in (None, name)
    )


def variables_in(value: Node) -> Iterator[str]:
    """The names of the variables in a value, however deep."""
    left: list[Node] = [value]
    while left:
        value = left.pop()
        if isinstance(value, VariableNode):
            yield value.name.value
        left += getattr(value, "values", None) or [field.value for field in getattr(value, "fields", None) or ()]


def _is_open(directive: DirectiveNode) -> bool:
    """Whether only a run can tell what the directive means."""
    return directive.name.value in CONDITIONS and any(
        isinstance(argument.value, VariableNode) for argument in directive.arguments or ()
    )
