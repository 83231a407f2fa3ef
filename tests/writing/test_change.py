"""A change under way: what is undone alone, and what the record is told."""

import pytest
from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from db import models
from db.fast import CompiledStatement
from db.session.engines import Engines
from graph.types.tag import Tag
from graph.writing import Change, written
from tests.writing.asking import in_change

NEW_TAG = CompiledStatement(insert(models.Tag).values(name=bindparam("new_name"), slug=bindparam("new_slug")))


async def test_a_compiled_statement_that_fails_in_a_savepoint_is_undone_alone(engines: Engines) -> None:
    tag = {"new_name": "A", "new_slug": "a"}

    async def add_another_and_the_same(change: Change) -> None:
        async with change.session.begin_nested():
            await change.rows(NEW_TAG, {"new_name": "B", "new_slug": "b"})
            await change.rows(NEW_TAG, tag)

    async def work(change: Change) -> int | None:
        await change.rows(NEW_TAG, tag)
        with pytest.raises(IntegrityError):
            await add_another_and_the_same(change)
        return await change.session.scalar(select(func.count()).select_from(models.Tag))

    assert await in_change(engines, work) == 1


async def test_rows_are_touched_once_whether_they_are_mapped_or_written(engines: Engines) -> None:
    async def work(change: Change) -> list[str]:
        tag = models.Tag(name="A", slug="a")
        change.session.add(tag)
        await change.flush()
        change.touch(tag, written(Tag, tag.id), written(Tag, tag.id + 1))
        return list(change.touched)

    assert await in_change(engines, work) == ["VGFnOjE", "VGFnOjI"]  # Tag:1 and Tag:2
