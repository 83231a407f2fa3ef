"""Declarations that do not fit their model are refused when they are read, with the cure in the error."""

from __future__ import annotations

import enum
import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import strawberry
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import NullType, TypeDecorator

from graph.context import ContextFactory
from graph.entity import Connection, Node, Schema, computed, entity, hybrid, named, query_type
from graph.entity.registry import entity_of
from graph.errors import (
    DeclarationError,
    EqualNames,
    InvalidName,
    MismatchedType,
    UnknownAttribute,
    UnknownEntity,
    UnknownNeed,
)
from graph.masking import for_client
from graph.settings import Settings
from tests.databases import Database
from tests.entity.serving import Sample, fill, serve


class Base(DeclarativeBase):
    pass


class AuthorRow(Base):
    __tablename__ = "author"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    nickname: Mapped[str | None]
    fee: Mapped[Decimal]
    photo: Mapped[bytes]
    patience: Mapped[timedelta]

    books: Mapped[list[BookRow]] = relationship(back_populates="author", lazy="raise")

    @hybrid_property
    def shout(self) -> str:
        """The name, loudly."""
        return self.name + "!"


class BookRow(Base):
    __tablename__ = "book"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("author.id"))

    author: Mapped[AuthorRow | None] = relationship(back_populates="books", lazy="raise")


def schema_of(*types: type[Any]) -> Schema:
    return Schema(query_type(*types), Settings.model_construct())


def near_miss() -> None:
    @entity(AuthorRow)
    class Author(Node):
        nick_name: str | None


def far_miss() -> None:
    @entity(AuthorRow)
    class Author(Node):
        born: int


def wrong_type() -> None:
    @entity(AuthorRow)
    class Author(Node):
        fee: float


def missing_none() -> None:
    @entity(AuthorRow)
    class Author(Node):
        nickname: str


def connection_to_one() -> None:
    @entity(BookRow)
    class Book(Node):
        author: Connection[Author]


def one_of_many() -> None:
    @entity(AuthorRow)
    class Author(Node):
        books: list[Book]  # type: ignore[name-defined]  # noqa: F821 - as above


def relation_without_none() -> None:
    @entity(BookRow)
    class Book(Node):
        author: Author


def unknown_target() -> None:
    @entity(BookRow)
    class Book(Node):
        author: Writer | None  # type: ignore[name-defined]  # noqa: F821 - as above

    query_type(Book)


def other_target() -> None:
    @entity(BookRow)
    class Book(Node):
        author: Book | None

    query_type(Book)


def no_node() -> None:
    @entity(AuthorRow)
    class Author:
        name: str


def no_model() -> None:
    @entity(dict)
    class Author(Node):
        name: str


def no_entity() -> None:
    class Author(Node):
        name: str

    query_type(Author)


def hybrid_on_a_column() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str = hybrid(needs=["nickname"])


def hybrid_needs_too_much() -> None:
    @entity(AuthorRow)
    class Author(Node):
        shout: str = hybrid(needs=["nam"])


def computed_needs_a_relationship() -> None:
    @entity(AuthorRow)
    class Author(Node):
        @computed(needs=["books"])
        def prolific(self) -> bool:
            """Never computed."""
            return False


def key_that_is_no_field() -> None:
    @entity(AuthorRow, keys=["nickname"])
    class Author(Node):
        name: str


def key_that_is_unknown() -> None:
    @entity(AuthorRow, keys=["nam"])
    class Author(Node):
        name: str


def id_as_a_column() -> None:
    @entity(AuthorRow)
    class Author(Node):
        id: int  # type: ignore[assignment]  # as people try it


class Complex(TypeDecorator[complex]):
    impl = String
    cache_ok = True
    python_type = complex


class OddRow(Base):
    __table__ = Table(
        "oddities",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("wave", Complex, nullable=False),
        Column("path", NullType, nullable=False),
    )


def class_without_form() -> None:
    @entity(OddRow)
    class Odd(Node):
        wave: complex


def type_without_entry() -> None:
    @entity(OddRow)
    class Odd(Node):
        path: str


def two_of_one_table() -> None:
    @entity(AuthorRow, plural="writers")
    class Author(Node):
        name: str

    @entity(AuthorRow, plural="writers")
    class Writer(Node):
        name: str

    query_type(Author, Writer)


class Mood(enum.Enum):
    """How somebody feels."""

    GLAD = "glad"


def name_of_an_enumeration() -> None:
    @entity(BookRow, plural="moods")
    class Mood(Node):
        title: str

    @entity(AuthorRow)
    class Author(Node):
        @computed()
        def feels(self) -> FELT:
            """Never computed."""
            raise NotImplementedError

    schema_of(Author, Mood)


FELT = Mood


def name_of_every_schema() -> None:
    @entity(BookRow)
    class PageInfo(Node):
        title: str


def name_of_a_scalar() -> None:
    @entity(BookRow)
    class Date(Node):
        title: str


