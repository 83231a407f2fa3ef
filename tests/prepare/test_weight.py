"""Cheap is what is certain to be cheap: look-ups by keys and plain pages, whatever the values of variables are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import strawberry
from graphql import OperationType
from sqlalchemy import Index, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from strawberry.types import Info

from graph.entity import Node, Schema, computed, entity, query_type
from graph.entity.roots import viewer_field
from graph.prepare.documents import OperationRequest
from graph.prepare.fields import Weight
from graph.prepare.weight import FEW_ROWS, FEW_STATEMENTS
from graph.settings import Settings

LOOK_UP, PAGE, DEAR = Weight


class Base(DeclarativeBase):
    pass


class Animal(Base):
    """One table for several classes."""

    __tablename__ = "animals"
    __table_args__ = (
        Index("by_tag", "tag", unique=True),
        Index("by_chip", "chip", unique=True, sqlite_where=text("chip > 0"), postgresql_where=text("chip > 0")),
    )
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    tag: Mapped[str]
    chip: Mapped[int]


class Cat(Animal):
    """One of them."""

    __mapper_args__ = {"polymorphic_identity": "cat"}  # noqa: RUF012 - as above


@entity(Animal, plural="allAnimals", keys=["name", "tag", "chip"])
class AnimalType(Node):
    """An animal."""

    name: str
    tag: str
    chip: int

    @computed(needs=["name"])
    def loud(self) -> str:
        """In capitals."""
        return self.name.upper()

    @computed(needs=["name"])
    async def asked(self) -> str:
        """Perhaps of a server elsewhere."""
        return self.name

    @computed(needs=["name"])
    def with_session(self, info: Info) -> str:
        """Perhaps of the database."""
        return self.name


@entity(Cat, plural="allCats")
class CatType(Node):
    """A cat."""

    name: str


ZOO = Schema(query_type(AnimalType, CatType, extra=[viewer_field(CatType, "Who asks.")]), Settings.model_construct())


def weight(schema: Schema, query: str, variables: Mapping[str, object] | None = None) -> Weight:
    return schema.preparer.checked(OperationRequest(query, variables), frozenset(OperationType)).claim.weight


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ animalType(id: "x") { id name loud } }', LOOK_UP),
        ('{ a: animalType(id: "x") { id } b: animalType(id: "y") { id } }', LOOK_UP),
        ('{ node(id: "x") { id __typename ... on AnimalType { name } } }', LOOK_UP),
        ('{ node(id: "x") { ...A } } fragment A on AnimalType { name }', LOOK_UP),
        ('{ nodes(ids: ["x", "y"]) { id } viewer { name } }', LOOK_UP),
        ('{ animalType(tag: "x") { name } }', PAGE),
        ('{ animalType(name: "x") { name } }', DEAR),
        ("{ animalType(chip: 1) { name } }", DEAR),
        ('query ($t: String) { animalType(tag: $t, id: "x") { name } }', PAGE),
        ("{ allAnimals { nodes { name } edges { cursor node { id } } pageInfo { hasNextPage } } }", PAGE),
        ('{ allAnimals(last: 2, before: "x") { nodes { name } } }', PAGE),
        ('{ allAnimals(first: 2, around: "x") { nodes { name } } }', PAGE),
        ("{ allAnimals(first: 2, offset: 3) { nodes { name } } }", DEAR),
        ("{ allAnimals(first: 2, distinctBy: [NAME]) { nodes { name } } }", DEAR),
        ("{ allAnimals(first: 2) { pageInfo { startPosition } } }", DEAR),
        ("{ allAnimals(where: {}) { nodes { name } } }", DEAR),
        ("query ($w: AnimalTypeFilter) { allAnimals(where: $w) { nodes { name } } }", DEAR),
        ("query ($o: [AnimalTypeSort!]) { allAnimals(orderBy: $o) { nodes { name } } }", DEAR),
        ("{ allAnimals(first: 1) { totalCount } }", DEAR),
        ("{ allAnimals(first: 1) { aggregate { count } } }", DEAR),
        ("{ allAnimalsAggregate { count } }", DEAR),
        ("{ allCats { nodes { name } } }", DEAR),  # the table has others, too
        ('{ animalType(id: "x") { asked } }', DEAR),
        ('{ animalType(id: "x") { withSession } }', DEAR),
        ('{ animalType(id: "x") { ...A } } fragment A on AnimalType { withSession }', DEAR),
        ("query ($s: Boolean!) { allAnimals { nodes { id } totalCount @skip(if: $s) } }", DEAR),
    ],
)
def test_an_operation_is_as_heavy_as_the_heaviest_of_its_fields(query: str, expected: Weight) -> None:
    variables = {"s": True} if "$s" in query else None
    assert weight(ZOO, query, variables) is expected


def test_what_asks_for_more_than_little_is_dear() -> None:
    page = "query ($n: Int) { allAnimals(first: $n) { nodes { id } } }"
    assert weight(ZOO, page, {"n": FEW_ROWS - 1}) is PAGE  # and one row that tells whether others follow
    assert weight(ZOO, page, {"n": FEW_ROWS}) is DEAR
    for times, expected in ((FEW_STATEMENTS, LOOK_UP), (FEW_STATEMENTS + 1, DEAR)):
        fields = " ".join(f'a{number}: animalType(id: "x") {{ id }}' for number in range(times))
        assert weight(ZOO, f"{{ {fields} }}") is expected


def test_relations_are_look_ups_where_the_parents_hold_primary_keys(schema: Schema) -> None:
    for query, expected in {
        '{ album(id: "x") { title artist { name } } }': LOOK_UP,
        "{ albums { nodes { title artist { name } } } }": PAGE,
        '{ artist(id: "x") { albums(first: 1) { nodes { title } } } }': DEAR,
        '{ genre(name: "x") { name } }': DEAR,
        '{ passport(number: "x") { holder { givenName } } }': PAGE,
        '{ person(id: "x") { passport { number } } }': DEAR,
        '{ person(id: "x") { fullName } }': DEAR,
        '{ team(code: "x") { code } }': PAGE,
        '{ thing(id: "x") { whole { whole { text } } } }': LOOK_UP,
        '{ thing(id: "x") { worth } }': DEAR,
        '{ search(text: "x", first: 1) { nodes { name } } }': DEAR,
    }.items():
        assert weight(schema, query) is expected, query


def test_a_mutation_is_dear() -> None:
    @strawberry.type
    class Mutation:
        @strawberry.field
        def nothing(self) -> bool:
            return True

    schema = Schema(query_type(AnimalType), Settings.model_construct(), mutation=Mutation)
    assert weight(schema, "mutation { nothing }") is DEAR


def test_doubling_fragments_are_weighed_once_each() -> None:
    levels = 12
    fragments = " ".join(
        f"fragment F{level} on AnimalType {{ ...F{level + 1} ...F{level + 1} }}" for level in range(levels)
    )
    # What is left out costs nothing, and is weighed as if it were not.
    asked = '{ animalType(id: "x") { id ...F0 @skip(if: true) } }'
    query = f"{asked} {fragments} fragment F{levels} on AnimalType {{ __typename }}"
    assert weight(ZOO, query) is LOOK_UP
