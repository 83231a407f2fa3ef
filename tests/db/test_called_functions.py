"""Functions of the database that are of no row: values and rows at the root, under policies, filters and pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Integer, Numeric, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.relations import Visibility
from db.row_functions import Called
from db.session.engines import Engines
from graph.context import ContextFactory
from graph.entity import Connection, Node, Schema, entity, function_field, query_type
from graph.errors import DeclarationError
from graph.settings import Settings
from graph.viewer import Viewer
from tests.databases import Database, StatementRecorder
from tests.entity.serving import Api, Sample, fill, settings_of

pytestmark = pytest.mark.postgresql

FUNCTIONS = (
    "CREATE FUNCTION add(a integer, b integer DEFAULT 10) RETURNS integer STRICT IMMUTABLE LANGUAGE sql"
    " AS $$ SELECT a + b $$",
    "CREATE FUNCTION found(part text) RETURNS SETOF books STABLE LANGUAGE sql"
    " AS $$ SELECT * FROM books WHERE part IS NULL OR title LIKE '%' || part || '%' ORDER BY price DESC $$",
    "CREATE FUNCTION dearest(most numeric) RETURNS books STABLE LANGUAGE sql"
    " AS $$ SELECT * FROM books WHERE price <= most ORDER BY price DESC LIMIT 1 $$",
    'CREATE FUNCTION "Counted up"(integer) RETURNS SETOF integer IMMUTABLE LANGUAGE sql'
    " AS $$ SELECT generate_series(1, $1) $$",
    "CREATE FUNCTION never(a integer) RETURNS integer STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE 'secret'; END $$",
)


class Base(DeclarativeBase):
    """The models of this module."""


class BookRow(Base):
    __tablename__ = "books"

    book_id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    price: Mapped[int]


@entity(BookRow)
class Book(Node):
    """Something to read."""

    title: str
    price: int


TITLES = ("ab", "b", "abc", "c", "bb")
ROWS = [{"book_id": n, "title": title, "price": n % 4 * 10 + n} for n, title in enumerate(TITLES, 1)]
WORDS = Called("found", {"part": Text()})


def is_teller(viewer: Viewer) -> bool:
    """Whether a viewer may hear what is not for everybody."""
    return viewer.has("teller")


SAMPLE = Sample(
    "books",
    Base.metadata,
    lambda _: {BookRow: ROWS},
    query_type(
        Book,
        extra=[
            function_field(
                "add",
                int,
                Called("add", {"a": Integer(), "b": Integer()}, required=1),
                takes={"a": int, "b": int | None},
                gives=Integer(),
            ),
            function_field("found_books", Connection[Book], WORDS, takes={"part": str | None}),
            function_field("dearest", Book, Called("dearest", {"most": Numeric()}), takes={"most": int}),
            function_field(
                "up", int, Called("Counted up", {"": Integer()}, by_place=True), takes={"to": int},
                gives=Integer(), many=True,
            ),
            function_field(
                "hidden", int, Called("add", {"a": Integer(), "b": Integer()}, required=1),
                takes={"a": int, "b": int | None}, gives=Integer(), seen_by=is_teller,
            ),
            function_field("never", int, Called("never", {"a": Integer()}), takes={"a": int}, gives=Integer()),
        ],
    ),
)  # fmt: skip


@pytest.fixture
async def books(blank_database: Database) -> AsyncIterator[Api]:
    await fill(blank_database, SAMPLE)
    engines = Engines(settings_of(blank_database))
    async with engines.writing().begin() as connection:
        for function in FUNCTIONS:
            await connection.execute(text(function))
    yield Api(Schema(SAMPLE.query, Settings.model_construct()), engines)
    await engines.dispose()


async def test_values_are_computed_by_what_is_given_and_by_defaults(books: Api, statements: StatementRecorder) -> None:
    with statements() as seen:
        found = await books.ask(
            "{ a: add(a: 1, b: 2) b: add(a: 1) c: add(a: 1, b: null) up(to: 3) next: up(to: 9, limit: 2, offset: 4) }"
        )
    assert found == {"a": 3, "b": 11, "c": None, "up": [1, 2, 3], "next": [5, 6]}
    assert len(seen) == 5  # one for each call


async def test_rows_are_a_list_as_any_other(books: Api, statements: StatementRecorder) -> None:
    document = """query ($part: String, $after: String) {
        foundBooks(part: $part, first: 2, after: $after, where: { price: { gt: 3 } }) {
            totalCount nodes { title price } pageInfo { endCursor hasNextPage } aggregate { max { price } }
        }
    }"""
    with statements() as seen:
        first = (await books.ask(document, part="b"))["foundBooks"]
    second = (await books.ask(document, part="b", after=first["pageInfo"]["endCursor"]))["foundBooks"]
    assert first["nodes"] == [{"title": "abc", "price": 33}, {"title": "b", "price": 22}]  # as the function orders them
    assert second["nodes"] == [{"title": "bb", "price": 15}, {"title": "ab", "price": 11}]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (
        4,
        True,
        False,
    )
    assert first["aggregate"] == {"max": {"price": 33}}
    assert len(seen) <= 3  # the page, the number of all, and what is computed over them
    ordered = await books.ask("{ foundBooks(orderBy: [{ title: ASC }]) { nodes { title } } }")
    assert [node["title"] for node in ordered["foundBooks"]["nodes"]] == ["ab", "abc", "b", "bb", "c"]


async def test_a_row_is_found_or_there_is_none(books: Api) -> None:
    found = await books.ask("{ a: dearest(most: 20) { id title } b: dearest(most: 0) { title } }")
    assert (found["a"]["title"], found["b"]) == ("bb", None)
    again = await books.ask("query ($id: ID!) { book(id: $id) { title } }", id=found["a"]["id"])
    assert again["book"] == {"title": "bb"}


async def test_rows_are_under_the_policies_of_their_table_and_values_under_the_fields(books: Api) -> None:
    visible = Visibility(lambda mapper: (lambda row: row.price > 20) if mapper.class_ is BookRow else None)
    document = "{ foundBooks { totalCount nodes { title } } dearest(most: 20) { title } hidden(a: 1) }"
    result = await books.schema.execute(document, context_value=ContextFactory(books.engines, visible=visible))
    assert not result.errors
    assert result.data == {
        "foundBooks": {"totalCount": 2, "nodes": [{"title": "abc"}, {"title": "b"}]},
        "dearest": None,
        "hidden": None,
    }


async def test_what_cannot_be_called_is_told(books: Api) -> None:
    assert await books.errors("{ add(b: 1) }") != []
    with pytest.raises(DeclarationError, match="takes 0 arguments, and the function found 1"):
        function_field("x", Connection[Book], WORDS)
    with pytest.raises(DeclarationError, match=r"gives=…"):
        function_field("x", int, WORDS, takes={"part": str})
