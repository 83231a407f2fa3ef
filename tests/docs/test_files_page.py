"""What docs/files.md shows is done over the demo's rows, and looks as the page says."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import HTTPConnection

from db import demo
from db.session.engines import Engines
from graph.app import create_app
from graph.settings import Settings
from graph.viewer import Viewer
from tests.databases import Database
from tests.docs.following import ADDRESS, page
from tests.explorer.serving import serving

PAGE = page("docs/files.md")


async def identify(_request: HTTPConnection) -> Viewer:
    return Viewer(1, frozenset({"admin"}))


@pytest.fixture
async def client(database: Database, engines: Engines, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    await demo.fill(engines, scale=1)
    settings = Settings(database_url=SecretStr(database.url), files=(tmp_path / "files").as_uri())
    app = create_app(settings, identify=identify)
    async with serving(app) as origin, httpx.AsyncClient(base_url=origin, verify=False) as client:
        yield client


async def test_the_export_of_the_page_has_its_columns(client: httpx.AsyncClient) -> None:
    path, query = re.findall(rf"{ADDRESS}(\S+) .*'query=(.*)'", PAGE.blocks("sh")[0], re.S)[0]
    (example,) = PAGE.blocks("text")
    names, *rows = (await client.get(path, params={"query": query})).text.splitlines()
    assert names == example.splitlines()[0]
    assert example.splitlines()[1] in rows


async def test_the_file_of_the_page_is_attached(client: httpx.AsyncClient) -> None:
    """Both by the document in full, and by what the page has curl send."""
    (mutation,) = PAGE.blocks("graphql")
    operations, map_ = re.findall(r"-F \w+='(.*?)'", PAGE.blocks("sh")[1], re.S)
    short = json.loads(operations)
    for sent in (short, {"query": mutation, "variables": short["variables"]}):
        form: Any = [("operations", (None, json.dumps(sent))), ("map", (None, map_)), ("0", ("a.pdf", b"hello"))]
        answer = await client.post("/graphql", files=form, headers={"X-Trellis-Preflight": "1"})
        file = answer.json()["data"]["attachDocumentFile"]["document"]["file"]
        assert (await client.get(file["url"])).text == "hello"
