"""Each type of values is one entry, which every room reads; nothing else knows the types."""

import ast
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NewType

import orjson
import pytest
import strawberry
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Time,
    Uuid,
)
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import NullType, TypeEngine
from strawberry.scalars import JSON

import graph.execute
import graph.prepare
from db.base import JSON_DOCUMENT, EmailAddress, UtcDateTime
from db.kinds import OffsetTime
from graph.entity import BigInt, LocalDateTime, Node, Operator, ScalarType, entity, register_operator, register_type
from graph.entity.aggregate_functions import EXTREMES, Aggregate
from graph.entity.type_table import TypeTable
from graph.entity.types import TYPES
from graph.errors import DeclarationError, MismatchedType
from tests.entity.laws import tried

SPECIFIED = {"String", "Int", "Float", "Boolean", "ID"}


class Size(Enum):
    SMALL = "s"
    LARGE = "l"


DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - zones are added below
ZONES = st.integers(-12, 14).map(lambda hours: timezone(timedelta(hours=hours)))

COLUMNS: list[tuple[TypeEngine[Any], st.SearchStrategy[Any]]] = [
    (String(), st.text().filter(lambda text: "\x00" not in text)),
    (EmailAddress(), st.emails()),
    (Integer(), st.integers(-(2**31), 2**31 - 1)),
    (SmallInteger(), st.integers(-(2**15), 2**15 - 1)),
    (BigInteger(), st.integers(-(2**63), 2**63 - 1)),
    (Float(), DOUBLES),
    (Boolean(), st.booleans()),
    (Numeric(20, 4), st.decimals(-(10**9), 10**9, places=4)),
    (UtcDateTime(), st.datetimes(timezones=st.just(UTC))),
    (DateTime(timezone=True), st.datetimes(timezones=st.just(UTC))),
    (DateTime(), MOMENTS),
    (Date(), st.dates()),
    (Time(), st.times()),
    (Uuid(), st.uuids()),
    (EnumColumn(Size), st.sampled_from(Size)),
    (EnumColumn("a", "b"), st.sampled_from("ab")),
    (NullType(), st.one_of(st.integers(), DOUBLES, st.booleans(), st.just("text"))),
]


@pytest.mark.parametrize(("column", "values"), COLUMNS, ids=lambda given: repr(given)[:30])
def test_what_ids_and_cursors_hold_is_read_back(column: TypeEngine[Any], values: st.SearchStrategy[Any]) -> None:
    @tried(examples=100)
    @given(values)
    def reads_back(value: Any) -> None:
        sent = json.loads(json.dumps(TYPES.encode(value)))
        found = TYPES.decode(sent, column)
        assert found == value
        assert type(found) is type(value)

    reads_back()


class DriversUUID(uuid.UUID):
    """As asyncpg has one."""


def test_values_of_subclasses_are_written_as_those_of_their_class() -> None:
    number = uuid.UUID(int=7)
    assert TYPES.encode(DriversUUID(int=7)) == str(number)
    assert TYPES.encode(datetime(2026, 3, 1, 12, tzinfo=UTC)) == "2026-03-01T12:00:00+00:00"
    assert TYPES.encode(None) is None


@pytest.mark.parametrize(
    ("column", "annotations", "default"),
    [
        (String(), (str,), str),
        (EmailAddress(), (str,), str),
        (BigInteger(), (int, BigInt), int),
        (Numeric(), (Decimal,), Decimal),
        (UtcDateTime(), (datetime, LocalDateTime), datetime),
        (DateTime(timezone=True), (datetime, LocalDateTime), datetime),
        (DateTime(), (datetime, LocalDateTime), LocalDateTime),
        (Date(), (date,), date),
        (Time(), (time, OffsetTime), time),
        (Time(timezone=True), (time, OffsetTime), OffsetTime),
        (
            ARRAY(Integer),
            (list[int | None], list[int], list[BigInt | None], list[BigInt]),
            list[int | None],
        ),
        (JSON_DOCUMENT, (JSON,), JSON),
        (EnumColumn(Size), (Size,), Size),
        (LargeBinary(), (bytes,), bytes),
        (NullType(), (), object),
    ],
    ids=lambda given: repr(given)[:30],
)
def test_a_column_says_how_it_may_be_declared(
    column: TypeEngine[Any], annotations: tuple[object, ...], default: object
) -> None:
    assert TYPES.annotations(column) == annotations
    assert TYPES.of_column(column).annotation == default


