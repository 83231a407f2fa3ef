"""What rows are grouped by: values, parts of values, and values of the rows that to-one relations lead to.

A `by` enters as graphql-core coerced it; expressions on a row leave, with how their values are shown. Nothing is loaded
here. Why: docs/decisions/0052-groups.md.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import count
from typing import Any, NamedTuple, TypeAlias

import strawberry
from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, select
from strawberry.scalars import JSON

from db import exact_json
from db.functions import day_start, json_at, json_path, json_written, local_start, moment_start
from db.periods import Unit, zones
from db.relations import AnyDecimal, Expression, Row, Visibility
from db.unreadable import Unreadable
from graph.entity.aggregate_functions import DOUBLE, exact
from graph.entity.comparisons import JSON_WORK, InputField, input_type
from graph.entity.fields import described_enum
from graph.entity.group_values import group_enum, group_fields
from graph.entity.lists import element_of
from graph.entity.names import made_name
from graph.entity.ordering import TO_ONE
from graph.entity.registry import Attribute, Deferred, Entity, Relation, optional
from graph.entity.related_rows import first, related
from graph.entity.scalars import LocalDateTime, check_text
from graph.entity.types import TYPES
from graph.entity.value_sorts import MAX_STEPS_IN_JSON
from graph.errors import InvalidGrouping
from graph.prepare.work import Weight, weighed

VALUE = "value"

MAX_BY = 10
"""How many values rows are grouped by at once."""
MAX_STEPS = 5
"""How many relations one of them may lead over."""

MAX_DIGITS = 30
"""How many places from the point the first digit of a step may stand."""

MOMENT_WORK = Weight(40)
"""To find the start of a day in a zone, for each row."""
NUMBER_WORK = Weight(40)
"""To round exactly."""

Asked: TypeAlias = Mapping[str, Any]

UNITS: Mapping[Unit, str] = {
    Unit.HOUR: "An hour on the clocks of the zone.",
    Unit.DAY: "A day, from midnight.",
    Unit.WEEK: "A week, from Monday.",
    Unit.MONTH: "A month.",
    Unit.QUARTER: "Three months, from January, April, July or October.",
    Unit.YEAR: "A year.",
}

described_enum(Unit, "A unit of time.", {unit.name: text for unit, text in UNITS.items()}, name="TimeUnit")


@strawberry.input(description="A unit of time that a moment lies in; shown by its start.")
class MomentPart:
    """Part of a moment or a day."""

    unit: Unit = strawberry.field(description="The unit.", metadata=weighed(MOMENT_WORK))
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="The zone by its IANA name, as `Europe/Berlin`; UTC if left out."
    )


@strawberry.input(description="A number, rounded.")
class NumberPart:
    """Part of a number."""

    round_to: Decimal = strawberry.field(
        description="The nearest multiple of this, halves away from zero.", metadata=weighed(NUMBER_WORK)
    )


@strawberry.input(description="A part of a JSON value; of none, and of JSON's null, null.")
class JSONPart:
    """Part of a JSON value."""

    at: list[str] = strawberry.field(
        description='Where the part is: keys and indexes, for instance `["lines", "0"]`.',
        metadata=weighed(Weight(JSON_WORK)),
    )


class GroupedBy(NamedTuple):
    """One thing that rows are grouped by."""

    expressions: Callable[[Row], Sequence[Expression]]
    show: Callable[[Sequence[Any]], Any]
    """From the values of the expressions to JSON."""
    width: int = 1
    """How many expressions there are."""
    columns: tuple[str, ...] = ()
    """The attributes that the values are those of, for relations that lead on from there."""
    attribute: str | None = None
    """The attribute that shows the value, or a part of the same type, in the group's key."""


class _Part(NamedTuple):
    """A kind of parts: the input that says which one, and what becomes of a value."""

    taken: Any
    expression: Callable[[str, Attribute, Expression, Asked], Expression]
    """From a place for errors, the attribute, its value and what was asked. Raises `InvalidGrouping`."""


