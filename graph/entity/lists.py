"""Lists: the entry that arrays of a type have, which follows from the entry of their elements.

The annotation of a list and the entry of its elements enter, the entry of the list leaves: what is asked of lists, how
they stand in ids and cursors, and what inputs are checked for. Elements may be null unless the annotation says that
they are not. Source of the semantics: https://www.postgresql.org/docs/current/functions-array.html
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from pydantic import AfterValidator, Field
from sqlalchemy import ARRAY, Column, and_, case, func, select, true

from db.relations import ColumnType, element_type, undecorated, underlying
from db.relations.arrays import as_stored
from graph.entity.comparisons import IS_NULL, ORDER, Condition, Expression, Operand, Operator, same
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
    """Whether elements of a list may be null; of lists in lists, those of the innermost."""
    (element,) = get_args(annotation)
    return may_hold_nulls(element) if get_origin(element) is list else type(None) in get_args(element)


def depth_of(annotation: object) -> int:
    """How deep lists nest: 1 for `list[int]`, 2 for `list[list[int]]`; 0 for what is no list."""
    return 1 + depth_of(element_of(annotation)) if get_origin(annotation) is list else 0


def innermost(annotation: object) -> Any:
    """What the lists at the bottom hold, without None."""
    return innermost(element_of(annotation)) if get_origin(annotation) is list else annotation


def check_equal_lengths(value: Any) -> None:
    """Raise `ValueError` for lists that no array can be: of two dimensions, each row is as long as the others."""
    if len(set(_shapes(value))) > 1:
        raise ValueError("lists inside of a list are of one length; make them so")


def _shapes(value: Any) -> Iterator[tuple[int, ...]]:
    """The lengths on the way to each of the innermost lists."""
    if not isinstance(value, list) or not value or not isinstance(value[0], list):
        yield (len(value),) if isinstance(value, list) else ()
        return
    for one in value:
        yield from ((len(value), *shape) for shape in _shapes(one))


def item_type(column: ColumnType) -> ColumnType:
    """The type of the elements of an array, or of the ranges of a multirange."""
    found = underlying(undecorated(column))
    return found.item_type if isinstance(found, ARRAY) else element_type(found)


def _array(test: str) -> Any:
    return lambda column, values: as_stored(column).bool_op(test)(values)


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

    return Operator(
        "length", "What is asked of the number of elements.", asked, counts.filter.input_type, asks=counts.filter
    )


def _operators(
    taken: object, element: ScalarType[Any], one: ScalarType[Any], counts: ScalarType[int]
) -> tuple[Operator, ...]:
    """What is asked of lists, which an input has as `taken`.

    Of several dimensions, `one` is what the innermost lists hold: whether an array holds a value hangs on no row.
    """
    if not element.is_ordered:  # such types have no equality in PostgreSQL either
        return (IS_NULL, _length(counts))
    by_name: Mapping[str, Operator] = {operator.name: operator for operator in ORDER}
    flat = list_of(one.taken)
    bind = same if one.read is None else partial(_read_each, one.read)
    whole = bind if element is one else partial(_read_rows, one.read or same)
    compared = [_taking(by_name[name], taken, whole) for name in ("eq", "ne", "lt", "lte", "gt", "gte")]
    return (
        *compared,
        IS_NULL,
        Operator("contains", "Holds all of these, in any order.", _array("@>"), flat, bind=bind),
        Operator("containedBy", "Holds none but these.", _array("<@"), flat, bind=bind),
        Operator("overlaps", "Holds at least one of these.", _array("&&"), flat, bind=bind),
        _length(counts),
    )


def _read_each(read: Callable[[Any], object], values: list[Any]) -> list[object]:
    """What clients send for values with parts, as values. Raises `InvalidFilter`."""
    try:
        return [None if one is None else read(one) for one in values]
    except ValueError as error:
        raise InvalidFilter("list", f"{error}.") from None


def _read_rows(read: Callable[[Any], object], values: list[Any]) -> list[object]:
    """The same of lists of lists."""
    try:
        check_equal_lengths(values)
    except ValueError as error:
        raise InvalidFilter("list", f"{error}.") from None
    return [_read_rows(read, one) if isinstance(one, list) else _read_each(read, [one])[0] for one in values]


def _taking(operator: Operator, values: object, bind: Callable[[Any], object]) -> Operator:
    return Operator(
        operator.name,
        operator.description,
        operator.sql,
        values,
        bind=bind,
        finds_values=operator.finds_values,
        takes_nulls=True,
    )


def _list_of(element: Any, *, nulls: bool) -> Any:
    return list[element | None] if nulls else list[element]


def _decoded_each(decode: Callable[[object], Any], values: list[Any]) -> tuple[Any, ...]:
    """Of as many dimensions as there are: a row has a place in pages whatever its array is declared as."""
    return tuple(
        _decoded_each(decode, one) if isinstance(one, list) else None if one is None else decode(one) for one in values
    )


def _of_equal_lengths(value: list[Any]) -> list[Any]:
    check_equal_lengths(value)
    return value


def list_entry(annotation: object, element: ScalarType[Any], table: "TypeTable") -> ScalarType[Any]:
    """The entry of lists. Rows have an order by lists where they have one by elements: the first that differ decide."""

    def decode(value: object, column: ColumnType) -> tuple[Any, ...]:  # a tuple: loaders tell cursors apart by hash
        if not isinstance(value, list):
            raise TypeError(value)
        check_equal_lengths(value)
        return _decoded_each(lambda one: table.decode(one, item_type(column)), value)

    def rule(column: Column[object]) -> object:
        inner = column.type if is_nested else item_type(column.type)
        checked = element.rule_for(Column(column.name, inner, nullable=False))
        one = checked | None if holds_nulls else checked
        many = Annotated[list[one], Field(max_length=MAX_ELEMENTS)]  # type: ignore[valid-type]  # made of a column
        return Annotated[many, AfterValidator(_of_equal_lengths)] if is_nested else many

    is_nested = get_origin(element.annotation) is list
    holds_nulls = may_hold_nulls(annotation) and not is_nested
    taken = _list_of(element.taken, nulls=holds_nulls)
    return ScalarType(
        annotation=annotation,
        name=f"{element.name}List",
        shown_by=_list_of(element.shown, nulls=holds_nulls),
        taken_by=taken,
        operators=_operators(taken, element, table.known(innermost(annotation)), table.known(int)),
        is_ordered=element.is_ordered,
        columns=(annotation,),  # type: ignore[arg-type]  # an annotation that columns tell
        rule=rule,
        encode=table.encode,
        decode=decode,
    )
