"""The GraphQL types of classes that inherit from one another, and a few rows of each."""

from __future__ import annotations

from graph.entity import Connection, Node, entity, query_type
from tests.entity import inheritance
from tests.entity.serving import Rows, Sample


@entity(inheritance.Garage)
class Garage(Node):
    name: str
    vehicles: Connection[Vehicle]
    cars: Connection[Car]
    dogs: Connection[Dog]


@entity(inheritance.Vehicle)
class Vehicle(Node):
    kind: str
    name: str
    garage: Garage | None


@entity(inheritance.Car)
class Car(Node):
    name: str
    doors: int
    garage: Garage | None
    spare: Car | None


@entity(inheritance.Animal)
class Animal(Node):
    kind: str
    name: str


@entity(inheritance.Dog)
class Dog(Node):
    name: str
    tricks: int | None
    garage: Garage | None


@entity(inheritance.Puppy)
class Puppy(Node):
    name: str
    tricks: int | None


def rows(_scale: int) -> Rows:
    return {
        inheritance.Garage: [{"name": "North"}, {"name": "South"}],
        inheritance.Vehicle: [{"name": "Cart", "garage_id": 1}, {"name": "Anchor", "garage_id": None}],
        inheritance.Car: [
            {"name": "Mini", "doors": 2, "garage_id": 1, "spare_id": None},
            {"name": "Beetle", "doors": 2, "garage_id": 1, "spare_id": None},
            {"name": "Limo", "doors": 6, "garage_id": 2, "spare_id": 3},
        ],
        inheritance.Animal: [{"name": "Cat"}],
        inheritance.Dog: [
            {"name": "Rex", "tricks": 3, "garage_id": 1},
            {"name": "Bello", "tricks": None, "garage_id": 1},
        ],
        inheritance.Puppy: [{"name": "Tiny", "tricks": 0, "garage_id": 1}],
    }


INHERITANCE = Sample(
    "inheritance",
    inheritance.Base.metadata,
    rows,
    query_type(Garage, Vehicle, Car, Animal, Dog, Puppy),
)
