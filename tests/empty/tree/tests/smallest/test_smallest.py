"""The smallest application is served: a note is written and read back, over HTTP, on both databases."""

import pytest

from db import migrate
from graph.settings import Settings
from graph.testing import Database, HTTPClient, settings_for, viewer

WRITE = (
    """mutation { createNote(input: {text: "Buy milk."}) { note { text } errors { ... on UserError { message } } } }"""
)
READ = """{ notes(where: {text: {startsWith: "Buy"}}) { totalCount nodes { text remarks { totalCount } } } }"""


@pytest.fixture
def settings(database: Database) -> Settings:
    return settings_for(database)


async def test_a_note_is_written_and_read_back_by_admins_alone(client: HTTPClient) -> None:
    note = {"text": "Buy milk.", "remarks": {"totalCount": 0}}
    for who, expected in ((viewer(), []), (viewer(1, roles=["admin"]), [note])):
        payload = (await client.query(WRITE, viewer=who))["createNote"]
        assert bool(payload["note"]) != bool(payload["errors"])
        assert bool(payload["note"]) == bool(expected)
        read = await client.query(READ, viewer=who)
        assert read == {"notes": {"totalCount": len(expected), "nodes": expected}}


def test_the_tables_are_as_the_models_want_them(settings: Settings) -> None:
    assert migrate.check(settings) == []
