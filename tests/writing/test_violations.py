"""What a broken constraint becomes for a client, on both databases."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db.session.engines import Engines
from graph.writing import Input
from graph.writing.violations import violation_errors
from tests.writing.library import AskingLibrary, BookRow, GenreRow, book, book_genre, books

BOOK = books.create().input


@pytest.fixture
def engines(library: AskingLibrary) -> Engines:
    return library.engines


async def refused(engines: Engines, model: type[Input], *statements: Any) -> list[tuple[str, list[str], str]]:
    """What is told of the last of these statements, which must break a rule."""
    async with engines.writing().connect() as connection:
        for statement in statements[:-1]:
            await connection.execute(statement)
        error = await broken(connection, statements[-1])
    return [(type(it).__name__, it.path, it.message) for it in violation_errors(error, model, ("input",))]


async def broken(connection: AsyncConnection, statement: Any) -> IntegrityError:
    with pytest.raises(IntegrityError) as error:
        await connection.execute(statement)
    return error.value


async def test_a_row_that_is_written_along_does_not_take_the_place_of_a_field_with_the_same_name(
    engines: Engines,
) -> None:
    one, other = (insert(GenreRow).values(name=name, code="a") for name in "AB")
    says = "Among the genres, this code is taken; choose another."
    assert await refused(engines, BOOK, one, other) == [("AlreadyExists", ["input"], says)]


async def test_a_table_without_a_model_tells_its_columns(engines: Engines) -> None:
    novel = insert(GenreRow).values(id=8, name="Novel")
    emma = insert(BookRow).values(id=7, **book())
    held = insert(book_genre).values(book_id=7, genre_id=8, position=0)
    says = "Among the book genre, this book id and genre id is taken; choose another."
    assert await refused(engines, BOOK, novel, emma, held, held) == [("AlreadyExists", ["input"], says)]


async def test_what_has_just_gone_is_told_alike_though_one_database_does_not_say_what(engines: Engines) -> None:
    says = "Something that this refers to has just been deleted; read it again."
    held = insert(book_genre).values(book_id=7, genre_id=8, position=0)
    assert await refused(engines, BOOK, held) == [("NotFound", ["input"], says)]


async def test_what_no_client_can_have_caused_is_raised_again(engines: Engines) -> None:
    with pytest.raises(IntegrityError):
        await refused(engines, BOOK, insert(GenreRow).values(code="a"))
