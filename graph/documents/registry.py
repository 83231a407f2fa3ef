"""Registered documents in the memory of one server, each prepared once and never pushed out by others.

They are read when the server starts, and again now and then: documents that were registered meanwhile come, those that
were retired go. An id that is not known yet is looked up in the database, together with others and at most ten times a
second; one that the database does not know is not asked for again for some seconds. So nobody's made-up ids become work
of the database. Documents that the schema does not fit any more are named in the log, and answer with their errors.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from db.dialects import Failure, failure_of
from db.session import Engines, Mode, RequestSession
from graph.documents import store
from graph.documents.ids import PREFIX
from graph.documents.vetting import operation_names
from graph.prepare.documents import InvalidDocument, Prepared, Preparer

logger = logging.getLogger("trellis")

MAX_KEPT_BYTES = 512 * 1024 * 1024
"""Of registered documents that are kept prepared, by the estimate of `Prepared.size`; others wait to be asked for."""

PAUSE_S = 0.1
"""Between two statements that look for ids."""
MAX_ASKED = 100
"""Ids that one statement looks for; more at once are taken for unknown."""
ABSENT_S = 5
"""How long an id counts as unknown after the database did not know it."""
MAX_ABSENT = 10_000
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
    def errors(self) -> InvalidDocument | None:
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
        self._absent: OrderedDict[str, float] = OrderedDict()
        self._asked: set[str] = set()
        self._asking: asyncio.Task[Exception | None] | None = None
        self._asked_at = -PAUSE_S
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
        """The document with this id, if there is one; others that are looked for meanwhile share the statement.

        Raises what the database raises.
        """
        known = self.get(given)
        if known is not None or self._is_absent(given) or not self._may_ask(given):
            return known
        self._asked.add(given)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        failure = await asyncio.shield(self._asking)
        if failure is not None:
            raise failure
        return self.get(given)

    async def refresh(self) -> None:
        """Learn what was registered and what was retired since. Raises what the database raises, but for no table."""
        async with self._at_work, RequestSession(self._engines, Mode.CURRENT) as session:
            try:
                ids = await store.ids(session)
            except DBAPIError as error:
                self._without_table(error)
                return
            if ids == self._ids:
                return
            known = {document.sha256: document for document in self._by_text.values()}
            texts = await store.texts(session, set(ids.values()) - known.keys())
            new = await self._prepared(texts)
            self._know(ids, known | new)
            broken = [document for document in new.values() if document.errors is not None]
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
            logger.warning("%s %s: %s does not fit the schema: %s", used.app, used.version, what, document.errors)
        logger.warning("%d registered documents do not fit the schema; see `trellis documents check`.", len(broken))

    def _is_absent(self, given: str) -> bool:
        until = self._absent.get(given)
        return until is not None and time.monotonic() < until

    def _may_ask(self, given: str) -> bool:
        return len(self._asked) < MAX_ASKED or given in self._asked

    async def _ask(self) -> Exception | None:
        """Look for all ids that are asked for by then, in one statement; what went wrong."""
        await asyncio.sleep(self._asked_at + PAUSE_S - time.monotonic())
        async with self._at_work:
            asked, self._asked, self._asking = self._asked, set(), None
            self._asked_at = time.monotonic()
            try:
                async with RequestSession(self._engines, Mode.CURRENT) as session:
                    self._learn(asked, await store.look_up(session, asked))
            except DBAPIError as error:
                with suppress(DBAPIError):
                    self._without_table(error)
                    return None
                return error
            except Exception as error:  # whatever it is, those who wait are told
                return error
        return None

    def _learn(self, asked: Iterable[str], found: Iterable[tuple[str, str, str]]) -> None:
        for given, sha256, text in found:
            self._ids = None  # the next refresh sees what is new, and what is not there any more
            known = self._by_text.get(text) or self._by_text.setdefault(text, self._made(sha256, text))
            self._by_id[given] = self._by_id[PREFIX + sha256] = known
        until = time.monotonic() + ABSENT_S
        for given in asked:
            if self.get(given) is None:
                self._absent[given] = until
                self._absent.move_to_end(given)
        while len(self._absent) > MAX_ABSENT:
            self._absent.popitem(last=False)

    def _without_table(self, error: DBAPIError) -> None:
        """Go on with no document where the database has no table for them. Raises other errors."""
        if failure_of(error) is not Failure.NO_TABLE:
            raise error
        if not self._warned:
            self._warned = True
            logger.warning("The database has no table of trusted documents; run `trellis db upgrade`.")
