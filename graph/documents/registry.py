"""Registered documents in the memory of one server, each prepared once and never pushed out by others.

They are read when the server starts, and again now and then: documents that were registered meanwhile come, those that
were retired go. An id that is not known yet is looked up in the database. Documents that the schema does not fit any
more are named in the log, and answer with their errors.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.exc import DBAPIError

from db.dialects import Failure, failure_of
from db.session import Engines, Mode, RequestSession
from graph.documents import store
from graph.documents.ids import PREFIX
from graph.documents.look_ups import LookUps
from graph.documents.vetting import operation_names
from graph.prepare.documents import InvalidDocument, Prepared, Preparer

logger = logging.getLogger("trellis")

MAX_KEPT_BYTES = 512 * 1024 * 1024
"""Of registered documents that are kept prepared, by the estimate of `Prepared.size`; others wait to be asked for."""

MAX_NAMED = 20
"""Broken documents that the log names at once."""


class Registered:
    """A registered document."""

    __slots__ = ("_found", "_preparer", "sha256", "text")

    def __init__(self, sha256: str, text: str, preparer: Preparer, *, keep: bool) -> None:
        self.sha256 = sha256
        self.text = text
        self._preparer = preparer
        self._found = self._prepare() if keep else None

    @property
    def size(self) -> int:
        """About how many bytes are kept of it."""
        return self._found.size if isinstance(self._found, Prepared) else 0

    @property
    def invalid(self) -> InvalidDocument | None:
        """Why it does not fit the schema any more."""
        return self._found if isinstance(self._found, InvalidDocument) else None

    def prepared(self) -> Prepared:
        """The document, ready to be run. Raises `InvalidDocument`."""
        found = self._found
        if isinstance(found, InvalidDocument):
            raise InvalidDocument(found.errors, found.document)
        return self._preparer.prepare(self.text) if found is None else found

    def _prepare(self) -> Prepared | InvalidDocument:
        try:
            return self._preparer.prepare_for_good(self.text)
        except InvalidDocument as invalid:
            return InvalidDocument(invalid.errors, invalid.document)  # without the frames of its traceback


class Registry:
    """The registered documents that this server knows."""

    def __init__(self, engines: Engines, preparer: Preparer) -> None:
        self._engines = engines
        self._preparer = preparer
        self._by_id: dict[str, Registered] = {}
        self._by_text: dict[str, Registered] = {}
        self._ids: dict[str, str] | None = None
        self._kept_bytes = 0
        self._look_ups = LookUps(self._look_up)
        self._at_work = asyncio.Lock()
        self._warned = False

    def __len__(self) -> int:
        return len(self._by_text)

    def with_text(self, text: str) -> Registered | None:
        """The document with exactly this text, if this server knows it."""
        return self._by_text.get(text)

    def get(self, given: str) -> Registered | None:
        """The document with this id, if this server knows it."""
        return self._by_id.get(given) or self._by_id.get(PREFIX + given)

    async def find(self, given: str) -> Registered | None:
        """The document with this id, if there is one. Raises what the database raises."""
        known = self.get(given)
        if known is None:
            await self._look_ups.ask(given)
            known = self.get(given)
        return known

    async def refresh(self) -> None:
        """Learn what was registered and what was retired since. Raises what the database raises, but for no table."""
        async with self._at_work, RequestSession(self._engines, Mode.CURRENT) as session:
            try:
                ids = await store.ids(session)
            except DBAPIError as error:
                if self._is_without_table(error):
                    return
                raise
            if ids == self._ids:
                return
            known = {document.sha256: document for document in self._by_text.values()}
            texts = await store.texts(session, set(ids.values()) - known.keys())
            new = await self._prepared(texts)
            self._know(ids, known | new)
            broken = [document for document in new.values() if document.invalid is not None]
            if broken:
                await self._name(session, broken)

    async def _prepared(self, texts: Mapping[str, str]) -> dict[str, Registered]:
        made = {}
        for sha256, text in texts.items():
            made[sha256] = self._made(sha256, text)
            await asyncio.sleep(0)  # a server that answers meanwhile goes on answering
        return made

    def _know(self, ids: dict[str, str], documents: Mapping[str, Registered]) -> None:
        """Know exactly these ids; one whose document was retired between two statements is left out."""
        self._ids = ids
        named = {given: documents[sha256] for given, sha256 in ids.items() if sha256 in documents}
        self._by_text = {document.text: document for document in named.values()}
        self._by_id = {PREFIX + document.sha256: document for document in named.values()} | named
        self._kept_bytes = sum(document.size for document in self._by_text.values())

    def _made(self, sha256: str, text: str) -> Registered:
        made = Registered(sha256, text, self._preparer, keep=self._kept_bytes < MAX_KEPT_BYTES)
        self._kept_bytes += made.size
        return made

    async def _name(self, session: RequestSession, broken: Sequence[Registered]) -> None:
        documents = {document.sha256: document for document in broken[:MAX_NAMED]}
        for used in await store.uses(session, documents.keys()):
            document = documents[used.sha256]
            what = f"{operation_names(document.text)} ({used.id})"
            logger.warning("%s %s: %s does not fit the schema: %s", used.app, used.version, what, document.invalid)
        logger.warning("%d registered documents do not fit the schema; see `trellis documents check`.", len(broken))

    async def _look_up(self, asked: Collection[str]) -> None:
        """Learn which of these ids there are."""
        async with self._at_work, RequestSession(self._engines, Mode.CURRENT) as session:
            try:
                found = await store.look_up(session, asked)
            except DBAPIError as error:
                if self._is_without_table(error):
                    return
                raise
        for given, sha256, text in found:
            self._ids = None  # the next refresh sees what is new, and what is not there any more
            known = self._by_text.get(text) or self._by_text.setdefault(text, self._made(sha256, text))
            self._by_id[given] = self._by_id[PREFIX + sha256] = known

    def _is_without_table(self, error: DBAPIError) -> bool:
        """Whether the database has no table for documents: then there are none, and the log says so once."""
        missing = failure_of(error) is Failure.NO_TABLE
        if missing and not self._warned:
            self._warned = True
            logger.warning("The database has no table of trusted documents; run `trellis db upgrade`.")
        return missing
