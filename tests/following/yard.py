"""A yard with rows of many kinds of keys, and classes that inherit: what is told of each."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import strawberry
from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.own import Feature
from db.relations import EVERYTHING
from graph.domain import Domain
from graph.entity import Node, Schema, entity, query_type
from graph.following import row_changed, rows_changed
from graph.settings import Settings


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    """A key of three values, in another order than the columns."""

    __tablename__ = "shelves"

    side: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    since: Mapped[date] = mapped_column(primary_key=True)
    label: Mapped[str]


class Crate(Base):
    __tablename__ = "crates"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    label: Mapped[str]


class Machine(Base):
    """The base of a table for each."""

    __tablename__ = "machines"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "machine"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]


class Saw(Machine):
    """Columns of two tables, whose keys have two names."""

    __tablename__ = "saws"
    __mapper_args__ = {"polymorphic_identity": "saw"}  # noqa: RUF012 - as above

    machine_id: Mapped[int] = mapped_column(ForeignKey("machines.id"), primary_key=True)
    teeth: Mapped[int]


class Animal(Base):
    """The base of one table for all."""

    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012 - as above

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012 - as above


@entity(Shelf)
class ShelfType(Node):
    label: str


@entity(Crate)
class CrateType(Node):
    label: str


@entity(Machine)
class MachineType(Node):
    name: str


@entity(Saw)
class SawType(Node):
    name: str
    teeth: int


@entity(Animal)
class AnimalType(Node):
    name: str


@entity(Dog)
class DogType(Node):
    name: str


NOUNS = (ShelfType, CrateType, MachineType, SawType, AnimalType, DogType)


@strawberry.type
class Subscription:
    shelf_changed = row_changed(ShelfType)
    shelves_changed = rows_changed(ShelfType)
    crates_changed = rows_changed(CrateType)
    machines_changed = rows_changed(MachineType)
    saws_changed = rows_changed(SawType)
    animals_changed = rows_changed(AnimalType)
    dogs_changed = rows_changed(DogType)


def make_schema(settings: Settings) -> Schema:
    return Schema(query_type(*NOUNS), settings, subscription=Subscription)


DOMAIN = Domain(make_schema, lambda _viewer: EVERYTHING, own=[Feature.CHANGES], takes_changes=False, is_revised=False)
