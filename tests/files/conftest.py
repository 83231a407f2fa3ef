"""A server with a folder for files, over the house's documents; each request says who sends it."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from db import models
from db.session.engines import Engines
from graph.app import create_app
from graph.entity.ids import encode_id
from graph.entity.registry import entity_of
from graph.settings import Settings
from graph.types.document import Document
from graph.viewer import NOBODY, Viewer
from tests.databases import Database
from tests.explorer.serving import serving

ATTACH = """mutation ($input: AttachDocumentFileInput!) { attachDocumentFile(input: $input) {
  document { version file { url name contentType size } } errors { ... on UserError { __typename message path } }
} }"""
NO_HEADERS: Mapping[str, str] = {}
PREFLIGHT = {"X-Trellis-Preflight": "1"}
MINE, THEIRS = (encode_id(entity_of(Document), (number,)) for number in (1, 2))


async def identify(request: HTTPConnection) -> Viewer:
    number = request.headers.get("x-viewer")
    return NOBODY if number is None else Viewer(int(number))


class Uploading:
    """Sends files as user 1, unless another one is named."""

    def __init__(self, http: httpx.AsyncClient, folder: Path) -> None:
        self.http = http
        self.folder = folder

    def kept(self) -> list[Path]:
        """The files in the store."""
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    async def post(
        self,
        operations: Any,
        map_: Any,
        files: Mapping[str, tuple[str, bytes, str]],
        headers: Mapping[str, str] = PREFLIGHT,
        viewer: int | None = 1,
    ) -> httpx.Response:
        form: Any = [("operations", (None, json.dumps(operations))), ("map", (None, json.dumps(map_))), *files.items()]
        return await self.http.post("/graphql", files=form, headers={**headers, **by(viewer)})

    async def attach(
        self,
        content: bytes = b"hello",
        name: str = "notes.txt",
        type_: str = "text/plain",
        *,
        id_: str = MINE,
        viewer: int | None = 1,
        **more: Any,
    ) -> Any:
        """The payload of the mutation."""
        operations = {"query": ATTACH, "variables": {"input": {"id": id_, "file": None, **more}}}
        response = await self.post(
            operations, {"0": ["variables.input.file"]}, {"0": (name, content, type_)}, viewer=viewer
        )
        assert response.status_code == 200, response.text
        return response.json()["data"]["attachDocumentFile"]

    async def file(self, **given: Any) -> Any:
        """What is told of a file that was attached."""
        payload = await self.attach(**given)
        assert payload["errors"] == []
        return payload["document"]["file"]

    async def get(
        self, url: str, headers: Mapping[str, str] = NO_HEADERS, *, viewer: int | None = 1, method: str = "GET"
    ) -> httpx.Response:
        return await self.http.request(method, url, headers={**headers, **by(viewer)})


def by(viewer: int | None) -> dict[str, str]:
    return {} if viewer is None else {"X-Viewer": str(viewer)}


@pytest.fixture
def settings_of_files() -> Mapping[str, Any]:
    """More settings of the server."""
    return {}


@pytest.fixture
async def uploading(
    database: Database, engines: Engines, tmp_path: Path, settings_of_files: Mapping[str, Any]
) -> AsyncIterator[Uploading]:
    async with engines.writing().begin() as connection:
        session = AsyncSession(connection)
        people = [{"email": f"{name}@example.org", "name": name} for name in ("ann", "bob")]
        await session.execute(insert(models.User), people)
        papers: Any = [{"kind": "note", "title": "Paper", "body": {}, "owner_id": owner} for owner in (1, 2)]
        await session.execute(insert(models.Document), papers)
    folder = tmp_path / "files of ours"
    settings = Settings(database_url=SecretStr(database.url), files=folder.as_uri(), **settings_of_files)
    async with (
        serving(create_app(settings, identify=identify)) as origin,
        httpx.AsyncClient(base_url=origin, timeout=30, verify=False) as http,
    ):
        yield Uploading(http, folder)