def _moment(where: str, attribute: Attribute, value: Expression, asked: Asked) -> Expression:
    unit, zone = asked["unit"], asked.get("timeZone")
    if zone is not None and attribute.type is not datetime:
        raise InvalidGrouping(f"{where}.timeZone", "this value is in no time zone; leave `timeZone` out.")
    if attribute.type is date:
        if unit is Unit.HOUR:
            raise InvalidGrouping(f"{where}.unit", "days have no hours; group by DAY or more.")
        return day_start(value, unit.value)
    if attribute.type is not datetime:
        return local_start(value, unit.value)
    if zone is not None and zone not in zones():
        reason = "is no time zone; send an IANA name, for instance Europe/Berlin, America/New_York or UTC."
        raise InvalidGrouping(f"{where}.timeZone", f"{zone[:40]!r} {reason}")
    return moment_start(value, unit.value, zone or "UTC")


def _number(where: str, attribute: Attribute, value: Expression, asked: Asked) -> Expression:
    step: Decimal = asked["roundTo"]
    if step <= 0 or not -MAX_DIGITS <= step.adjusted() <= MAX_DIGITS:
        raise InvalidGrouping(f"{where}.roundTo", "numbers are rounded to a multiple of a number above zero, as 10.")
    python = TYPES.known(attribute.type).python
    if python is int and step != int(step):
        raise InvalidGrouping(f"{where}.roundTo", "whole numbers are rounded to a multiple of a whole number, as 10.")
    by = literal(step, AnyDecimal())
    rounded = func.round(exact(value) / by, type_=AnyDecimal()) * by
    if python is Decimal:
        return rounded
    return cast(rounded, BigInteger()) if python is int else cast(rounded, DOUBLE)


def _json(where: str, attribute: Attribute, value: Expression, asked: Asked) -> Expression:
    at = asked["at"]
    if not 0 < len(at) <= MAX_STEPS_IN_JSON:
        raise InvalidGrouping(
            f"{where}.at", f"a path has from 1 to {MAX_STEPS_IN_JSON} keys; name those that lead to the part."
        )
    try:
        for key in at:
            check_text(key)
    except ValueError as error:
        raise InvalidGrouping(f"{where}.at", f"{error}.") from None
    return json_written(json_at(value, json_path(at)))


_PARTS: Mapping[str, _Part] = {
    "moment": _Part(MomentPart, _moment),
    "number": _Part(NumberPart, _number),
    "json": _Part(JSONPart, _json),
}


def _part_of(attribute: Attribute) -> str | None:
    """Which kind of parts the values of an attribute have."""
    entry = TYPES.of(attribute.type)
    if entry is None or not attribute.is_column:
        return None
    if attribute.type in (datetime, date, LocalDateTime):
        return "moment"
    if attribute.type is JSON:
        return "json"
    return "number" if entry.python in (int, float, Decimal) and entry.result_of("avg") is not None else None


@cache
def _members(entity: Entity) -> Mapping[str, Attribute | Relation]:
    """What the input for an entity's groups has besides `value`: attributes with parts, and to-one relations."""
    found: dict[str, Attribute | Relation] = {
        name: attribute for name, attribute in entity.attributes.items() if _part_of(attribute) is not None
    }
    found |= {
        name: relation
        for name, relation in entity.relations.items()
        if not relation.link.to_many and can_be_grouped(relation.target())
    }
    if VALUE not in found:
        return found
    return {_apart(name, found): member for name, member in found.items()}


def _apart(name: str, taken: Collection[str]) -> str:
    """A name that is not that of the input's own field."""
    if name != VALUE:
        return name
    return next(other for number in count(1) if (other := name + "_" * number) not in taken)


def can_be_grouped(entity: Entity) -> bool:
    """Whether there is a value, or a part of one, that rows can be grouped by."""
    return bool(group_fields(entity)) or any(_part_of(attribute) for attribute in entity.attributes.values())


@cache
def group_by_type(entity: Entity) -> type[Any]:
    """The input type of one thing that an entity's rows are grouped by."""
    fields: dict[str, InputField] = {}
    if group_fields(entity):
        value = Deferred("group field", lambda: group_enum(entity).__strawberry_definition__)
        fields["value_"] = (optional(value), VALUE, "The value itself.")
    weights = {}
    for name, member in _members(entity).items():
        if isinstance(member, Relation):
            weights[name] = TO_ONE
        fields[f"{name}_"] = (optional(_taken(member)), name, member.description)
    described = f"By what {entity.many} are grouped: one field."
    return input_type(made_name(entity, "GroupBy"), described, fields, one_of=True, weights=weights)


