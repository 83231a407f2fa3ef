"""Which document a request means, and whether it may be sent: the one decision of `TRELLIS_DOCUMENTS`.

A request enters as it was read, with what is known of its sender; it leaves with the text, or the prepared document, of
what it names. `off`: texts alone. `accept`: texts, ids of registered documents, and those that clients have added.
`strict`: registered documents, and for some senders others; a text that is not registered is never parsed.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

from graphql import OperationType
from starlette.requests import HTTPConnection
from starlette.responses import Response
from strawberry.types import ExecutionResult

from db.session import Engines
from graph.documents.added import AddedDocuments
from graph.documents.caching import Freshness, let_be_kept
from graph.documents.errors import DocumentNotFound, DocumentRequired, PersistedQueryNotFound, WrongId
from graph.documents.exemptions import Exemptions
from graph.documents.ids import PREFIX, hash_in, id_of, sha256_of
from graph.documents.registry import Registered, Registry
from graph.errors import ClientError, PersistedQueryNotSupported
from graph.prepare.documents import InvalidDocument, OperationRequest, Preparer
from graph.settings import CacheControlled, DocumentsMode, Settings
from graph.viewer import Viewer

logger = logging.getLogger("trellis")

ALL_KINDS = frozenset(OperationType)
READING = ("GET", "HEAD")

Asked: TypeAlias = OperationRequest | ClientError | InvalidDocument
"""A request of a batch, or what is wrong with it."""


class Documents:
    """The trusted documents of one server."""

    def __init__(self, preparer: Preparer, engines: Engines, settings: Settings) -> None:
        self._mode = settings.documents
        self._exemptions = Exemptions(settings.documents_exempt)
        self._refresh_s = settings.documents_refresh_s
        self._max_age_s = settings.documents_max_age_s
        self._tells_all = settings.cache_control is CacheControlled.ALL
        self._preparer = preparer
        self.registry = Registry(engines, preparer)
        self.added = AddedDocuments(settings.max_added_documents, settings.max_added_document_bytes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Know what is registered, from the start to the end of the server."""
        if self._mode is DocumentsMode.OFF:
            yield
            return
        await self._refresh()
        refreshing = asyncio.create_task(self._refresh_now_and_then())
        try:
            yield
        finally:
            refreshing.cancel()
            await asyncio.gather(refreshing, return_exceptions=True)

    def known(self, asked: OperationRequest) -> OperationRequest | None:
        """The request with its document, where memory alone tells that, whoever has sent it; else None.

        Raises `ClientError` and `InvalidDocument` for what `find` would refuse.
        """
        if self._mode is DocumentsMode.OFF:
            return asked if asked.query else None
        given = id_of(asked)
        known = self.registry.with_text(asked.query) if given is None else self.registry.get(given)
        if known is not None:
            return _registered(asked, known)
        if self._mode is DocumentsMode.STRICT:
            return None
        text = (None if given is None else self.added.get(hash_in(given))) or asked.query
        return asked._replace(query=text) if text else None

    async def find(self, asked: OperationRequest, request: HTTPConnection, viewer: Viewer) -> OperationRequest:
        """The request with its document.

        Raises `ClientError` for one that is not known or may not be sent, `InvalidDocument`, and a database's errors.
        """
        if self._mode is DocumentsMode.OFF:
            if not asked.query:
                raise PersistedQueryNotSupported
            return asked
        known = self.registry.with_text(asked.query) if asked.document_id is None and asked.query else None
        if known is not None and not asked.extensions:
            return _registered(asked, known)
        return await self._find(asked, request, viewer)

    async def find_each(self, batch: Iterable[Asked], request: HTTPConnection, viewer: Viewer) -> list[Asked]:
        """The requests of a batch with their documents, or what is wrong with them."""
        return [await self._find_or_refuse(asked, request, viewer) for asked in batch]

    def let_be_kept(
        self,
        answer: Response,
        result: ExecutionResult,
        asked: OperationRequest,
        request: HTTPConnection,
        viewer: Viewer,
        freshness: Freshness | None = None,
    ) -> None:
        """Let caches keep an answer to a registered query that anybody may ask, or that hints let them keep."""
        if request.scope["method"] not in READING:
            return
        is_told = freshness is not None and (self._tells_all or asked.prepared is not None)
        if is_told or (asked.prepared is not None and not viewer.is_known):
            let_be_kept(answer, result, request, self._max_age_s, freshness, is_known=viewer.is_known)

    async def _find_or_refuse(self, asked: Asked, request: HTTPConnection, viewer: Viewer) -> Asked:
        if not isinstance(asked, OperationRequest):
            return asked
        try:
            return await self.find(asked, request, viewer)
        except (ClientError, InvalidDocument) as refused:
            return refused

    async def _find(self, asked: OperationRequest, request: HTTPConnection, viewer: Viewer) -> OperationRequest:
        given = id_of(asked)
        if given is None:
            return await self._by_text(asked, request, viewer)
        known = self.registry.get(given)
        if known is not None:
            return _registered(asked, known)
        if asked.query and hash_in(given) not in (None, sha256_of(asked.query)):
            raise WrongId("The hash is not that of `query`; send that of the text as it is, in UTF-8.")
        added = self.added.get(hash_in(given))
        if added is not None:
            return asked._replace(query=added)
        if asked.query and self._mode is DocumentsMode.ACCEPT and hash_in(given):
            return self._add(asked)
        known = await self.registry.find(given)
        if known is not None:
            return _registered(asked, known)
        if asked.query:
            return await self._by_text(asked, request, viewer)
        raise DocumentNotFound if asked.document_id is not None else PersistedQueryNotFound

    async def _by_text(self, asked: OperationRequest, request: HTTPConnection, viewer: Viewer) -> OperationRequest:
        known = self.registry.with_text(asked.query)
        if known is None:
            if self._mode is DocumentsMode.ACCEPT or self._exemptions.hold_for(request, viewer):
                return asked
            known = await self.registry.find(PREFIX + sha256_of(asked.query))
        if known is not None:
            return _registered(asked, known)
        if self._exemptions.hold_of(asked.query):
            return asked
        raise DocumentRequired

    def _add(self, asked: OperationRequest) -> OperationRequest:
        """Keep a text under its hash, when it may be run as it is asked for. Raises `InvalidDocument`."""
        self._preparer.checked(asked, ALL_KINDS)
        self.added.add(sha256_of(asked.query), asked.query)
        return asked

    async def _refresh_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_s)
            await self._refresh()

    async def _refresh(self) -> None:
        try:
            await self.registry.refresh()
        except Exception as error:  # whatever it is, what is known is known
            logger.warning("Registered documents could not be read: %s. They are looked up when asked for.", error)


def _registered(asked: OperationRequest, known: Registered) -> OperationRequest:
    if asked.query and asked.query != known.text:
        raise WrongId("The document with this id has another text than `query`; send one of them.")
    return asked._replace(query=known.text, prepared=known.prepared())
