"""What clients send: arguments of fields and directives, and input fields, which change by the same rules.

Two questions decide: whether a value may be left out, and whether it may be null. One change answers for both.
"""

from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias

from graphql import (
    GraphQLArgument,
    Undefined,
    is_required_argument,
    is_required_input_field,
    print_ast,
    value_from_ast,
)
from graphql.utilities import get_default_value_ast
from graphql.utilities.sort_value_node import sort_value_node

from graph.contract.changes import Change, line_of
from graph.contract.described import described_changes
from graph.contract.elements import Element, Value, node_of, non_nulls, shape
from graph.contract.kinds import Kind
from graph.contract.pairs import Both, Paired

Role: TypeAlias = Literal["ARGUMENT", "INPUT_FIELD", "DIRECTIVE_ARGUMENT"]
"""What a value is, as the names of its kinds begin."""


def values_changes(
    role: Role, old: Mapping[str, Value], new: Mapping[str, Value], coordinate: str, owner: Element
) -> Iterator[Change]:
    """Each change between the values of one field, directive or input. `owner` is theirs in the new schema."""
    values = Paired(old, new, coordinate, lambda value: str(value.type), line_of(node_of(owner)))
    yield from values.removed(Kind[f"{role}_REMOVED"])
    yield from values.added(lambda value: Kind[f"REQUIRED_{role}_ADDED" if _is_required(value) else f"{role}_ADDED"])
    for both in values.both():
        yield from _value_changes(role, both)
        yield from described_changes(both)


def _value_changes(role: Role, both: Both[Value]) -> Iterator[Change]:
    old, new = both.old, both.new
    if shape(old.type) != shape(new.type):
        yield both.change(Kind[f"{role}_TYPE_CHANGED"], _shown(old), _shown(new))
        yield from _default_changes(role, both)
    elif _is_required(new) and not _is_required(old):
        yield both.change(Kind[f"{role}_BECAME_REQUIRED"], _shown(old), _shown(new))
    elif _is_required(old) and not _is_required(new) and not _takes_less(both):
        yield both.change(Kind[f"{role}_BECAME_OPTIONAL"], _shown(old), _shown(new))
    else:
        yield from _null_changes(role, both)
        yield from _default_changes(role, both)


def _null_changes(role: Role, both: Both[Value]) -> Iterator[Change]:
    old, new = both.old.type, both.new.type
    if str(old) != str(new):
        became = "NON_NULL" if _takes_less(both) else "NULLABLE"
        yield both.change(Kind[f"{role}_BECAME_{became}"], str(old), str(new))


def _default_changes(role: Role, both: Both[Value]) -> Iterator[Change]:
    old, new = _default(both.old), _default(both.new)
    if old == new or _is_required(both.old):  # nobody left a required value out
        return
    if old is None:
        yield both.change(Kind[f"{role}_DEFAULT_ADDED"], new=new or "")
    elif new is None:
        yield both.change(Kind[f"{role}_DEFAULT_REMOVED"], old=old)
    elif not _mean_the_same(both):
        yield both.change(Kind[f"{role}_DEFAULT_CHANGED"], old, new)


def _takes_less(both: Both[Value]) -> bool:
    """Whether some level takes no null any more."""
    levels = zip(non_nulls(both.old.type), non_nulls(both.new.type), strict=True)
    return any(new and not old for old, new in levels)


def _is_required(value: Value) -> bool:
    return is_required_argument(value) if isinstance(value, GraphQLArgument) else is_required_input_field(value)


def _default(value: Value) -> str | None:
    """The default as text, the fields of objects in the order of their names."""
    node = get_default_value_ast(value)
    return None if node is None else print_ast(sort_value_node(node))


def _mean_the_same(both: Both[Value]) -> bool:
    """Whether two texts are one value: `1` and `[1]` for a list, a block string and a plain one."""
    try:
        old, new = (value_from_ast(get_default_value_ast(value), value.type) for value in (both.old, both.new))
    except RecursionError:  # an input that by default holds itself, which no server can have
        return False
    if old is Undefined or str(both.old.type) != str(both.new.type):
        return False
    return repr(old) == repr(new)  # in Python, 1 equals true


def _shown(value: Value) -> str:
    default = _default(value)
    return f"{value.type}" if default is None else f"{value.type} = {default}"
