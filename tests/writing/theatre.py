"""Seats of a theatre: rows with a key of two columns, a natural key of two, and rules of their noun's own."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.session.engines import Engines
from graph.entity import Node, Schema, entity, query_type
from graph.settings import Settings
from graph.writing import Change, Crud, Rejected, compare_columns, mutation_type, with_right
from graph.writing.errors import InvalidInput, InvalidState
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema
from tests.writing.library import EDITOR, EDITORS


class Base(DeclarativeBase):
    """The base of these models alone."""


class SeatRow(Base):
    __tablename__ = "seats"
    __table_args__ = (
        UniqueConstraint("floor", "label"),
        ForeignKeyConstraint(["beside_line", "beside_number"], ["seats.line", "seats.number"]),
    )

    line: Mapped[str] = mapped_column(String(2), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    floor: Mapped[int | None]
    label: Mapped[str] = mapped_column(String(10))
    price: Mapped[int] = mapped_column(default=10)
    is_taken: Mapped[bool] = mapped_column(default=False)
    beside_line: Mapped[str | None] = mapped_column(String(2))
    beside_number: Mapped[int | None]


class TicketRow(Base):
    __tablename__ = "tickets"
    __table_args__ = (ForeignKeyConstraint(["line", "number"], ["seats.line", "seats.number"]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(String(2))
    number: Mapped[int]


class NoteRow(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


@entity(SeatRow)
class Seat(Node):
    line: str
    number: int
    floor: int | None
    label: str
    price: int
    is_taken: bool


async def _not_cheaper_when_taken(seat: SeatRow, values: Any, change: Change) -> None:
    if seat.is_taken and values.given("price") and values.price < seat.price:
        raise Rejected(InvalidInput("Somebody has paid more for this.", (*change.place, "price")))
    if seat.label == "broken":
        raise Rejected(InvalidState("This seat is broken.", (*change.place, "id")))


async def _not_taken(seat: SeatRow, _values: Any, change: Change) -> None:
    change.session.add(NoteRow(text=f"{seat.line}{seat.number} goes"))
    await change.flush()
    if seat.is_taken:
        raise Rejected(InvalidState("Somebody sits here.", (*change.place, "id")))


seats = Crud(
    Seat,
    ["floor", "label", "price", "is_taken"],
    may=with_right(EDITORS),
    create=EDITORS,
    first=["line", "number"],
    increments=["price"],
    before_update=_not_cheaper_when_taken,
    before_delete=_not_taken,
    update_errors=[InvalidState],
    delete_errors=[InvalidState],
)


places = Crud(
    Seat,
    ["floor", "label", "price"],
    may=with_right(EDITORS),
    create=EDITORS,
    first=["line", "number"],
    checks=[compare_columns("floor", "<=", "price")],
)


class AskingTheatre(AskingSchema):
    """Asks for seats, as somebody who may change them."""

    schema = Schema(
        query_type(Seat),
        Settings.model_construct(),
        mutation=mutation_type(
            [
                *(seats.create, seats.update, seats.update_many, seats.delete_many),
                *(places.upsert, places.upsert_many),
                partial(seats.upsert, by=("line", "number"), name="upsert_chair"),
                partial(seats.upsert_many, by=("line", "number"), name="upsert_chairs"),
            ]
        ),
    )


async def make_theatre(database: Database) -> AskingTheatre:
    """The tables, empty."""
    engines = Engines(settings_of(database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return AskingTheatre(engines, EDITOR)
