"""The smallest application is served: a note is written and read back, over HTTP, on both databases."""

import httpx
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db import migrate
from graph.app import create_app
from graph.settings import Settings
from graph.viewer import NOBODY, Viewer
from tests.databases import Database

WRITE = (
    """mutation { createNote(input: {text: "Buy milk."}) { note { text } errors { ... on UserError { message } } } }"""
)
READ = """{ notes(where: {text: {startsWith: "Buy"}}) { totalCount nodes { text remarks { totalCount } } } }"""


async def _admin(_request: HTTPConnection) -> Viewer:
    return Viewer(roles=frozenset({"admin"}), id=1)


async def _nobody(_request: HTTPConnection) -> Viewer:
    return NOBODY


async def test_a_note_is_written_and_read_back_by_admins_alone(database: Database) -> None:
    note = {"text": "Buy milk.", "remarks": {"totalCount": 0}}
    for identify, expected in ((_admin, [note]), (_nobody, [])):
        app = create_app(Settings(database_url=SecretStr(database.url)), identify=identify)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://smallest") as client,
        ):
            written, read = [(await client.post("/graphql", json={"query": it})).json() for it in (WRITE, READ)]
        payload = written["data"]["createNote"]
        assert bool(payload["note"]) != bool(payload["errors"])
        assert bool(payload["note"]) == bool(expected)
        assert read == {"data": {"notes": {"totalCount": len(expected), "nodes": expected}}}


def test_the_tables_are_as_the_models_want_them(database: Database) -> None:
    assert migrate.check(Settings(database_url=SecretStr(database.url))) == []
