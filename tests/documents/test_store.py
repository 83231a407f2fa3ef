"""Registering and retiring: all or nothing, again is no change, and an id never has two texts."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.own import OwnBase
from db.session.engines import Engines
from graph.documents import store
from graph.documents.ids import sha256_of
from tests.databases import StatementRecorder
from tests.documents.serving import BOOKS, register, retire

OTHER = "{ books { totalCount } }"


async def count(engines: Engines) -> list[int]:
    """How many documents, ids and uses there are."""
    async with engines.reading().connect() as connection:
        tables = (OwnBase.metadata.tables[f"trellis_document{name}"] for name in ("s", "_ids", "_uses"))
        return [(await connection.execute(select(func.count()).select_from(table))).scalar_one() for table in tables]


async def test_a_document_is_kept_once_for_all_who_use_it(engines: Engines) -> None:
    assert await register(engines, [("a", BOOKS), ("b", OTHER)], "web", "1") == 2
    assert await register(engines, [("a", BOOKS), ("b", OTHER)], "web", "1") == 0
    assert await register(engines, [("a", BOOKS), ("c", BOOKS)], "web", "2") == 0
    assert await register(engines, [(sha256_of(BOOKS), BOOKS)], "ios", "1") == 0
    assert await count(engines) == [2, 4, 5]
    assert await retire(engines, "web", "1") == 2
    assert await count(engines) == [1, 3, 3]  # `a` is of web 2 as well
    assert await retire(engines, "web", "1") == 0
    await retire(engines, "web", "2")
    assert await count(engines) == [1, 1, 1]
    await retire(engines, "ios", "1")
    assert await count(engines) == [0, 0, 0]


async def test_an_id_never_gets_another_text(engines: Engines) -> None:
    await register(engines, [("a", BOOKS)])
    with pytest.raises(store.Taken, match=r"a is registered with another text; retire it"):
        await register(engines, [("b", BOOKS), ("a", OTHER)], "ios", "1")
    assert await count(engines) == [1, 1, 1]


async def test_one_id_is_retired_for_everybody_and_a_hash_with_all_ids_of_its_document(engines: Engines) -> None:
    await register(engines, [("a", BOOKS), ("b", BOOKS), ("c", OTHER)])
    await register(engines, [("a", BOOKS)], "ios", "1")
    async with AsyncSession(engines.writing()) as session, session.begin():
        assert await store.retire_id(session, "a") == 1
        assert await store.retire_id(session, sha256_of(BOOKS)) == 0
    assert await count(engines) == [2, 2, 2]
    async with AsyncSession(engines.writing()) as session, session.begin():
        assert await store.retire_id(session, f"sha256:{sha256_of(BOOKS)}") == 1
    assert await count(engines) == [1, 1, 1]


async def test_two_who_register_and_retire_at_once_wait_for_each_other(engines: Engines) -> None:
    texts = [(f"id-{number}", f"{OTHER} # {number}") for number in range(20)]
    work = [register(engines, texts, "web", str(version)) for version in range(4)]
    work += [register(engines, reversed(texts), "ios", "1"), retire(engines, "web", "0")]
    await asyncio.gather(*work)
    rivals = [register(engines, [("rival", text)], "web", "9") for text in (BOOKS, OTHER)]
    ended = await asyncio.gather(*rivals, return_exceptions=True)
    assert [type(it) for it in ended if isinstance(it, Exception)] == [store.Taken]
    documents, ids, _ = await count(engines)
    assert (documents, ids) == (21, 21)


async def test_a_thousand_documents_take_few_statements(engines: Engines, statements: StatementRecorder) -> None:
    texts = [(f"id-{number}", f"{OTHER} # {number}") for number in range(1_200)]
    with statements() as seen:
        assert await register(engines, texts) == 1_200
    # A lock on PostgreSQL; ids; texts in three parts; what is used; three times three inserts.
    assert len(seen) <= 1 + 1 + 3 + 1 + 9
    async with AsyncSession(engines.reading()) as session:
        assert len(await store.look_up(session, [f"id-{number}" for number in range(100)])) == 100
