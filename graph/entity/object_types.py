"""Types of values with parts, which the schema shows as objects: ranges, and shapes of the plane.

Each is one entry in the table of types, made here of its parts: an object type that shows them, an input type that
takes them, and what makes a value of the parts. How the columns are read and written: `db.dialects`.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, TypeAlias

from pydantic import BeforeValidator, SkipValidation
from sqlalchemy import BigInteger, Text, cast, type_coerce
from strawberry.utils.str_converters import to_camel_case

from db import geometry
from db.dialects import Range, from_words, in_words
from db.relations import ColumnType, element_type, is_local
from graph.entity.comparisons import (
    IS_NULL,
    ORDER,
    Condition,
    Expression,
    Operator,
    Test,
    input_type,
    same,
)
from graph.entity.fields import ValueField, object_type
from graph.entity.registry import list_of, optional
from graph.entity.scalar_type import ScalarType
from graph.entity.scalars import BigInt, LocalDateTime
from graph.entity.types import TYPES, register_type
from graph.entity.values import text

Entry: TypeAlias = ScalarType[Any]


class Part(NamedTuple):
    """A part of a value: an attribute of the value, and a field of both types of the schema."""

    attribute: str
    name: str
    annotation: Any
    description: str
    many: bool = False
    nullable: bool = False

    @property
    def entry(self) -> Entry:
        """The type of the part, or of each of its elements."""
        return TYPES.known(self.annotation)

    def field(self) -> ValueField:
        """The part as it is shown."""
        shown = list_of(self.entry.shown) if self.many else self.entry.shown
        annotation = optional(shown) if self.nullable else shown
        return ValueField(self.name, annotation, self.description, attrgetter(self.attribute))

    def taken(self) -> tuple[Any, str, str]:
        """The part as an input takes it; what is missing, `read` of the entry says."""
        return list_of(self.entry.taken) if self.many else self.entry.taken, self.graphql_name, self.description

    @property
    def graphql_name(self) -> str:
        """In the schema."""
        return to_camel_case(self.name)

    def value(self, given: Mapping[str, Any]) -> Any:
        """The part of what a client sent. Raises `ValueError` for a list of nothing."""
        found, read = given.get(self.graphql_name), self.entry.read
        if self.many and not found:
            raise ValueError(f"`{self.graphql_name}` is empty; send at least one")
        if found is None or read is None:
            return found
        return tuple(map(read, found)) if self.many else read(found)


def _object(
    annotation: Any,
    name: str,
    description: str,
    parts: tuple[Part, ...],
    read: Callable[[Any], Any],
    *,
    is_whole: bool,
    **known: Any,
) -> Entry:
    """The entry of a type whose values have these parts. `is_whole` where an input must give all of them."""
    taken = {f"{part.name}_": part.taken() for part in parts}
    free = {key: (optional(type_), name, doc) for key, (type_, name, doc) in taken.items()}
    checked = Annotated[annotation, SkipValidation, BeforeValidator(read)]
    return ScalarType(
        annotation=annotation,
        name=name,
        shown_by=object_type(name, description, *(part.field() for part in parts)),
        taken_by=(
            input_type(f"{name}Input", description, {}, required=taken)
            if is_whole
            else input_type(f"{name}Input", description, free)
        ),
        read=read,
        serialize=str,
        rule=lambda _column: checked,
        **known,
    )


# Ranges


def _element_test(operator: str) -> Test:
    return lambda column, value: column.bool_op(operator)(type_coerce(value, element_type(column.type)))


def _range_test(operator: str) -> Test:
    return lambda column, value: column.bool_op(operator)(value)


def _of_range(element: Any) -> tuple[Operator, ...]:
    # https://www.postgresql.org/docs/current/functions-range.html
    return (
        *ORDER,
        Operator("contains", "Holds this value.", _element_test("@>"), element, bind=same),
        Operator("containsRange", "Holds all of this range.", _range_test("@>"), bind=same),
        Operator("containedBy", "Is inside of this range.", _range_test("<@"), bind=same),
        Operator("overlaps", "Has a value in common with this range.", _range_test("&&"), bind=same),
    )


def _read_range(given: Any) -> Any:
    """Raises `ValueError` for bounds in the wrong order."""
    if isinstance(given, Range):
        return given
    if given.get("isEmpty"):
        return Range(empty=True)
    lower, upper = given.get("lower"), given.get("upper")
    if lower is not None and upper is not None and lower > upper:
        raise ValueError("the lower bound of a range is not above its upper bound; exchange them")
    first = "[" if given.get("includesLower") is not False else "("
    last = "]" if given.get("includesUpper") else ")"
    return Range(lower, upper, bounds=f"{first}{last}")  # type: ignore[arg-type]  # one of four texts


def _range(name: str, element: Any, columns: tuple[Any, ...] | None = None, **known: Any) -> Entry:
    parts = (
        Part("lower", "lower", element, "The lower bound; null: there is none.", nullable=True),
        Part("upper", "upper", element, "The upper bound; null: there is none.", nullable=True),
        Part("lower_inc", "includes_lower", bool, "Whether the lower bound is in the range; true if left out."),
        Part("upper_inc", "includes_upper", bool, "Whether the upper bound is in the range; false if left out."),
        Part("isempty", "is_empty", bool, "Whether the range holds nothing at all."),
    )
    is_number = element in (int, BigInt)

    def decode(value: object, column: ColumnType) -> Any:
        inner = element_type(column)
        return from_words(text(value), lambda words: TYPES.decode(int(words) if is_number else words, inner))

    return _object(
        Range[element],
        name,
        f"The values of type {TYPES.known(element).name} from one bound to another.",
        parts,
        _read_range,
        is_whole=False,
        operators=_of_range(element),
        is_ordered=True,
        encode=in_words,
        decode=decode,
        columns=columns or (Range[element],),
        **known,
    )


def _is_wide(column: ColumnType) -> bool:
    return isinstance(element_type(column), BigInteger)


register_type(
    _range(
        "IntRange",
        int,
        is_default=lambda column: not _is_wide(column),
        holds_all=lambda column: not _is_wide(column),
    )
)
register_type(_range("BigIntRange", BigInt, (Range[int],)))
register_type(_range("DecimalRange", Decimal))
register_type(_range("DateRange", date))
register_type(_range("DateTimeRange", datetime, is_default=lambda column: not is_local(element_type(column))))
register_type(
    _range(
        "LocalDateTimeRange",
        LocalDateTime,
        (Range[datetime],),
        is_default=lambda column: is_local(element_type(column)),
    )
)


# Shapes of the plane


def _alike(test: Callable[[Expression, Expression], Condition]) -> Test:
    """A comparison of shapes by their texts: `=` of the database compares the areas of some, and knows others not."""
    return lambda column, value: test(cast(column, Text), cast(value, Text))


OF_SHAPES = (
    Operator("eq", "Equal to this.", _alike(lambda column, value: column == value), bind=same),
    Operator("ne", "Not equal to this.", _alike(lambda column, value: column.is_distinct_from(value)), bind=same),
    IS_NULL,
)


def _shape(cls: Any, name: str, description: str, *parts: Part) -> None:
    def read(given: Any) -> Any:
        return given if isinstance(given, cls) else cls(*(part.value(given) for part in parts))

    register_type(_object(cls, name, description, parts, read, is_whole=True, operators=OF_SHAPES, columns=(cls,)))


def _number(name: str, description: str) -> Part:
    return Part(name, name, float, description)


_shape(
    geometry.Point,
    "GeometricPoint",
    "A point of the plane.",
    _number("x", "How far it is along the first axis."),
    _number("y", "How far it is along the second axis."),
)
_shape(
    geometry.Line,
    "GeometricLine",
    "All points of the plane where a * x + b * y + c is 0.",
    *(_number(name, f"The number {name}.") for name in ("a", "b", "c")),
)
_shape(
    geometry.Segment,
    "GeometricSegment",
    "A line from a point to another.",
    Part("start", "start", geometry.Point, "Where it starts."),
    Part("end", "end", geometry.Point, "Where it ends."),
)
_shape(
    geometry.Box,
    "GeometricBox",
    "A rectangle along the axes.",
    Part("high", "high", geometry.Point, "The corner with the larger coordinates."),
    Part("low", "low", geometry.Point, "The corner with the smaller coordinates."),
)
_shape(
    geometry.PlanePath,
    "GeometricPath",
    "Points in a row.",
    Part("points", "points", geometry.Point, "The points.", many=True),
    Part("is_closed", "is_closed", bool, "Whether the last leads to the first."),
)
_shape(
    geometry.Polygon,
    "GeometricPolygon",
    "An area.",
    Part("points", "points", geometry.Point, "The corners.", many=True),
)
_shape(
    geometry.Circle,
    "GeometricCircle",
    "All points that are near to another.",
    Part("centre", "centre", geometry.Point, "The point in the middle."),
    _number("radius", "How near they are."),
)
