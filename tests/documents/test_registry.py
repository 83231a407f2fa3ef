"""What a server knows of registered documents, and what it costs the database to learn more."""

import asyncio
import logging
from collections.abc import Collection
from typing import Any

import pytest
from sqlalchemy import update

from db.own.documents import TrustedDocument
from db.session.engines import Engines
from graph.documents import look_ups, registry
from graph.documents.ids import sha256_of
from graph.prepare import documents as preparing
from tests.databases import Database, StatementRecorder
from tests.documents.conftest import Serve
from tests.documents.serving import BOOKS, TITLES, app_of, make_library, register, retire, send
from tests.explorer.serving import serving
from tests.http.client import Client
from tests.own_tables import named

OTHER = "{ books { totalCount } }"
COUNT = {"books": {"totalCount": 2}}


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(*_: object, **__: object) -> None:
        raise AssertionError("It was parsed.")

    monkeypatch.setattr(preparing, "parse", parse)
    monkeypatch.setattr(preparing, "validate", parse)


async def test_a_start_takes_two_statements_and_a_request_by_id_none_of_ours(
    engines: Engines, serve: Serve, statements: StatementRecorder
) -> None:
    await register(engines, [(f"books-{number}", f"{BOOKS} # {number}") for number in range(20)])
    with statements() as seen:
        client, documents = await serve(documents="strict")
        assert len(seen) == 2  # ids, texts
        assert len(documents.registry) == 20
        assert (await send(client, documentId="books-7")).data == TITLES
        assert [it for it in seen[2:] if named("document", engines.dialect) in it] == []
        await documents.registry.refresh()  # nothing is new: the ids alone
        assert len([it for it in seen if named("document", engines.dialect) in it]) == 3


async def test_documents_that_were_registered_meanwhile_are_found_and_retired_ones_go(
    engines: Engines, serve: Serve
) -> None:
    client, documents = await serve(documents="strict")
    assert (await send(client, query=OTHER)).code == "PERSISTED_DOCUMENT_REQUIRED"
    await register(engines, [("books", BOOKS)])
    assert (await send(client, documentId="books")).data == TITLES
    assert (await send(client, documentId=f"sha256:{sha256_of(BOOKS)}")).data == TITLES
    assert (await send(client, query=BOOKS)).data == TITLES
    await retire(engines)
    await documents.registry.refresh()
    assert (await send(client, documentId="books")).code == "PERSISTED_DOCUMENT_NOT_FOUND"
    assert (await send(client, query=BOOKS)).code == "PERSISTED_DOCUMENT_REQUIRED"
    assert len(documents.registry) == 0


async def test_a_text_that_was_registered_meanwhile_is_found(engines: Engines, serve: Serve) -> None:
    client, _ = await serve(documents="strict")
    await register(engines, [("books", BOOKS)])
    assert (await send(client, query=BOOKS)).data == TITLES


async def test_a_server_looks_again_by_itself(engines: Engines, serve: Serve) -> None:
    _, documents = await serve(documents="accept", documents_refresh_s=0.05)
    await register(engines, [("books", BOOKS)])
    async with asyncio.timeout(10):
        while not len(documents.registry):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_a_thousand_unknown_ids_cost_a_handful_of_statements(
    engines: Engines, serve: Serve, statements: StatementRecorder
) -> None:
    _, documents = await serve(documents="accept")
    await register(engines, [("books", BOOKS)])
    with statements() as seen:
        found = await asyncio.gather(*(documents.registry.find(f"id-{number}") for number in range(1_000)))
        assert found == [None] * 1_000
        # One statement for the first hundred; the others are too many at once.
        assert len(seen) == 1
        assert await documents.registry.find("id-5") is None
        assert len(seen) == 1  # it is not asked for again
        known = await asyncio.gather(*(documents.registry.find("books") for _ in range(50)))
        assert len(seen) == 2
        assert {it.text for it in known if it} == {BOOKS}


async def test_ids_that_were_looked_for_are_remembered_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look_ups, "MAX_ABSENT", 150)
    monkeypatch.setattr(look_ups, "PAUSE_S", 0.0)
    seen: list[int] = []

    async def learn(asked: Collection[str]) -> None:
        seen.append(len(asked))

    asking = look_ups.LookUps(learn)
    for start in range(0, 400, 100):
        await asyncio.gather(*(asking.ask(str(number)) for number in range(start, start + 100)))
    assert seen == [100] * 4
    await asyncio.gather(*(asking.ask(str(number)) for number in range(300, 400)))
    assert seen == [100] * 4  # remembered
    await asking.ask("5")
    assert seen == [100] * 4 + [1]  # forgotten


async def test_all_who_wait_hear_of_a_failure_and_the_next_asks_again() -> None:
    failing = [OSError("gone"), None]

    async def learn(_asked: Collection[str]) -> None:
        if failure := failing.pop(0):
            raise failure

    asking = look_ups.LookUps(learn)
    ended = await asyncio.gather(*(asking.ask("a") for _ in range(3)), return_exceptions=True)
    assert [str(it) for it in ended] == ["gone"] * 3
    await asking.ask("a")
    assert failing == []


