"""Painters, their paintings and what was noted of these: rows that belong to rows, two levels deep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, relationship

from db.relations import Predicate, Visibility
from graph.entity import Connection, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import (
    SIGNED_IN,
    Change,
    Crud,
    Rejected,
    RelationshipInput,
    Right,
    RowsInput,
    compare,
    mutation_type,
    with_right,
)
from graph.writing.errors import InvalidInput
from tests.writing.asking import AskingSchema

EDITORS = Right("editor")


class Base(DeclarativeBase):
    """Without a naming convention."""


painting_style = Table(
    "painting_style",
    Base.metadata,
    Column("painting_id", ForeignKey("paintings.id", ondelete="CASCADE"), primary_key=True),
    Column("style_id", ForeignKey("styles.id"), primary_key=True),
)


class StyleRow(Base):
    __tablename__ = "styles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20), unique=True)


class PainterRow(Base):
    __tablename__ = "painters"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    school: Mapped[str | None] = mapped_column(String(20), unique=True)
    edits: Mapped[int] = mapped_column(default=1)

    pupils: Mapped[list[PupilRow]] = relationship(lazy="raise", viewonly=True)
    paintings: Mapped[list[PaintingRow]] = relationship(lazy="raise", viewonly=True)

    __mapper_args__: Any = {"version_id_col": edits}  # noqa: RUF012 - the name and the form are SQLAlchemy's


class PupilRow(Base):
    """Whose teacher is told by a value that may be missing, on either side."""

    __tablename__ = "pupils"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    school: Mapped[str | None] = mapped_column(ForeignKey("painters.school"))


class PaintingRow(Base):
    __tablename__ = "paintings"

    id: Mapped[int] = mapped_column(primary_key=True)
    painter_id: Mapped[int] = mapped_column(ForeignKey("painters.id"))
    code: Mapped[str] = mapped_column(String(20), unique=True)
    title: Mapped[str] = mapped_column(String(20))
    price: Mapped[int | None]
    is_sold: Mapped[bool] = mapped_column(default=False)
    is_hidden: Mapped[bool] = mapped_column(default=False)
    edits: Mapped[int] = mapped_column(default=1)

    notes: Mapped[list[NoteRow]] = relationship(lazy="raise", viewonly=True)
    styles: Mapped[list[StyleRow]] = relationship(secondary=painting_style, lazy="raise", viewonly=True)

    __mapper_args__: Any = {"version_id_col": edits}  # noqa: RUF012 - as above


class NoteRow(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    painting_id: Mapped[int] = mapped_column(ForeignKey("paintings.id"))
    text: Mapped[str] = mapped_column(String(40))


@entity(StyleRow, keys=["name"])
class Style(Node):
    name: str


@entity(NoteRow)
class Note(Node):
    text: str


@entity(PupilRow)
class Pupil(Node):
    name: str


@entity(PaintingRow, keys=["code"])
class Painting(Node):
    code: str
    title: str
    price: int | None
    is_sold: bool
    edits: int
    notes: Connection[Note]
    styles: Connection[Style]


@entity(PainterRow)
class Painter(Node):
    name: str
    school: str | None
    edits: int
    pupils: Connection[Pupil]
    paintings: Connection[Painting]


def _code(values: Mapping[str, Any]) -> str:
    return str(values["title"]).lower()


async def _not_forged(_row: PaintingRow, values: Any, change: Change) -> None:
    if values.given("title") and values.title == "Forged":
        raise Rejected(InvalidInput("This is not what it is called; choose another.", (*change.place, "title")))


async def _not_classic(row: StyleRow, _values: Any, change: Change) -> None:
    if row.name == "classic":
        raise Rejected(InvalidInput("This one keeps its name; choose another.", (*change.place, "name")))


styles = Crud(Style, ["name"], may=with_right(EDITORS), before_update=_not_classic)
notes = Crud(Note, ["painting_id", "text"], may=with_right(SIGNED_IN))
paintings = Crud(
    Painting,
    ["painter_id", "code", "title", "price"],
    may=lambda _viewer, row: not row.is_sold,
    create=EDITORS,
    links=[RelationshipInput("styles", create=("name",), create_right=EDITORS, update=styles)],
    rows=[RowsInput("notes", notes)],
    defaults={"code": _code},
    checks=[compare("price", ">", 0)],
    before_update=_not_forged,
)
pupils = Crud(Pupil, ["name"], may=with_right(SIGNED_IN))
painters = Crud(
    Painter,
    ["name", "school"],
    may=with_right(SIGNED_IN),
    rows=[RowsInput("paintings", paintings), RowsInput("pupils", pupils, delete=False)],
)

SCHEMA = Schema(
    query_type(Painter, Pupil, Painting, Style, Note),
    Settings.model_construct(),
    mutation=mutation_type([painters.create, painters.update, paintings.create, paintings.update, paintings.delete]),
)


def _shown(mapper: Mapper[Any]) -> Predicate | None:
    return (lambda row: ~row.is_hidden) if mapper.class_ is PaintingRow else None


def _told(mapper: Mapper[Any]) -> Mapping[str, Predicate]:
    return {"painter_id": lambda row: row.code != "anonymous"} if mapper.class_ is PaintingRow else {}


SEEN = Visibility(_shown, _told)


class AskingStudio(AskingSchema):
    """Asks this schema; hidden paintings are shown to nobody, nor who has painted one that is anonymous."""

    schema = SCHEMA

    def visible_to(self, _viewer: Viewer) -> Visibility:
        """What everybody sees."""
        return SEEN