def name_that_is_not_english() -> None:
    @entity(BookRow)
    class Bücher(Node):
        title: str


def plural_with_a_blank() -> None:
    @entity(BookRow, plural="my books")
    class Book(Node):
        title: str


def look_up_called_as_a_list() -> None:
    @entity(BookRow, plural="author")
    class Book(Node):
        title: str

    @entity(AuthorRow)
    class Author(Node):
        name: str

    query_type(Book, Author)


def look_up_called_as_nodes() -> None:
    @entity(BookRow)
    class Nodes(Node):
        title: str

    query_type(Nodes)


def attributes_of_one_name() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str
        shout: str = named("name")


def attributes_of_one_constant() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str = named("shout_out")
        shout: str = named("shoutOut")


def attribute_called_id() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str = named("id")


def attribute_called_not() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str = named("not")


def attribute_of_graphql() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str = named("__name")


def computed_field_of_a_taken_name() -> None:
    @entity(AuthorRow)
    class Author(Node):
        name: str

        @computed(needs=["name"], name="name")
        def initial(self) -> str:
            """The first letter."""
            return self.name[0]


MISTAKES: list[tuple[Callable[[], None], type[DeclarationError], str]] = [
    (
        near_miss,
        UnknownAttribute,
        "Author.nick_name: the model AuthorRow has no such attribute; did you mean 'nickname'? Or give the field a "
        "resolver with @computed.",
    ),
    (
        far_miss,
        UnknownAttribute,
        "Author.born: the model AuthorRow has no such attribute; give the field a resolver with @computed.",
    ),
    (wrong_type, MismatchedType, "Author.fee is declared as float; the model says Decimal. Declare that."),
    (missing_none, MismatchedType, "Author.nickname is declared as str; the model says str | None. Declare that."),
    (
        connection_to_one,
        MismatchedType,
        "Book.author is declared as Connection[Author]; the model says AuthorRow | None. Declare that.",
    ),
    (
        one_of_many,
        MismatchedType,
        "Author.books is declared as list; the model says Connection[BookRow]. Declare that.",
    ),
    (
        relation_without_none,
        MismatchedType,
        "Book.author is declared as Author; the model says AuthorRow | None. Declare that.",
    ),
    (unknown_target, UnknownEntity, "No entity is called 'Writer'. Declare it with @entity and import its module"),
    (other_target, MismatchedType, "Book.author is declared as Book; the model says AuthorRow. Declare that."),
    (no_node, DeclarationError, "Author must be a Node: class Author(Node)."),
    (no_model, DeclarationError, "Author: <class 'dict'> is not mapped; give @entity one of your models."),
    (no_entity, UnknownEntity, "No entity is called 'Author'. Declare it with @entity"),
    (hybrid_on_a_column, DeclarationError, "Author.name is no hybrid of its model; leave out `hybrid()`."),
    (
        hybrid_needs_too_much,
        UnknownNeed,
        "Author.shout needs 'nam'; the model AuthorRow has no such column: did you mean 'name'?",
    ),
    (
        computed_needs_a_relationship,
        UnknownNeed,
        "Author.prolific needs 'books'; the model AuthorRow has no such column: it has fee, id, name, nickname, "
        "patience, photo, shout.",
    ),
    (
        key_that_is_no_field,
        DeclarationError,
        "Author has 'nickname' among its keys, but no column of that name; declare it.",
    ),
    (key_that_is_unknown, UnknownAttribute, "Author.nam: the model AuthorRow has no such attribute; did you mean"),
    (
        id_as_a_column,
        DeclarationError,
        "Author.id is the global id that every Node has; leave it out, or show the column under another name: "
        '@computed(needs=["id"]).',
    ),
    (
        class_without_form,
        DeclarationError,
        "Odd.wave: GraphQL has no form for complex; show the column as something else: @computed(needs=['wave']).",
    ),
    (
        type_without_entry,
        DeclarationError,
        "Odd.path: the table of types has no entry for the column's type, NullType(); call register_type for it, or "
        "show the column as something else: @computed(needs=['path']).",
    ),
    (
        two_of_one_table,
        DeclarationError,
        "The list of Author and the list of Writer are both called 'writers' at the root; rename a class, or say "
        "@entity(…, plural=…).",
    ),
    (name_of_an_enumeration, EqualNames, "Type Mood is defined multiple times in the schema. Beside every entity"),
    (
        name_of_every_schema,
        DeclarationError,
        "Every schema has a type PageInfo of its own; give the class another name, for instance PageInfoRow, and say",
    ),
    (name_of_a_scalar, DeclarationError, "Every schema has a type Date of its own; give the class another name"),
    (
        name_that_is_not_english,
        InvalidName,
        "The class Bücher would be called 'Bücher' in the schema. GraphQL takes English letters, digits and _, no "
        "digit first, and keeps names with __ in front for itself; choose another name: class Bcher(…).",
    ),
    (plural_with_a_blank, InvalidName, "The list of Book would be called 'my books' in the schema."),
    (
        look_up_called_as_a_list,
        DeclarationError,
        "The list of Book and the look-up of Author are both called 'author' at the root; rename a class, or say",
    ),
    (
        look_up_called_as_nodes,
        DeclarationError,
        "A field of every schema and the look-up of Nodes are both called 'nodes' at the root; rename a class, or say",
    ),
    (
        attributes_of_one_name,
        DeclarationError,
        "Author.name and Author.shout are both called 'name' in the schema, or NAME where rows are grouped; give one "
        'of them a name: shout: … = named("…").',
    ),
    (
        attributes_of_one_constant,
        DeclarationError,
        "Author.name and Author.shout are both called 'shout_out' in the schema, or SHOUT_OUT where rows are grouped;",
    ),
    (attribute_called_id, DeclarationError, "Author.id and Author.name are both called 'id' in the schema"),
    (attribute_called_not, DeclarationError, "Author.name would be called 'not' in the schema, which filters and"),
    (
        attribute_of_graphql,
        InvalidName,
        "Author.name would be called '__name' in the schema. GraphQL takes English letters, digits and _, no digit "
        'first, and keeps names with __ in front for itself; choose another name: name: … = named("…").',
    ),
    (
        computed_field_of_a_taken_name,
        DeclarationError,
        "Author.name and Author.initial are both called 'name' in the schema",
    ),
]


