"""What a broken constraint of our tables becomes for a client, on both databases."""

import pytest
from pydantic import Field
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from db import models
from db.base import utcnow
from db.session.engines import Engines
from graph.writing import Input
from graph.writing.violations import violation_errors

USER = {"email": "a@b.org", "name": "A", "is_active": True, "created_at": utcnow(), "updated_at": utcnow()}


class SignUpInput(Input):
    """An input that was made from no entity."""

    email: str = Field(description="An address.")


async def test_an_input_without_an_entity_is_about_the_tables_of_the_house(engines: Engines) -> None:
    user = insert(models.User).values(**USER)
    async with engines.writing().connect() as connection:
        await connection.execute(user)
        with pytest.raises(IntegrityError) as broken:
            await connection.execute(user)
    (error,) = violation_errors(broken.value, SignUpInput, ("input",))
    assert (type(error).__name__, error.path) == ("AlreadyExists", ["input", "email"])
    assert error.message == "Among the users, this email is taken; choose another."
