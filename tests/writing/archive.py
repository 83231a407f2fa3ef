"""Boxes on shelves: rows whose keys are of two columns, on either side of a relationship, on a base of their own."""

from sqlalchemy import Column, ForeignKeyConstraint, Integer, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from graph.entity import Connection, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import SIGNED_IN, Crud, RelationshipInput, mutation_type, with_right
from tests.writing.asking import AskingSchema


class Base(DeclarativeBase):
    """Without a naming convention."""


box_shelf = Table(
    "box_shelf",
    Base.metadata,
    # The columns stand in another order than the keys that they repeat.
    Column("shelf_number", Integer, primary_key=True),
    Column("shelf_room", String(10), primary_key=True),
    Column("box_year", Integer, primary_key=True),
    Column("box_letter", String(1), primary_key=True),
    ForeignKeyConstraint(["shelf_number", "shelf_room"], ["shelves.number", "shelves.room"]),
    ForeignKeyConstraint(["box_letter", "box_year"], ["boxes.letter", "boxes.year"], ondelete="CASCADE"),
)


class ShelfRow(Base):
    __tablename__ = "shelves"

    room: Mapped[str] = mapped_column(String(10), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class BoxRow(Base):
    __tablename__ = "boxes"

    letter: Mapped[str] = mapped_column(String(1), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str] = mapped_column(String(40))

    shelves: Mapped[list[ShelfRow]] = relationship(secondary=box_shelf, lazy="raise", viewonly=True)


@entity(ShelfRow)
class Shelf(Node):
    room: str
    number: int


@entity(BoxRow, plural="boxes")
class Box(Node):
    letter: str
    year: int
    label: str
    shelves: Connection[Shelf]


shelves = Crud(Shelf, [], first=["room", "number"], may=with_right(SIGNED_IN))
boxes = Crud(
    Box,
    ["label"],
    first=["letter", "year"],
    may=with_right(SIGNED_IN),
    links=[RelationshipInput("shelves", create=("room", "number"), create_right=SIGNED_IN)],
)

SCHEMA = Schema(
    query_type(Box, Shelf),
    Settings.model_construct(),
    mutation=mutation_type([shelves.create, boxes.create, boxes.update]),
)


class AskingArchive(AskingSchema):
    """Asks this schema."""

    schema = SCHEMA
