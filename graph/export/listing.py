"""What an export is of: an operation that has a list as its one field becomes the operation that reads a page of it.

A request enters; a `Listing` leaves, or `InvalidExport` with the cure. Nothing is run here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    FieldNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    get_nullable_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.values import get_argument_values

from graph.entity.connections import ConnectionField
from graph.entity.offset_lists import OffsetListField
from graph.errors import InvalidPage, TooCostly
from graph.export.errors import InvalidExport
from graph.prepare.documents import InvalidDocument, OperationRequest, Preparer
from graph.prepare.fields import FieldPlan, Selection
from graph.prepare.limits import Limits
from graph.prepare.operation import CheckedOperation, PreparedOperation

PAGE_ROWS = 1_000
"""The rows that are read at once. An order that no index serves is sorted anew for each page: the more, the cheaper."""

NODES, PAGE_INFO = "nodes", "pageInfo"
FIRST, AFTER = "first", "after"
HOW = "Select one list and its `nodes`: { invoices(where: …) { nodes { number total } } }."


class Column(NamedTuple):
    """A value of each row: the keys that lead to it."""

    path: tuple[str, ...]

    @property
    def name(self) -> str:
        """`author.name`."""
        return ".".join(self.path)


@dataclass(frozen=True)
class Listing:
    """A list that is exported."""

    name: str
    """What its file is called: the operation's name, or the list's."""
    field: str
    """The field of the query."""
    nodes: FieldPlan
    asked: CheckedOperation
    """The operation as it was asked for."""
    given: Mapping[str, Any]
    """Its variables, as they were sent."""
    first: int | None
    """How many rows are wanted; None: all."""
    after: str | None
    """The cursor that the first page begins behind."""
    page: PreparedOperation
    """Reads a page."""
    preparer: Preparer
    limits: Limits

    def columns(self) -> tuple[Column, ...]:
        """The values of each row, in order. Raises `InvalidExport` for what is no table."""
        return tuple(self._columns(self.nodes, ()))

    def _columns(self, field: FieldPlan, path: tuple[str, ...]) -> Iterator[Column]:
        for part in _below(self.asked, field).fields:
            place = (*path, part.key)
            if is_leaf_type(part.named_type):
                yield Column(place)
            elif is_object_type(get_nullable_type(part.type)):
                yield from self._columns(part, place)
            else:
                raise InvalidExport(
                    f"`{'.'.join(place)}` has several rows, or rows of several types, and a line of CSV has one cell"
                    " for each value: leave it out, or export NDJSON."
                )

    def most_rows(self) -> int:
        """The rows that a page may have: as many as fit into the limits of one operation. Raises `InvalidDocument`."""
        rows = PAGE_ROWS
        while True:
            try:
                self.checked(rows, self.after)
            except InvalidDocument as invalid:
                if rows == 1 or not any(isinstance(error, TooCostly) for error in invalid.errors):
                    raise
                rows //= 2
            else:
                return rows

    def checked(self, rows: int, after: str | None) -> CheckedOperation:
        """The operation that reads so many rows behind a cursor, with its price."""
        first, behind = _own_variables(self.asked.operation.node)
        given = {**self.given, first: rows, behind: after}
        return self.preparer.check(self.page, given, replace(self.limits, max_page=PAGE_ROWS))


def listing_of(request: OperationRequest, preparer: Preparer, limits: Limits) -> Listing:
    """The list that a request asks for, within the limits of its viewer.

    Raises `InvalidDocument`, `InvalidExport` and `InvalidPage`. What all of it costs is not asked: pages have a price.
    """
    prepared, given = preparer.document(request), request.variables or {}
    asked = preparer.check(preparer.operation(prepared, request.operation_name), given, limits.unpriced())
    if asked.operation.kind is not OperationType.QUERY:
        raise InvalidExport(f"An export reads rows; send a {asked.operation.kind.value} to the API.")
    operation = asked.operation
    assert operation.root is not None  # the document is valid
    root = operation.plan.root(operation.root, asked.variables, hide_suggestions=True)
    field = _only(root)
    if not isinstance(field.planned, ConnectionField):
        raise InvalidExport(f"`{field.name}` is no list of rows. {HOW}")
    if isinstance(field.planned, OffsetListField):
        raise InvalidExport(f"The rows of `{field.name}` have no key to page through them by; read them by `limit`.")
    nodes = _only(_below(asked, field))
    if nodes.name != NODES:
        raise InvalidExport(f"An export has rows alone, not `{nodes.name}`. {HOW}")
    first, after = _wanted(asked, field)
    node = asked.operation.node
    page = preparer.derived(prepared, _page_node(node, field, nodes))
    name = node.name.value if node.name else field.key
    return Listing(name, field.name, nodes, asked, given, first, after, page, preparer, limits)


def _wanted(asked: CheckedOperation, field: FieldPlan) -> tuple[int | None, str | None]:
    """How many rows are wanted, and behind which cursor."""
    arguments = get_argument_values(field.definition, field.nodes[0], asked.variables)
    assert isinstance(field.planned, ConnectionField)
    for name in sorted(field.planned.page_arguments - {FIRST, AFTER}):
        if arguments.get(name) is not None:
            raise InvalidExport(f"An export begins at the front; leave `{name}` out. `{FIRST}` says how many rows.")
    first = arguments.get(FIRST)
    if first is not None and first < 0:
        raise InvalidPage(f"`{FIRST}` is {first}; it must be 0 or more.")
    return first, arguments.get(AFTER)


def _only(selection: Selection) -> FieldPlan:
    if len(selection.fields) != 1:
        raise InvalidExport(f"An export is of one list. {HOW}")
    return selection.fields[0]


def _below(asked: CheckedOperation, field: FieldPlan) -> Selection:
    """What is selected of the objects that a field leads to."""
    type_ = field.named_type
    assert is_object_type(type_)
    return asked.operation.plan.below(field, type_, asked.variables, hide_suggestions=True)


# The operation that reads a page


def _page_node(node: OperationDefinitionNode, field: FieldPlan, nodes: FieldPlan) -> OperationDefinitionNode:
    """The same operation, with a page of the list and what tells where the next one begins.

    It is made of nodes of a valid document, and is valid as they are: it is neither printed nor parsed again.
    """
    first, after = _own_variables(node)
    kept = [it for it in field.nodes[0].arguments or () if it.name.value not in (FIRST, AFTER)]
    rows = [selection for it in nodes.nodes if it.selection_set for selection in it.selection_set.selections]
    where_next = [_field("hasNextPage"), _field("endCursor")]
    connection = _field(
        field.name,
        [*kept, _argument(FIRST, first), _argument(AFTER, after)],
        [_field(NODES, (), rows), _field(PAGE_INFO, (), where_next)],
    )
    variables = [_variable(first, "Int"), _variable(after, "String")]
    return OperationDefinitionNode(
        operation=node.operation,
        name=node.name,
        variable_definitions=(*(node.variable_definitions or ()), *variables),
        directives=node.directives,
        selection_set=SelectionSetNode(selections=(connection,)),
    )


def _own_variables(node: OperationDefinitionNode) -> tuple[str, str]:
    """Names of variables that the operation does not have."""
    taken = {definition.variable.name.value for definition in node.variable_definitions or ()}
    free = max(map(len, taken), default=0) * "_"
    return f"{free}{FIRST}", f"{free}{AFTER}"


def _field(name: str, arguments: Any = (), selections: Any = ()) -> FieldNode:
    below = SelectionSetNode(selections=tuple(selections)) if selections else None
    return FieldNode(name=NameNode(value=name), arguments=tuple(arguments), directives=(), selection_set=below)


def _argument(name: str, variable: str) -> ArgumentNode:
    return ArgumentNode(name=NameNode(value=name), value=VariableNode(name=NameNode(value=variable)))


def _variable(name: str, type_: str) -> VariableDefinitionNode:
    return VariableDefinitionNode(
        variable=VariableNode(name=NameNode(value=name)),
        type=NamedTypeNode(name=NameNode(value=type_)),
        directives=(),
    )
