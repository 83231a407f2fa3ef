"""Which rows keep a row from being deleted: what refers to it, unless that gives way."""

from typing import Any

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, MetaData, Table, insert

from db.base import Base
from db.models import User
from db.session.engines import Engines
from db.statements import references_to
from tests.databases import Database, settings_for


async def test_only_what_holds_a_row_is_asked(blank_database: Database) -> None:
    metadata = MetaData()
    shops = Table("shops", metadata, Column("id", Integer, primary_key=True))
    desks = Table(
        "desks",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("shop_id", ForeignKey("shops.id")),
        Column("cleaner_id", ForeignKey("shops.id", ondelete="SET NULL")),
    )
    ((other, refers),) = references_to(shops, (1,), metadata)
    assert other is desks
    engines = Engines(settings_for(blank_database))
    async with engines.writing().begin() as connection:
        await connection.run_sync(metadata.create_all)
        await connection.execute(insert(shops).values(id=1))
        await connection.execute(insert(desks).values(cleaner_id=1))
        assert await connection.scalar(refers) is False
        await connection.execute(insert(desks).values(shop_id=1))
        assert await connection.scalar(refers) is True
    await engines.dispose()


def test_users_are_held_by_what_they_own_and_not_by_their_sign_ins() -> None:
    table: Any = User.__table__
    held = {other.name for other, _ in references_to(table, (1,), Base.metadata)}
    assert held == {"accounts", "documents", "orders", "post_contributors", "posts"}


def test_a_composite_key_that_is_referred_to_is_followed() -> None:
    metadata = MetaData()
    cell = Table("cells", metadata, Column("x", Integer, primary_key=True), Column("y", Integer, primary_key=True))
    Table(
        "pieces",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at_x", Integer),
        Column("at_y", Integer),
        ForeignKeyConstraint(["at_x", "at_y"], ["cells.x", "cells.y"]),
    )
    ((other, refers),) = references_to(cell, (3, 4), metadata)
    assert other.name == "pieces"
    assert refers.compile().params == {"at_x_1": 3, "at_y_1": 4}
