"""Ids that were given, and those that the database counts up behind them."""

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from db.dialects import dialect_of
from db.session.engines import Engines
from tests.databases import Database, settings_for

LINES = Table("Order Lines", MetaData(), Column("Line Id", Integer, primary_key=True), Column("word", String(9)))


async def test_a_database_counts_on_behind_ids_that_were_given_whatever_the_names(blank_database: Database) -> None:
    engines, number = Engines(settings_for(blank_database)), LINES.c["Line Id"]
    count_on = dialect_of(blank_database.dialect).count_on(number)
    try:
        async with engines.writing().begin() as connection:
            await connection.run_sync(LINES.metadata.create_all)
            for statement in count_on:  # of a table without rows: the first id stays the first
                await connection.execute(statement)
            await connection.execute(insert(LINES).values(word="first"))
            await connection.execute(insert(LINES), [{"Line Id": 7, "word": "given"}])
            for statement in count_on:
                await connection.execute(statement)
            await connection.execute(insert(LINES).values(word="next"))
            found = (await connection.execute(select(number, LINES.c.word).order_by(number))).all()
    finally:
        await engines.dispose()
    assert [tuple(row) for row in found] == [(1, "first"), (7, "given"), (8, "next")]
