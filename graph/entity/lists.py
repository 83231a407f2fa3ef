"""Lists: the entry that arrays of a type have, which follows from the entry of their elements.

The annotation of a list and the entry of its elements enter, the entry of the list leaves: what is asked of lists, how
they stand in ids and cursors, and what inputs are checked for. Elements may be null unless the annotation says that
they are not. Source of the semantics: https://www.postgresql.org/docs/current/functions-array.html
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args

from pydantic import Field
from sqlalchemy import ARRAY, Column, and_, case, func, select, true

from db.relations import ColumnType, element_type, undecorated, underlying
from graph.entity.comparisons import EQUALITY, ORDER, Condition, Expression, Operand, Operator, same
from graph.entity.registry import list_of
from graph.entity.scalar_type import ScalarType
from graph.errors import InvalidFilter

if TYPE_CHECKING:
    from graph.entity.type_table import TypeTable

MAX_ELEMENTS = 10_000
"""How many elements an input writes into one array."""


def element_of(annotation: object) -> Any:
    """What the elements of a list are, without None."""
    (element,) = get_args(annotation)
    found = [part for part in get_args(element) if part is not type(None)]
    return found[0] if type(None) in get_args(element) and len(found) == 1 else element


def may_hold_nulls(annotation: object) -> bool:
    """Whether elements of a list may be null."""
    (element,) = get_args(annotation)
    return type(None) in get_args(element)


def item_type(column: ColumnType) -> ColumnType:
    """The type of the elements of an array, or of the ranges of a multirange."""
    found = underlying(undecorated(column))
    return found.item_type if isinstance(found, ARRAY) else element_type(found)


def _array(test: str) -> Any:
    return lambda column, values: column.bool_op(test)(values)


def _number_of(column: Expression) -> Expression:
    """How many elements an array has, or ranges a multirange, which no function of the database counts."""
    if isinstance(underlying(undecorated(column.type)), ARRAY):
        return func.cardinality(column)
    counted = select(func.count()).select_from(func.unnest(column).table_valued("each")).scalar_subquery()
    return case((column.is_not(None), counted))


def _length(counts: ScalarType[int]) -> Operator:
    """What is asked of the number of elements; the comparisons are those of whole numbers."""

    def asked(column: Expression, comparisons: Operand) -> Condition:
        return and_(true(), *counts.filter.condition("length", _number_of(column), comparisons))

    return Operator("length", "What is asked of the number of elements.", asked, counts.filter.input_type)


def _operators(element: ScalarType[Any], counts: ScalarType[int]) -> tuple[Operator, ...]:
    is_null = EQUALITY[-1]
    if not element.is_ordered:  # such types have no equality in PostgreSQL either
        return (is_null, _length(counts))
    by_name: Mapping[str, Operator] = {operator.name: operator for operator in ORDER}
    values = list_of(element.taken)
    bind = same if element.read is None else partial(_read_each, element.read)
    compared = [_taking(by_name[name], values, bind) for name in ("eq", "ne", "lt", "lte", "gt", "gte")]
    return (
        *compared,
        is_null,
        Operator("contains", "Holds all of these, in any order.", _array("@>"), values, bind=bind),
        Operator("containedBy", "Holds none but these.", _array("<@"), values, bind=bind),
        Operator("overlaps", "Holds at least one of these.", _array("&&"), values, bind=bind),
        _length(counts),
    )


def _read_each(read: Callable[[Any], object], values: list[Any]) -> list[object]:
    """What clients send for values with parts, as values. Raises `InvalidFilter`."""
    try:
        return list(map(read, values))
    except ValueError as error:
        raise InvalidFilter("list", f"{error}.") from None


def _taking(operator: Operator, values: object, bind: Callable[[Any], object]) -> Operator:
    return Operator(
        operator.name,
        operator.description,
        operator.sql,
        values,
        bind=bind,
        finds_values=operator.finds_values,
    )


def _list_of(element: Any, *, nulls: bool) -> Any:
    return list[element | None] if nulls else list[element]


def list_entry(annotation: object, element: ScalarType[Any], table: "TypeTable") -> ScalarType[Any]:
    """The entry of lists. Rows have an order by lists where they have one by elements: the first that differ decide."""

    def decode(value: object, column: ColumnType) -> tuple[Any, ...]:  # a tuple: loaders tell cursors apart by hash
        if not isinstance(value, list):
            raise TypeError(value)
        item = item_type(column)
        return tuple(None if one is None else table.decode(one, item) for one in value)

    def rule(column: Column[object]) -> object:
        checked = element.rule_for(Column(column.name, item_type(column.type), nullable=False))
        one = checked | None if may_hold_nulls(annotation) else checked
        return Annotated[list[one], Field(max_length=MAX_ELEMENTS)]  # type: ignore[valid-type]  # made of a column

    return ScalarType(
        annotation=annotation,
        name=f"{element.name}List",
        shown_by=_list_of(element.shown, nulls=may_hold_nulls(annotation)),
        taken_by=_list_of(element.taken, nulls=may_hold_nulls(annotation)),
        operators=_operators(element, table.known(int)),
        is_ordered=element.is_ordered,
        columns=(annotation,),  # type: ignore[arg-type]  # an annotation that columns tell
        rule=rule,
        encode=table.encode,
        decode=decode,
    )
