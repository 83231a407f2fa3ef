"""A change under way: what is undone alone, and what the record is told."""

import pytest
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from db.fast import CompiledStatement
from graph.writing import Change, written
from tests.entity.serving import global_id
from tests.writing.asking import in_change
from tests.writing.library import AskingLibrary, Genre, GenreRow

NEW_GENRE = CompiledStatement(insert(GenreRow).values(name=bindparam("new_name")))


async def test_a_compiled_statement_that_fails_in_a_savepoint_is_undone_alone(library: AskingLibrary) -> None:
    genre = {"new_name": "A"}

    async def add_another_and_the_same(change: Change) -> None:
        async with change.session.begin_nested():
            await change.rows(NEW_GENRE, {"new_name": "B"})
            await change.rows(NEW_GENRE, genre)

    async def work(change: Change) -> int | None:
        await change.rows(NEW_GENRE, genre)
        with pytest.raises(IntegrityError):
            await add_another_and_the_same(change)
        return await change.session.scalar(select(func.count()).select_from(GenreRow))

    assert await in_change(library, work) == 1


async def test_rows_are_touched_once_whether_they_are_mapped_or_written(library: AskingLibrary) -> None:
    async def work(change: Change) -> list[str]:
        genre = GenreRow(name="A")
        change.session.add(genre)
        await change.flush()
        change.touch(genre, written(Genre, genre.id), written(Genre, genre.id + 1))
        return list(change.touched)

    assert await in_change(library, work) == [global_id(Genre, 1), global_id(Genre, 2)]
