"""Files that no row knows go, and those that a row knows stay."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db import models
from db.base import utcnow
from db.session.engines import Engines
from graph.errors import CannotStart
from graph.files import FileStore, FileSweeper, Upload
from graph.files.store import NoSuchFile, StoreUnavailable
from graph.schema import make_schema

SOON = timedelta(seconds=-5)
"""As if the files were old."""


def upload(content: bytes) -> Upload:
    left = [content]

    async def read(size: int) -> bytes:
        part, left[0] = left[0][:size], left[0][size:]
        return part

    return Upload("a.txt", "text/plain", len(content), read)


async def content(store: FileStore, key: str, start: int, end: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start, end)])


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    return FileStore((tmp_path / "files").as_uri() if request.param == "file" else "memory:///")


async def test_a_store_gives_back_what_it_was_given(store: FileStore) -> None:
    large = bytes(range(256)) * 50_000  # of several parts
    key = await store.save(upload(large))
    assert await content(store, key, 0, len(large)) == large
    assert await content(store, key, 70_000, 70_010) == large[70_000:70_010]
    assert await content(store, key, 5, 5) == b""
    await store.delete([key])
    await store.delete([key])
    with pytest.raises(NoSuchFile):
        await content(store, key, 0, 1)


async def test_an_upload_that_breaks_off_leaves_nothing(store: FileStore) -> None:
    async def read(_size: int) -> bytes:
        raise OSError("The disk is gone.")

    with pytest.raises(Exception, match="The disk is gone"):
        await store.save(Upload("a.txt", "text/plain", 5, read))
    assert [keys async for keys in store.older_than(utcnow() + timedelta(days=1)) if keys] == []


@pytest.mark.parametrize("url", ["ftp://example.org/files", "file:///dev/null/files", "s3:///nowhere"])
def test_an_address_that_is_no_store_is_told_at_the_start(url: str) -> None:
    with pytest.raises(CannotStart, match="TRELLIS_FILES names no store"):
        FileStore(url)


async def test_a_bucket_that_is_away_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ENDPOINT_URL", "http://127.0.0.1:9"), ("ALLOW_HTTP", "true"), ("REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    bucket = FileStore("s3://bucket/folder")
    with pytest.raises(StoreUnavailable, match="try again"):
        await bucket.save(upload(b"hello"))
    with pytest.raises(StoreUnavailable, match="try again"):
        await content(bucket, "0" * 32, 0, 5)


async def test_only_old_files_that_no_row_knows_go(store: FileStore, engines: Engines) -> None:
    known, unknown = await store.save(upload(b"known")), await store.save(upload(b"unknown"))
    async with engines.writing().begin() as connection:
        session = AsyncSession(connection)
        await session.execute(insert(models.User), [{"email": "ann@example.org", "name": "Ann"}])
        paper = {"kind": "note", "title": "Paper", "body": {}, "owner_id": 1, "file_key": known}
        await session.execute(insert(models.Document), [paper])
    sweeper = FileSweeper(store, engines, make_schema().tables())
    assert await sweeper.sweep() == 0  # both are new
    assert await sweeper.sweep(SOON) == 1
    assert await content(store, known, 0, 5) == b"known"
    with pytest.raises(NoSuchFile):
        await content(store, unknown, 0, 1)
