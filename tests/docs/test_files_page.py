"""The export of docs/files.md is made over the demo's rows, and looks as the page says."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr

from db import demo
from db.session.engines import Engines
from graph.app import create_app
from graph.settings import Settings
from tests.databases import Database
from tests.docs.test_readme import ADDRESS, BLOCK, HOUSE
from tests.explorer.serving import serving

BLOCKS = dict(reversed(BLOCK.findall((HOUSE / "docs" / "files.md").read_text(encoding="utf-8"))))
"""The first block of each language."""


@pytest.fixture
async def client(database: Database, engines: Engines) -> AsyncIterator[httpx.AsyncClient]:
    await demo.fill(engines, scale=1)
    app = create_app(Settings(database_url=SecretStr(database.url)))
    async with serving(app) as origin, httpx.AsyncClient(base_url=origin, verify=False) as client:
        yield client


async def test_the_export_of_the_page_has_its_columns(client: httpx.AsyncClient) -> None:
    path, query = re.findall(rf"{ADDRESS}(\S+) .*'query=(.*)'", BLOCKS["sh"], re.S)[0]
    found = await client.get(path, params={"query": query})
    names, *rows = found.text.splitlines()
    assert names == BLOCKS["csv"].splitlines()[0]
    assert len(rows) > 20
    assert BLOCKS["csv"].splitlines()[1] in rows