@tried(examples=100)
@given(st.datetimes(timezones=st.one_of(st.just(UTC), ZONES, st.none())))
def test_orjson_writes_as_they_are_only_values_that_the_scalar_writes_alike(value: datetime) -> None:
    entry = TYPES.known(datetime)
    assert entry.written_as_is is not None
    condition = entry.written_as_is.condition.format("value")
    if eval(condition, {"value": value, **entry.written_as_is.names}):
        assert orjson.loads(orjson.dumps(value)) == entry.serialize(value)
    else:
        assert value.tzinfo is not UTC


# Registering


class Base(DeclarativeBase):
    pass


class Colour:
    """A class of a test's own, without a form in GraphQL."""


class PaintRow(Base):
    __tablename__ = "paints"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    @hybrid_property
    def colour(self) -> Any:
        """The colour."""
        return self.name


@entity(PaintRow)
class Paint(Node):
    name: str
    colour: Colour


def colour_type(annotation: object = Colour, name: str = "Colour") -> ScalarType[object]:
    return ScalarType(annotation=annotation, name=name, parse=lambda value: value)


HOLDS = Operator("holds", "Holds this.", lambda column, value: column.contains(value))


def test_a_type_is_registered_before_it_is_shown() -> None:
    with pytest.raises(DeclarationError) as caught:
        register_type(colour_type())
    assert str(caught.value) == (
        "Paint.colour shows Colour already; register before the entities that show it are declared."
    )
    with pytest.raises(DeclarationError, match="shows str already; register before the entities"):
        register_operator(str, HOLDS)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (colour_type(name="DateTime"), r"^DateTime \(Colour\): there is a type DateTime \(datetime\) already;"),
        (colour_type(annotation=uuid.UUID), r"^Colour \(UUID\): there is a type UUID \(UUID\) already;"),
    ],
)
def test_a_name_and_an_annotation_belong_to_one_type(entry: ScalarType[object], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        TypeTable(*TYPES).add(entry)


@pytest.mark.parametrize(
    "aggregates", [{"min": EXTREMES["min"]}, {**EXTREMES, "max": EXTREMES["max"]._replace(result=int)}]
)
def test_values_with_a_smallest_have_a_largest_of_the_same_type(aggregates: Mapping[str, Aggregate]) -> None:
    entry: ScalarType[object] = replace(colour_type(), aggregates=aggregates)
    with pytest.raises(DeclarationError, match="min and max give values of one type; give all, or none"):
        TypeTable().add(entry)


def test_an_operator_is_added_once_and_to_a_known_type() -> None:
    table = TypeTable(colour_type())
    table.add_operator(Colour, HOLDS)
    assert list(table.known(Colour).filter.operators) == ["eq", "ne", "in", "notIn", "isNull", "holds"]
    with pytest.raises(DeclarationError, match="has an operator 'holds' already"):
        table.add_operator(Colour, HOLDS)
    with pytest.raises(DeclarationError, match="GraphQL has no form for"):
        table.add_operator(str, HOLDS)


def test_a_column_of_an_unregistered_type_is_refused() -> None:
    Other = NewType("Other", str)
    with pytest.raises(MismatchedType, match=r"^Paint\.name is declared as Other; the model says str\."):

        @entity(PaintRow)
        class Paint(Node):
            name: Other


# Rooms


def test_executor_and_planner_know_no_type_beyond_the_specification() -> None:
    entries = [entry for entry in TYPES if entry.name not in SPECIFIED]
    classes = {entry.python.__name__ for entry in entries if entry.python.__module__ != "builtins"}
    scalars = {entry.name for entry in entries}
    unknown = classes | scalars
    assert unknown >= {"datetime", "Decimal", "UUID", "DateTime", "BigInt", "JSON"}
    for room in (graph.execute, graph.prepare):
        for path in Path(room.__path__[0]).glob("*.py"):
            tree = ast.parse(path.read_text())
            named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            named |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in scalars}
            assert not named & unknown, path.name


def test_ids_have_operators_but_no_columns() -> None:
    assert list(TYPES.known(strawberry.ID).filter.operators) == ["eq", "ne", "in", "notIn", "isNull"]
    assert all(strawberry.ID not in TYPES.annotations(column) for column, _ in COLUMNS)
