"""The smallest application is served: a note is written and read back, over HTTP, on both databases."""

import httpx
from pydantic import SecretStr

from db import migrate
from graph.app import create_app
from graph.settings import Settings
from tests.databases import Database

WRITE = (
    """mutation { createNote(input: {text: "Buy milk."}) { note { text } errors { ... on UserError { message } } } }"""
)
READ = """{ notes(where: {text: {startsWith: "Buy"}}) { totalCount nodes { text } } }"""


async def test_a_note_is_written_and_read_back(database: Database) -> None:
    app = create_app(Settings(database_url=SecretStr(database.url)))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://smallest") as client,
    ):
        written, read = [(await client.post("/graphql", json={"query": it})).json() for it in (WRITE, READ)]
    assert written == {"data": {"createNote": {"note": {"text": "Buy milk."}, "errors": []}}}
    assert read == {"data": {"notes": {"totalCount": 1, "nodes": [{"text": "Buy milk."}]}}}


def test_the_tables_are_as_the_models_want_them(database: Database) -> None:
    assert migrate.check(Settings(database_url=SecretStr(database.url))) == []
