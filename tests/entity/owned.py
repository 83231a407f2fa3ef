"""Things whose owners are named in each way that a database has: by numbers, UUIDs and texts of several kinds."""

from uuid import UUID

from sqlalchemy import CHAR, BigInteger, ColumnElement, SmallInteger, String, or_
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.relations import Predicate, Row, Visibility, viewer_claim, viewer_id
from graph.entity import Node, entity, query_type, viewer_field
from tests.entity.serving import Rows, Sample

ADA = UUID("0193d5a0-1111-7abc-8def-000000000001")
OWNERS = ("number", "small", "uuid", "name", "fixed")
"""The columns that name an owner."""


class Base(DeclarativeBase):
    pass


class Thing(Base):
    """A thing."""

    __tablename__ = "things_of_somebody"

    id: Mapped[int] = mapped_column(primary_key=True, doc="The number of the thing.")
    number: Mapped[int | None] = mapped_column(BigInteger, doc="Its owner, a number.")
    small: Mapped[int | None] = mapped_column(SmallInteger, doc="Its owner, a small number.")
    uuid: Mapped[UUID | None] = mapped_column(doc="Its owner, a UUID.")
    name: Mapped[str | None] = mapped_column(String(3), doc="Its owner, a short text.")
    fixed: Mapped[str | None] = mapped_column(CHAR(6), doc="Its owner, a text that is filled up.")


class Somebody(Base):
    """Somebody with a UUID."""

    __tablename__ = "somebody"

    id: Mapped[UUID] = mapped_column(primary_key=True, doc="Who it is.")


@entity(Thing)
class ThingType(Node):
    """A thing."""


@entity(Somebody)
class SomebodyType(Node):
    """Somebody."""


def rows(_scale: int) -> Rows:
    """One thing of each owner: 1 of 7, 2 of ADA, 3 of `abc`, 4 of `7`, the text."""
    none = dict.fromkeys(OWNERS)
    return {
        Thing: [
            {"id": 1, **none, "number": 7, "small": 7},
            {"id": 2, **none, "uuid": ADA},
            {"id": 3, **none, "name": "abc", "fixed": "abc"},
            {"id": 4, **none, "name": "7", "fixed": "7"},
        ],
        Somebody: [{"id": ADA}],
    }


OWNED = Sample(
    "owned", Base.metadata, rows, query_type(ThingType, SomebodyType, extra=[viewer_field(SomebodyType, "Who asks.")])
)


def seen_by_owner(column: str) -> Visibility:
    """Things are seen by those whom this column names."""

    def predicate(_model: object) -> Predicate:
        return lambda row: getattr(row, column) == viewer_id(getattr(Thing, column).type)

    return Visibility(lambda mapper: predicate(mapper) if mapper.class_ is Thing else None)


def seen_by_claim(name: str, column: str) -> Visibility:
    """Things are seen by those who have the value of this column for a claim."""

    def predicate(_model: object) -> Predicate:
        return lambda row: getattr(row, column) == viewer_claim(name, getattr(Thing, column).type)

    return Visibility(lambda mapper: predicate(mapper) if mapper.class_ is Thing else None)


def seen_by_any() -> Visibility:
    """Things are seen by those whom any of their columns names."""

    def predicate(row: Row) -> ColumnElement[bool]:
        return or_(*(getattr(row, it) == viewer_id(getattr(Thing, it).type) for it in OWNERS))

    return Visibility(lambda mapper: predicate if mapper.class_ is Thing else None)
