"""Where files are kept: a folder, a bucket of S3, or what obstore knows besides.

Chunks enter under a key that is made here, and leave by it. A file appears whole or not at all. Which rows have which
files is not known here. Source: https://developmentseed.org/obstore/latest/
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from uuid_utils.compat import uuid7

from db.private_files import make_folder
from graph.errors import CannotStart, ClientError, TrellisError
from graph.files.upload import CHUNK_BYTES, Upload

if TYPE_CHECKING:
    from obstore.store import ObjectStore, RetryConfig

PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes for a part of a file: so much of each file is in memory while it is sent there."""
LISTED_AT_ONCE = 1_000

LOCAL = ("file", "memory")
RETRIES: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
"""Of a bucket's own; by default obstore goes on for three minutes, in which a client would wait."""

logger = logging.getLogger("trellis")


class StoreUnavailable(ClientError):
    """The store cannot be asked now; the log says why."""

    code = "UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("Files cannot be kept or read now; try again in a moment.")


class NoSuchFile(TrellisError):
    """The store has no file of this key: somebody has taken it away."""


class FileStore:
    """A place for files, by its address: `file:///var/lib/trellis/files`, `s3://bucket/folder`, `memory:///`.

    Credentials are found where the provider's own tools find them: `AWS_ACCESS_KEY_ID` and others.
    """

    def __init__(self, url: str) -> None:
        """Raise `CannotStart` for an address that is no store's. Nothing is asked of one yet."""
        from obstore.exceptions import BaseError  # an extra, and 10 ms of a start
        from obstore.store import from_url

        folder = urlsplit(url)
        is_local = folder.scheme in LOCAL
        try:
            if folder.scheme == "file":
                make_folder(Path(unquote(folder.path)))
            self._store: ObjectStore = from_url(url) if is_local else from_url(url, retry_config=RETRIES)
        except (BaseError, OSError, ValueError) as error:
            raise CannotStart(f"TRELLIS_FILES names no store that can be used: {error}") from None
        self._part_bytes = CHUNK_BYTES if folder.scheme == "file" else PART_BYTES

    async def save(self, upload: Upload) -> str:
        """Keep a file; the key that it has from now on. Raises `StoreUnavailable`."""
        import obstore

        key = uuid7().hex
        with _told():
            await obstore.put_async(
                self._store, _path(key), upload.chunks(), chunk_size=self._part_bytes, max_concurrency=1
            )
        return key

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes of a file from `start` until before `end`.

        Raises `NoSuchFile` and `StoreUnavailable`, both before the first one.
        """
        import obstore

        if start == end:
            return
        try:
            with _told():
                found = await obstore.get_async(self._store, _path(key), options={"range": (start, end)})
        except FileNotFoundError:
            raise NoSuchFile(key) from None
        async for chunk in found.stream(CHUNK_BYTES):
            yield bytes(chunk)

    async def delete(self, keys: Sequence[str]) -> None:
        """Let files go. Those that are gone already are no mistake."""
        import obstore

        try:
            await obstore.delete_async(self._store, [_path(key) for key in keys])
        except FileNotFoundError:
            for key in keys if len(keys) > 1 else ():
                await self.delete([key])

    async def try_out(self) -> None:
        """Keep a file of one byte and let it go again. Raises `StoreUnavailable`."""
        import obstore

        key = uuid7().hex
        with _told():
            await obstore.put_async(self._store, _path(key), b"0")
            await obstore.delete_async(self._store, _path(key))

    async def older_than(self, moment: datetime) -> AsyncIterator[list[str]]:
        """The keys of all files that are older, some at a time."""
        import obstore

        async for found in obstore.list(self._store, chunk_size=LISTED_AT_ONCE):
            yield [_key(it) for it in found if it["last_modified"] < moment]


@contextmanager
def _told() -> Iterator[None]:
    """Log what the store says, which is no client's affair. Raises `StoreUnavailable` in its place."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        if isinstance(error, FileNotFoundError):
            raise
        logger.error("The store of files cannot be asked: %s", str(error).partition("\n")[0])
        raise StoreUnavailable from None


def _path(key: str) -> str:
    """Where a file of this key is: few of them share a folder."""
    return f"{key[-2:]}/{key}"


def _key(found: Mapping[str, Any]) -> str:
    return str(found["path"]).rpartition("/")[2]
