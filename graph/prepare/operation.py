"""One operation of a valid document, ready to be run again and again, and one check of it before a run.

It keeps the plan, and the cost for each combination of the few variables that a cost hangs on: sizes of pages,
lengths of lists, conditions, texts that are looked for, and the work that filters and orders ask. Other variables
never matter here, and of filters and orders nothing but their work: whatever is in them, they are not kept.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphql import (
    ArgumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    get_named_type,
    is_object_type,
    type_from_ast,
    value_from_ast_untyped,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.values import VariableValues

from graph.errors import TooCostly
from graph.prepare.arguments import NO_VARIABLES, variables_in
from graph.prepare.cache_control import CachePolicy, policy_of
from graph.prepare.coordinates import OperationCoordinates
from graph.prepare.cost import Cost, Document, cost_of
from graph.prepare.fields import Weight, planned
from graph.prepare.introspection import TYPE
from graph.prepare.limits import Limits
from graph.prepare.live import is_live
from graph.prepare.plan import CONDITIONS, Plan, fields_of, selections_of
from graph.prepare.variables import Variables
from graph.prepare.weight import Bulk, Claim, bulk_of, claim_of, weight_of
from graph.prepare.work import InputWorks, length_work

MAX_COSTS = 64
"""How many costs are kept of one operation."""

FADING = 0.5
"""What is left, after another run, of a share of rows that was seen before."""

MAX_KEPT_TEXT = 40
"""The longest text, in characters, that a cost is kept by as it is."""

SMALL = Bulk.SMALL

MAX_SHOWN = 1_000_000_000
"""Costs beyond are not written out: doubling fragments make numbers of hundreds of digits."""


@dataclass(frozen=True, slots=True)
class CheckedOperation:
    """An operation with its variables and its cost: it may be run."""

    operation: "PreparedOperation"
    variables: VariableValues
    cost: Cost
    claim: Claim
    limits: Limits
    """What its viewer may ask for."""


class PreparedOperation:
    """An operation with its plan."""

    def __init__(
        self,
        schema: GraphQLSchema,
        node: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        details: dict[str, FragmentDetails],
        sizes: frozenset[str],
        works: InputWorks,
        limits: Limits,
    ) -> None:
        """Plan an operation. The fragments are those of its document, which all of its operations share."""
        self.node = node
        self.kind = node.operation
        self.is_live = is_live(schema, node)
        """Whether its answer is told again when it has changed."""
        self.root = schema.get_root_type(node.operation)
        """The type of its root; None only for a document that is not valid."""
        self.fragments = fragments
        self.details = details
        self.plan = Plan(schema, node, details)
        self.variables = Variables(schema, node, hide_suggestions=not limits.introspection)
        self.fields = fields_of(node, fragments)
        """How many fields it selects, with its fragments written out."""
        self._schema = schema
        self._limits = limits
        self.coordinates: OperationCoordinates | None = None
        """What it uses of the schema, once it was counted."""
        self._works = works
        self._sized = sorted(set(_sized_variables(node, fragments, sizes)))
        self._weighed = dict(_weighed_variables(schema, node, works))
        self._costs: dict[tuple[Any, ...], tuple[Cost, Claim]] = {}
        self.described: Mapping[str, str | None] | None = None
        """What logs and metrics call it, once they have."""
        self.shown: str | None = None
        """Its text without values, once a trace has told it."""
        self.foreseen: OrderedDict[Hashable, object] = OrderedDict()
        """What it was seen to load, by what that hangs on; whoever foresees that bounds it."""
        self._met = 0
        self._filled = 1.0
        """Which share of the rows that it may read its runs have read: the largest of the last ones."""

    @cached_property
    def _certain_weight(self) -> Weight:
        return weight_of(self._schema, self.fragments, self.node)

    @cached_property
    def cache_policy(self) -> CachePolicy:
        """What hints say of showing its answers again."""
        return policy_of(self._schema, self.node, self.fragments)

    def is_met(self, often: int) -> bool:
        """Whether it was run so often already, this time included."""
        self._met += 1
        return self._met >= often

    def check(self, given: Mapping[str, Any], limits: Limits | None = None) -> CheckedOperation:
        """The operation with its variables and its cost, within the limits of its viewer, or else those of everybody.

        Raises `TooCostly`, and `ExceptionGroup` with a `GraphQLError` for each variable that does not fit.
        """
        variables = self.variables.values(given) if self.node.variable_definitions else NO_VARIABLES
        if isinstance(variables, list):
            raise ExceptionGroup("The variables do not fit the operation.", variables)
        sizes = self._sizes(variables.coerced)
        limits = limits or self._limits
        found = self._costs.get(sizes)
        if found is None:
            found = self._cost(sizes, variables.coerced, limits)
        elif found[0].is_over(limits):  # it was within those of somebody else
            refuse_costly(found[0], limits)
        cost, claim = found
        if claim.bulk is not SMALL:
            claim = claim._replace(bulk=bulk_of(cost.values * self._filled, self.fields))
        return CheckedOperation(self, variables, cost, claim, limits)

    def note_rows(self, cost: Cost, read: int) -> None:
        """Note how many rows a run has read: pages that may be long are mostly not, and so is the answer.

        The first runs count as full, and a full one counts for the next ones.
        """
        if cost.rows:
            self._filled = max(min(read / cost.rows, 1.0), FADING * self._filled)

    def price(self) -> Cost:
        """What the operation costs where each variable has its default. Raises `TooCostly`."""
        definitions = self.node.variable_definitions or ()
        defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in definitions
            if definition.default_value is not None
        }
        cost, _ = self._cost(self._sizes(defaults), defaults, self._limits)
        return cost

    def _sizes(self, variables: Mapping[str, Any]) -> tuple[Any, ...]:
        """What a cost sees of variables."""
        if not (self._sized or self._weighed):
            return ()
        sizes = [_size(variables.get(name, Undefined)) for name in self._sized]
        if self._weighed:
            sizes += [work(variables.get(name)) for name, work in self._weighed.items()]
        return tuple(sizes)

    def _cost(self, sizes: tuple[Any, ...], variables: Mapping[str, Any], limits: Limits) -> tuple[Cost, Claim]:
        """What the operation costs and claims with these variables, which is kept with it. Raises `TooCostly`."""
        document = Document(
            self._schema, self.fragments, variables, limits.max_page, limits.max_introspected, self._works
        )
        cost = cost_of(document, self.node)
        refuse_costly(cost, limits)
        if self.fields > limits.max_fields:
            raise TooCostly("fields", min(self.fields, MAX_SHOWN), limits.max_fields)
        if len(self._costs) >= MAX_COSTS:
            self._costs.clear()
        found = self._costs[sizes] = (cost, claim_of(self.kind, cost, self._certain_weight, self.fields))
        return found


def refuse_costly(cost: Cost, limits: Limits, asked: str = "operation") -> None:
    """Raise `TooCostly` for what may need more than is allowed."""
    for what, needed, allowed in (
        ("statements", cost.statements, limits.max_statements),
        ("rows", cost.rows, limits.max_rows),
        ("values", cost.values, limits.max_values),
        ("introspected values", cost.introspected, limits.max_introspected),
        ("work", cost.work, limits.max_work),
    ):
        if needed > allowed:
            raise TooCostly(what, min(needed, MAX_SHOWN), allowed, asked)


def size_arguments(schema: GraphQLSchema) -> frozenset[str]:
    """The names of the arguments that say how much is asked for."""
    return frozenset(
        name
        for type_ in schema.type_map.values()
        if is_object_type(type_)
        for field in type_.fields.values()
        if (definition := planned(field)) is not None
        for name in definition.sizes
    )


def _size(value: Any) -> Any:
    """What a cost sees of a variable's value; of a long text something short, for many of them are kept."""
    if isinstance(value, list):
        return ("length", len(value))
    return ("text", hash(value)) if isinstance(value, str) and len(value) > MAX_KEPT_TEXT else value


def _weighed_variables(
    schema: GraphQLSchema, operation: OperationDefinitionNode, works: InputWorks
) -> Iterator[tuple[str, Callable[[Any], int]]]:
    """The variables whose values are work, with what tells it."""
    for definition in operation.variable_definitions or ():
        type_ = type_from_ast(schema, definition.type)
        work = works.of_type(get_named_type(type_)) if type_ else None
        if work is not None:
            yield definition.variable.name.value, work.of
        elif isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList):
            yield definition.variable.name.value, length_work


def _sized_variables(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], sizes: frozenset[str]
) -> Iterator[str]:
    for selection in selections_of(operation, fragments):
        for directive in selection.directives or ():
            if directive.name.value in CONDITIONS:
                yield from _variables(directive.arguments or ())
        if isinstance(selection, FieldNode):
            every = selection.name.value == TYPE
            given = selection.arguments or ()
            yield from _variables(argument for argument in given if every or argument.name.value in sizes)


def _variables(arguments: Iterable[ArgumentNode]) -> Iterator[str]:
    for argument in arguments:
        yield from variables_in(argument.value)
