"""A kept INSERT, UPDATE or DELETE means what it means to SQLAlchemy, which makes up what it does not name."""

import contextlib
from typing import Any, cast

import pytest
from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, ResourceClosedError

from db import models
from db.base import Base
from db.fast import CompiledStatement
from db.session import Mode, RequestSession
from db.session.engines import Engines
from db.violations import Rule, violation_of
from tests.db.fast.test_compiled import MOMENT, exactly

USERS, TAGS = (cast(Table, model.__table__) for model in (models.User, models.Tag))
NAMED = insert(TAGS).values(id=bindparam("number"), name=bindparam("what"), slug=bindparam("where"))
CHANGES: list[tuple[Any, dict[str, Any]]] = [
    (NAMED, {"number": 7, "what": "Roses", "where": "roses"}),
    (NAMED.returning(TAGS.c.slug, TAGS.c.id), {"number": 7, "what": "Roses", "where": "roses"}),
    (insert(TAGS), {"id": 7, "name": "Roses", "slug": "roses"}),
    (update(TAGS).where(TAGS.c.id == bindparam("number")).values(name=bindparam("what")), {"number": 1, "what": "X"}),
    (update(TAGS).values(name=TAGS.c.slug).returning(TAGS.c.name, TAGS.c.slug), {}),
    (delete(TAGS).where(TAGS.c.id == bindparam("id")).returning(TAGS.c.id), {"id": 1}),
    (delete(TAGS).where(TAGS.c.id == bindparam("id")), {"id": 99}),
]


async def changed(engines: Engines, statement: Any, values: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """What a change gives back, and what the tags are after it. It is undone."""
    found: list[Any] = []

    async def work(transaction: RequestSession) -> None:
        transaction.add(models.Tag(id=1, name="First", slug="first"))
        rows = await transaction.rows(statement, values)
        found.extend([exactly(rows), exactly(await transaction.rows(select(TAGS).order_by(TAGS.c.id)))])
        raise LookupError

    async with RequestSession(engines, Mode.CURRENT) as session:
        with pytest.raises(LookupError):
            await session.write(work)
    return found[0], found[1]


@pytest.mark.parametrize(("statement", "values"), CHANGES)
async def test_a_kept_change_changes_what_it_changes_with_sqlalchemy(
    engines: Engines, statement: Any, values: dict[str, Any]
) -> None:
    kept = CompiledStatement(statement)
    learning = await changed(engines, kept, values)
    assert (kept.form is not None) is (engines.dialect == "postgresql")
    past = await changed(engines, kept, values)
    assert past == learning
    if statement.returning_column_descriptions:
        assert past == await changed(engines, statement, values)


@pytest.mark.postgresql
async def test_what_sqlalchemy_makes_up_it_makes_up_every_time(engines: Engines) -> None:
    named = insert(USERS).values(email=bindparam("address"), name=bindparam("who"))
    for statement in (
        named,  # `is_active`, two moments and a number
        named.values(is_active=True, created_at=MOMENT, updated_at=MOMENT),  # the number
        update(USERS).values(name=bindparam("who")),  # the moment of the change
    ):
        kept = CompiledStatement(statement)

        async def work(transaction: RequestSession, kept: CompiledStatement = kept) -> None:
            await transaction.rows(kept, {"address": "a@example.org", "who": "Ada"})

        async with RequestSession(engines, Mode.CURRENT) as session:
            with contextlib.suppress(DBAPIError, ResourceClosedError):
                await session.write(work)
        assert kept.form is None


@pytest.mark.postgresql
async def test_a_value_by_the_name_of_a_column_is_written_as_with_sqlalchemy(engines: Engines) -> None:
    kept = CompiledStatement(update(TAGS).values(name=bindparam("what")))
    for given in ({"what": "A"}, {"what": "B"}, {"what": "C", "slug": "also-this"}):
        past = await changed(engines, kept, given)
        assert past[1] == [[(int, 1), (str, given["what"]), (str, given.get("slug", "first"))]]


@pytest.mark.postgresql
async def test_a_kept_change_that_breaks_a_rule_raises_what_sqlalchemy_raises(engines: Engines) -> None:
    kept, values = CompiledStatement(NAMED), {"number": 1, "what": "First", "where": "first"}
    for _ in range(2):
        with pytest.raises(IntegrityError) as raised:
            await changed(engines, kept, values)
        assert violation_of(raised.value, Base.metadata).rule is Rule.UNIQUE
        await changed(engines, kept, values | {"number": 2, "what": "B", "where": "b"})
    assert kept.form is not None


async def test_a_change_that_needs_no_session_is_kept_and_one_that_fails_is_not(engines: Engines) -> None:
    async def work(transaction: RequestSession) -> None:
        await transaction.rows(CompiledStatement(NAMED), {"number": 7, "what": "Roses", "where": "roses"})

    async def failing(transaction: RequestSession) -> None:
        await transaction.rows(CompiledStatement(NAMED), {"number": 8, "what": "Twine", "where": "twine"})
        raise LookupError

    async with RequestSession(engines, Mode.CURRENT) as session:
        await session.write(work)
        with pytest.raises(LookupError):
            await session.write(failing)
    async with RequestSession(engines) as session:
        assert [tuple(row) for row in await session.rows(select(TAGS.c.id))] == [(7,)]