def _taken(member: Attribute | Relation) -> Any:
    if isinstance(member, Relation):
        return Deferred(f"group by {member.name}", lambda: group_by_type(member.target()))
    kind = _part_of(member)
    assert kind is not None  # others are no members
    return _PARTS[kind].taken


def grouped_by(entity: Entity, asked: Sequence[Asked], visible: Visibility) -> list[GroupedBy]:
    """What was asked for. Raises `InvalidGrouping`."""
    if not asked:
        raise InvalidGrouping("by", "this is empty; name what the rows of a group share, or leave `groupBy` out.")
    if len(asked) > MAX_BY:
        raise InvalidGrouping("by", f"rows are grouped by at most {MAX_BY} values at once; name fewer.")
    return [_grouped_by(entity, one, visible, f"by[{number}]", 0) for number, one in enumerate(asked)]


def _grouped_by(entity: Entity, asked: Asked, visible: Visibility, where: str, steps: int) -> GroupedBy:
    if steps > MAX_STEPS:
        raise InvalidGrouping(where, f"groups lead over at most {MAX_STEPS} relations; ask for less.")
    ((name, value),) = asked.items()
    if name == VALUE:
        return _by_value(entity, value.name)
    member, place = _members(entity)[name], f"{where}.{name}"
    if isinstance(member, Relation):
        return _by_related(member, _grouped_by(member.target(), value, visible, place, steps + 1), visible)
    return _by_part(member, value, place)


def _by_value(entity: Entity, name: str) -> GroupedBy:
    field = group_fields(entity)[name]

    def expressions(row: Row) -> list[Expression]:
        return [getattr(row, column) for column in field.columns]

    attribute = entity.attributes.get(field.graphql_name)
    if attribute is None:  # its id would tell of a row that the viewer may not see
        return GroupedBy(expressions, lambda _values: None, len(field.columns), field.columns)
    return GroupedBy(expressions, _shown_as(attribute.type), columns=field.columns, attribute=attribute.name)


def _by_part(attribute: Attribute, asked: Asked, where: str) -> GroupedBy:
    kind = _part_of(attribute)
    assert kind is not None  # others are no members
    part = _PARTS[kind].expression
    part(where, attribute, literal(None), asked)  # what is wrong with it is known before anything is sent

    def expressions(row: Row) -> list[Expression]:
        return [part(where, attribute, attribute.expression(row), asked)]

    if kind == "json":
        return GroupedBy(expressions, lambda values: None if values[0] is None else exact_json.loads(values[0]))
    return GroupedBy(expressions, _shown_as(attribute.type), attribute=attribute.name)


def _by_related(relation: Relation, inner: GroupedBy, visible: Visibility) -> GroupedBy:
    """By what the row has that a relation leads to: null where there is none, or none that the viewer sees."""

    def expressions(row: Row) -> list[Expression]:
        children = visible.seen(relation.link.children(), relation.link.target)
        return [_of_related(value, relation, children, row) for value in inner.expressions(children.row)]

    def _of_related(value: Expression, relation: Relation, children: Any, row: Row) -> ColumnElement[Any]:
        found = related(select(value), relation.link, children, row, visible)
        if not relation.link.is_many_to_one:
            found = first(found, relation.link, children)
        return found.scalar_subquery()

    return GroupedBy(expressions, inner.show, inner.width)


def _shown_as(type_: object) -> Callable[[Sequence[Any]], Any]:
    return lambda values: _as_json(values[0], type_)


def _as_json(value: Any, type_: object) -> Any:
    """A value as its own type of the schema would show it. What could not be read is left to the scalar to refuse."""
    if value is None or type(value) is Unreadable:
        return value
    if isinstance(value, list):
        return [_as_json(item, element_of(type_)) for item in value]
    if isinstance(value, Enum):
        return value.name
    entry = TYPES.known(type_)
    return value if entry.parse is None else entry.serialize(value)


def spelled(asked: object) -> str:
    """What was asked for, in words that are equal for equal requests."""
    return json.dumps(asked, default=_in_words, sort_keys=True)


def _in_words(value: object) -> str:
    return value.name if isinstance(value, Enum) else str(value)
