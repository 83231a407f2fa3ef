"""A key that is told by hand is looked at in the rows: whether it is null somewhere, and whether rows share it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.session.engines import Engines
from db.told_keys import broken_keys
from db.views import Keyless, View, made_tables
from tests.databases import Database, settings_for


class Base(DeclarativeBase):
    pass


class Held(Base):
    __tablename__ = "held"

    code: Mapped[str] = mapped_column(primary_key=True)
    other: Mapped[int | None]
    part: Mapped[int | None]


class ByOther(View, Base):
    __tablename__ = "by_other"

    other: Mapped[int] = mapped_column(primary_key=True)


class ByBoth(View, Base):
    __tablename__ = "by_both"

    other: Mapped[int] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)


class Mapped_(Base):  # noqa: N801 - as the model below, but by the mapper
    __table__ = Held.__table__
    __mapper_args__ = {"primary_key": [Held.__table__.c.other]}  # noqa: RUF012 - as SQLAlchemy has it


class Loose(Keyless, View, Base):
    __tablename__ = "loose"

    other: Mapped[int | None]


@pytest.fixture
async def engines(blank_database: Database) -> AsyncIterator[Engines]:
    engines = Engines(settings_for(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(Base.metadata.create_all, tables=made_tables(Base.metadata))
        for view, columns in (("by_other", "other"), ("by_both", "other, part"), ("loose", "other")):
            await connection.execute(text(f"CREATE VIEW {view} AS SELECT {columns} FROM held"))
    yield engines
    await engines.dispose()


async def found(engines: Engines, *rows: tuple[str, int | None, int | None]) -> Sequence[str]:
    async with engines.writing().begin() as connection:
        await connection.execute(text("DELETE FROM held"))
        for row in rows:
            values = dict(zip(("code", "other", "part"), row, strict=True))
            await connection.execute(text("INSERT INTO held VALUES (:code, :other, :part)"), values)
    async with engines.primary.connect() as connection:
        return await connection.run_sync(broken_keys, Base.registry.mappers)


async def test_keys_that_hold_are_not_spoken_of(engines: Engines) -> None:
    assert await found(engines) == []
    assert await found(engines, ("a", 1, 1), ("b", 2, 1)) == []


async def test_what_is_null_or_shared_is_named_with_the_cure(engines: Engines) -> None:
    cure = "Name other columns, or make the model Keyless and its type a Row."
    assert await found(engines, ("a", 1, 1), ("b", 1, 2), ("c", 1, 3), ("d", None, 4)) == [
        f"ByBoth: other, part is the key of by_both by the model, and a row has null there. {cure}",
        f"ByOther: other is the key of by_other by the model, and a row has null there. {cure}",
        f"ByOther: other is the key of by_other by the model, and 3 rows have 1 there. {cure}",
        f"Mapped_: other is the key of held by the model, and a row has null there. {cure}",
        f"Mapped_: other is the key of held by the model, and 3 rows have 1 there. {cure}",
    ]
    assert await found(engines, ("a", 1, 2), ("b", 2, 1), ("c", 3, 1), ("d", 3, 1)) == [
        f"ByBoth: other, part is the key of by_both by the model, and 2 rows have 3, 1 there. {cure}",
        f"ByOther: other is the key of by_other by the model, and 2 rows have 3 there. {cure}",
        f"Mapped_: other is the key of held by the model, and 2 rows have 3 there. {cure}",
    ]
    nulls = await found(engines, ("a", None, None), ("b", None, 1))
    assert f"ByBoth: other, part is the key of by_both by the model, and 2 rows have null there. {cure}" in nulls
