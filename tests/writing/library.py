"""Books on a base of its own: a noun that the house does not know, with columns of kinds that its nouns do not have."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column, relationship

from db.relations import Predicate, Visibility
from db.session.engines import Engines
from graph.context import RequestContext
from graph.entity import Connection, Node, Schema, entity, query_type
from graph.settings import Settings
from graph.viewer import Viewer
from graph.writing import (
    Crud,
    RelationshipInput,
    Right,
    UserError,
    compare_length,
    guard_column,
    mutation_type,
    with_right,
)
from graph.writing.errors import InvalidInput, Place
from tests.databases import Database
from tests.entity.serving import settings_of
from tests.writing.asking import AskingSchema

EDITOR = Viewer(7, frozenset({"editor"}))
KEEPER = Viewer(8, frozenset({"admin"}))
EDITORS = Right("admin", "editor")


class Base(DeclarativeBase):
    """Without a naming convention: databases name its constraints."""


book_genre = Table(
    "book_genre",
    Base.metadata,
    Column("book_id", ForeignKey("books.id", ondelete="CASCADE"), primary_key=True),
    Column("genre_id", ForeignKey("genres.id"), primary_key=True),
    Column("position", SmallInteger, nullable=False),
)


class GenreRow(Base):
    __tablename__ = "genres"
    __table_args__ = (Index("ix_genres_name_lower", func.lower(Column("name", String(50))), unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    note: Mapped[str | None] = mapped_column(String(50))
    code: Mapped[str | None] = mapped_column(String(10), unique=True)
    is_secret: Mapped[bool] = mapped_column(default=False)
    edits: Mapped[int] = mapped_column(default=1)

    __mapper_args__: Any = {"version_id_col": edits}  # noqa: RUF012 - the name and the form are SQLAlchemy's


class BookRow(Base):
    __tablename__ = "books"
    __table_args__ = (
        UniqueConstraint("title", "edition"),
        CheckConstraint("pages > 0", name="pages_are_positive"),
        CheckConstraint("edition < 100"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    edition: Mapped[int] = mapped_column(default=1)
    pages: Mapped[int] = mapped_column(SmallInteger)
    price: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    form: Mapped[str | None] = mapped_column(Enum("novel", "essay", native_enum=False, length=10))
    code: Mapped[str | None] = mapped_column(String(10))
    changes: Mapped[int] = mapped_column(default=1)
    sequel_of_id: Mapped[int | None] = mapped_column(ForeignKey("books.id"))

    genres: Mapped[list[GenreRow]] = relationship(
        secondary=book_genre, order_by=book_genre.c.position, lazy="raise", viewonly=True
    )

    __mapper_args__: Any = {"version_id_col": changes}  # noqa: RUF012 - the name and the form are SQLAlchemy's


@entity(GenreRow, keys=["name"])
class Genre(Node):
    name: str
    note: str | None
    code: str | None
    edits: int


@entity(BookRow)
class Book(Node):
    title: str
    edition: int
    pages: int
    price: Decimal | None
    form: str | None
    code: str | None
    changes: int
    genres: Connection[Genre]


def _no_ban(name: str, _context: RequestContext, place: Place) -> UserError | None:
    return InvalidInput("No genre is called so; choose another name.", place) if name == "banned" else None


guard_column(GenreRow, "name", _no_ban)

books = Crud(
    Book,
    ["title", "edition", "pages", "price", "form", "code"],
    may=with_right(EDITORS),
    create=EDITORS,
    links=[RelationshipInput("genres", create=("name",), create_right=EDITORS)],
    checks=[compare_length("code", "<=", 9)],
    increments=["pages", "price"],
)

genres = Crud(Genre, ["name", "note", "code"], may=lambda _viewer, row: row.note != "fixed", create=EDITORS)

Query = query_type(Book, Genre)
Mutation = mutation_type(
    [
        *(books.create, books.update, books.delete, books.create_many, books.update_many, books.delete_many),
        *(
            genres.create,
            genres.update,
            genres.upsert,
            genres.update_many,
            genres.delete_many,
            partial(genres.upsert_many, by="name"),
        ),
    ]
)

SCHEMA = Schema(Query, Settings.model_construct(), mutation=Mutation)


def _public(row: Any) -> Any:
    return ~row.is_secret


def _visible_to_readers(mapper: Mapper[Any]) -> Predicate | None:
    return _public if mapper.class_ is GenreRow else None


READERS = Visibility(_visible_to_readers)
KEEPERS = Visibility(lambda _mapper: None)


class AskingLibrary(AskingSchema):
    """Asks this schema; secret genres are shown to admins alone."""

    schema = SCHEMA

    def visible_to(self, viewer: Viewer) -> Visibility:
        """All genres for admins, others without those that are secret."""
        return KEEPERS if viewer.has("admin") else READERS


async def make_library(database: Database) -> Engines:
    """The tables, empty."""
    engines = Engines(settings_of(database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return engines


def book(title: str = "Emma", **values: Any) -> Mapping[str, Any]:
    return {"title": title, "pages": 400} | values
