"""What a broken constraint becomes for a client, on both databases."""

from typing import Any

import pytest
from pydantic import Field
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from db import models
from db.base import utcnow
from db.session.engines import Engines
from graph.mutations.post import posts
from graph.writing import Input
from graph.writing.violations import violation_errors

POST = posts.create().input
USER = {"email": "a@b.org", "name": "A", "is_active": True, "created_at": utcnow(), "updated_at": utcnow()}


class SignUpInput(Input):
    """An input that was made from no entity."""

    email: str = Field(description="An address.")


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
    tag = insert(models.Tag).values(name="A", slug="a")
    says = "Among the tags, this slug is taken; choose another."
    assert await refused(engines, POST, tag, tag) == [("AlreadyExists", ["input"], says)]


async def test_an_input_without_an_entity_is_about_the_tables_of_the_house(engines: Engines) -> None:
    user = insert(models.User).values(**USER)
    says = "Among the users, this email is taken; choose another."
    assert await refused(engines, SignUpInput, user, user) == [("AlreadyExists", ["input", "email"], says)]


async def test_a_table_without_a_model_tells_its_columns(engines: Engines) -> None:
    user = insert(models.User).values(id=7, **USER)
    role = insert(models.Role).values(id=8, name="editor")
    held = insert(models.user_roles).values(user_id=7, role_id=8)
    says = "Among the user roles, this user id and role id is taken; choose another."
    assert await refused(engines, POST, user, role, held, held) == [("AlreadyExists", ["input"], says)]


async def test_what_has_just_gone_is_told_alike_though_one_database_does_not_say_what(engines: Engines) -> None:
    says = "Something that this refers to has just been deleted; read it again."
    held = insert(models.user_roles).values(user_id=7, role_id=8)
    assert await refused(engines, POST, held) == [("NotFound", ["input"], says)]


async def test_what_no_client_can_have_caused_is_raised_again(engines: Engines) -> None:
    with pytest.raises(IntegrityError):
        await refused(engines, POST, insert(models.Tag).values(slug="a"))