@pytest.mark.parametrize(("mistake", "error", "message"), MISTAKES, ids=[mistake.__name__ for mistake, *_ in MISTAKES])
def test_a_mistake_in_a_declaration_names_its_cure(
    mistake: Callable[[], None], error: type[DeclarationError], message: str
) -> None:
    with pytest.raises(error) as caught:
        mistake()
    assert str(caught.value).startswith(message)


def test_an_entity_may_be_nothing_but_a_node() -> None:
    @entity(AuthorRow)
    class Author(Node):
        """Somebody without anything to show."""

    assert "groupBy" not in schema_of(Author).as_str()


def test_the_list_is_called_after_the_table_unless_that_is_the_name_of_one_row() -> None:
    class Own(DeclarativeBase):
        pass

    def plural(class_name: str, table: str) -> str:
        columns = {"__tablename__": table, "id": mapped_column(Integer, primary_key=True)}
        return entity_of(entity(type(class_name, (Own,), columns))(type(class_name, (Node,), {}))).plural

    assert plural("Order", "orders") == "orders"
    assert plural("OrderLine", "order_lines") == "orderLines"
    assert plural("MediaType", "media_type") == "mediaTypes"
    assert plural("Category", "CATEGORY") == "categories"
    assert plural("Day", "Day") == "days"
    assert plural("Address", "address") == "addresses"
    assert plural("Person", "people") == "people"


class Named:
    """What many types have in common."""

    name: str
    shout: str = hybrid(needs=["name"])

    @computed(needs=["name"])
    def initial(self) -> str:
        """The first letter of the name."""
        return self.name[0]


@entity(AuthorRow)
class Author(Named, Node):
    """Somebody who writes."""

    fee: Decimal

    @computed()
    def secret(self) -> str:
        """Reads what it does not need."""
        return self.name

    @strawberry.field(description="As Strawberry knows fields.")  # type: ignore[untyped-decorator]  # Strawberry's overloads lose it here
    def plain(self) -> str:
        return f"{self.fee}"


AUTHORS = Sample(
    "authors",
    Base.metadata,
    lambda _scale: {
        AuthorRow: [{"name": "Ada", "fee": Decimal("1.5"), "photo": b"", "patience": timedelta(1), "nickname": None}]
    },
    query_type(Author),
)


async def test_a_mixin_gives_its_fields_to_the_type(blank_database: Database) -> None:
    await fill(blank_database, AUTHORS)
    async with serve(blank_database, AUTHORS) as api:
        found = await api.ask('{ authors(where: {shout: {eq: "Ada!"}}) { nodes { name shout initial } } }')
    assert found["authors"]["nodes"] == [{"name": "Ada", "shout": "Ada!", "initial": "A"}]


async def test_a_column_that_was_not_declared_is_told_to_us_and_not_to_clients(
    blank_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(blank_database, AUTHORS)
    async with serve(blank_database, AUTHORS) as api:
        for field, column in (("secret", "name"), ("plain", "fee")):
            document = f"{{ authors {{ nodes {{ {field} }} }} }}"
            result = await api.schema.execute(document, context_value=ContextFactory(api.engines))
            with caplog.at_level(logging.ERROR, "trellis"):
                (error,) = for_client(result.errors or [])
            assert error.message.startswith("Something went wrong on our side.")
            assert error.path == ["authors", "nodes", 0, field]
            told = f"Author.{column} was not loaded. Declare it where you read it: @computed(needs=['{column}'])."
            assert told in caplog.text
            assert told not in str(error.formatted)
