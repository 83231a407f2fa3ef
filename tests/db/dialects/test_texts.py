"""Comparisons of texts on PostgreSQL: indexes of ordinary columns serve them, as if nothing were added."""

import pytest
from sqlalchemy import Column, ColumnElement, Index, MetaData, String, Table, Text, func, insert, select, type_coerce
from sqlalchemy.dialects.postgresql import CITEXT

from db.dialects.postgresql_texts import takes_for_equal
from db.functions import fold_case, plain_text
from db.relations import ColumnType, parameter_type
from db.session.engines import Engines

WORDS = Table(
    "words", MetaData(), Column("short", String(50)), Column("long", Text), Column("bytes", Text(collation="C"))
)
Index("ix_short_lower", func.lower(WORDS.c.short))
Index("ix_long_lower", func.lower(WORDS.c.long).label("low"), postgresql_ops={"low": "text_pattern_ops"})
Index("ix_short", WORDS.c.short, postgresql_ops={"short": "text_pattern_ops"})
Index("ix_bytes", WORDS.c.bytes)

CONDITIONS = [
    (fold_case(WORDS.c.short) == fold_case("Word 7"), "ix_short_lower"),
    (fold_case(WORDS.c.long).startswith(fold_case("Word 7"), escape="/"), "ix_long_lower"),
    (plain_text(WORDS.c.short).startswith("word 7", escape="/"), "ix_short"),
    (plain_text(type_coerce(WORDS.c.bytes, parameter_type(WORDS.c.bytes.type))).startswith("word 7"), "ix_bytes"),
]


@pytest.mark.postgresql
@pytest.mark.parametrize(("condition", "index"), CONDITIONS, ids=[index for _, index in CONDITIONS])
async def test_an_index_serves_a_comparison(condition: ColumnElement[bool], index: str, engines: Engines) -> None:
    words = [dict.fromkeys(("short", "long", "bytes"), f"word {number}") for number in range(1_000)]
    async with engines.writing().connect() as connection:
        await connection.run_sync(WORDS.create)
        await connection.execute(insert(WORDS), words)
        await connection.exec_driver_sql("ANALYZE words")
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        asked = select(WORDS.c.long).where(condition)
        sql = asked.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        plan = "\n".join((await connection.exec_driver_sql(f"EXPLAIN {sql}")).scalars())
        await connection.rollback()
    assert f"{index} " in plan
    assert "Index Cond" in plan


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (String(5), False),
        (Text(collation="C"), False),
        (Text(collation="no_case"), True),
        (CITEXT(), True),
    ],
)
def test_a_type_tells_whether_different_texts_may_be_equal(type_: ColumnType, *, expected: bool) -> None:
    assert takes_for_equal(type_) is expected