async def test_an_unknown_id_is_asked_for_again_after_a_while(
    engines: Engines, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, documents = await serve(documents="accept")
    monkeypatch.setattr(look_ups, "ABSENT_S", 0.0)
    assert await documents.registry.find("books") is None
    await register(engines, [("books", BOOKS)])
    assert await documents.registry.find("books") is not None


async def test_registered_documents_are_not_pushed_out_by_others(
    engines: Engines, serve: Serve, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    await register(engines, [("books", BOOKS)])
    client, _ = await serve(documents="accept", prepared_operations=2)
    for number in range(5):
        assert not (await send(client, query=f"{OTHER} # {number}")).errors
    request.getfixturevalue("no_parsing")
    assert (await send(client, documentId="books")).data == TITLES


async def test_what_does_not_fit_in_memory_is_prepared_when_asked_for(
    engines: Engines, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "MAX_KEPT_BYTES", 1)
    await register(engines, [("a", OTHER), ("books", BOOKS)])
    client, _ = await serve(documents="strict")
    assert (await send(client, documentId="a")).data == COUNT
    assert (await send(client, documentId="books")).data == TITLES


async def test_documents_that_no_longer_fit_are_named_and_answered_with_their_errors(
    engines: Engines, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    gone = "query Gone { books { nodes { isbn } } }"
    await register(engines, [("books", BOOKS), ("gone", gone)], "web", "3.1")
    with caplog.at_level(logging.WARNING, "trellis"):
        client, _ = await serve(documents="strict")
    assert "web 3.1: Gone (gone) does not fit the schema: Cannot query field 'isbn' on type 'Book'." in caplog.text
    assert "`trellis documents check`" in caplog.text
    for _ in range(2):
        assert (await send(client, documentId="gone")).code == "GRAPHQL_VALIDATION_FAILED"
    assert (await send(client, documentId="books")).data == TITLES


@pytest.mark.parametrize("mode", ["accept", "strict"])
async def test_a_database_without_the_tables_has_no_documents(
    blank_database: Database, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    await (await make_library(blank_database, own=False)).dispose()
    app, _ = app_of(blank_database, documents=mode)
    with caplog.at_level(logging.WARNING, "trellis"):
        async with serving(app) as origin, Client(origin) as client:
            assert (await send(client, documentId="books")).code == "PERSISTED_DOCUMENT_NOT_FOUND"
            assert (await send(client, documentId="more")).code == "PERSISTED_DOCUMENT_NOT_FOUND"
            answer = await send(client, query=OTHER)
    assert answer.data == COUNT if mode == "accept" else answer.code == "PERSISTED_DOCUMENT_REQUIRED"
    assert caplog.text.count("run `trellis db upgrade`") == 1


async def test_a_server_starts_without_its_database(tmp_path: Any, caplog: pytest.LogCaptureFixture) -> None:
    app, _ = app_of(Database(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}", "sqlite"), documents="accept")
    with caplog.at_level(logging.WARNING, "trellis"):
        async with serving(app) as origin, Client(origin) as client:
            assert (await send(client, query="{ __typename }")).data == {"__typename": "Query"}
            assert (await send(client, documentId="books")).code == "UNAVAILABLE"
    assert "Registered documents could not be read" in caplog.text


async def test_rows_that_nobody_of_ours_has_written_do_no_harm(engines: Engines, serve: Serve) -> None:
    await register(engines, [("books", BOOKS), ("other", OTHER)])
    async with engines.writing().begin() as connection:
        broken = TrustedDocument.sha256 == sha256_of(OTHER)
        await connection.execute(update(TrustedDocument).where(broken).values(text="{ \ud7ff nothing"))
    client, _ = await serve(documents="accept")
    assert (await send(client, documentId="other")).code == "GRAPHQL_PARSE_FAILED"
    assert (await send(client, documentId="books")).data == TITLES


async def test_a_hundred_thousand_documents_that_clients_add_stay_within_the_bound(
    engines: Engines, serve: Serve
) -> None:
    await register(engines, [("books", BOOKS)])
    client, documents = await serve(documents="accept", max_added_documents=50, prepared_operations=50)
    for number in range(60):  # the road of a request
        text = f"{OTHER} # {number}"
        asked = preparing.OperationRequest(text)
        documents._add(asked)  # noqa: SLF001 - past HTTP, which would take minutes
    for number in range(100_000):
        documents.added.add(f"{number:064x}", OTHER)
    assert len(documents.added) == 50
    assert documents.added.get(f"{99_999:064x}") == OTHER
    assert documents.added.get(f"{99_949:064x}") is None
    assert (await send(client, documentId="books")).data == TITLES
    assert len(documents.registry) == 1
