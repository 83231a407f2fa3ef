"""Classes that inherit from one another: a table for each, and one table for all."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Garage(Base):
    __tablename__ = "garages"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

    vehicles: Mapped[list[Vehicle]] = relationship(back_populates="garage", lazy="raise", order_by="Vehicle.name")
    cars: Mapped[list[Car]] = relationship(viewonly=True, lazy="raise", order_by="[Car.doors, Vehicle.name]")
    dogs: Mapped[list[Dog]] = relationship(back_populates="garage", lazy="raise")


class Vehicle(Base):
    """The base of a table for each."""

    __tablename__ = "vehicles"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "vehicle"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    garage_id: Mapped[int | None] = mapped_column(ForeignKey("garages.id"))

    garage: Mapped[Garage | None] = relationship(back_populates="vehicles", lazy="raise")


class Car(Vehicle):
    """Columns of two tables."""

    __tablename__ = "cars"
    __mapper_args__ = {"polymorphic_identity": "car"}  # noqa: RUF012 - as above

    id: Mapped[int] = mapped_column(ForeignKey("vehicles.id"), primary_key=True)
    doors: Mapped[int]
    spare_id: Mapped[int | None] = mapped_column(ForeignKey("cars.id"))

    spare: Mapped[Car | None] = relationship(foreign_keys=[spare_id], remote_side=id, lazy="raise")


class Animal(Base):
    """The base of one table for all."""

    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012 - as above

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012 - as above

    tricks: Mapped[int | None]
    garage_id: Mapped[int | None] = mapped_column(ForeignKey("garages.id"))

    garage: Mapped[Garage | None] = relationship(back_populates="dogs", lazy="raise")


class Puppy(Dog):
    __mapper_args__ = {"polymorphic_identity": "puppy"}  # noqa: RUF012 - as above
