"""Reading one's own writes where replicas are a moment behind.

A request enters with what its sender has written before: a token of an earlier answer, in a header or a cookie, or what
this process remembers of the viewer. Its queries leave with a position after which they read, and the answer to a
mutation with the next token. A token that is forged or old costs a bounded wait, and then the primary is asked.
Why: docs/decisions/0063-replicas.md.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from db.session.engines import Engines
from db.session.positions import NOT_KNOWN, NOTHING_WRITTEN, Position
from db.session.written import end_of_log
from graph.admission import Admission, Place
from graph.context import ContextFactory, Cookie
from graph.settings import Settings
from graph.viewer import Viewer

HEADER = "Trellis-Position"
COOKIE = "trellis_position"
_HEADER = HEADER.lower().encode()
_COOKIE = COOKIE.encode()

MAX_VIEWERS = 10_000
"""Of so many viewers a process remembers what they have written last."""
MARGIN_S = 5
"""Seconds within which a replica that is too far behind is surely left out."""

TOKEN = re.compile("(t?)([0-9a-f]{1,16})")
"""A position, or a moment in seconds since 1970 where there was no position, in hexadecimal digits."""


@dataclass(slots=True)
class _Written:
    """What a viewer has written last."""

    position: Position
    under_way: int
    """Changes whose end is not known, or not yet."""
    since: float
    """When that was noted, by `time.monotonic`."""


class OwnWrites:
    """Sees to it that everybody reads what they have written. One for each process that has replicas."""

    def __init__(self, engines: Engines, settings: Settings, admission: Admission) -> None:
        self._engines = engines
        self._admission = admission
        self._wait_s = settings.own_writes_wait_s
        self._life_s = settings.max_replica_lag_s + MARGIN_S
        """So long after a change, no replica serves that has not got it."""
        self._change_s = settings.operation_timeout_s
        self._written: OrderedDict[str, _Written] = OrderedDict()

    async def begin(
        self,
        request: HTTPConnection,
        headers: Mapping[bytes, bytes],
        contexts: ContextFactory,
        place: Place,
        *,
        reads: bool,
    ) -> None:
        """Find out after which position the queries of a request read, and wait for a replica that has it.

        Where none has it soon, the request takes its place before the primary instead. Raises `Overloaded`.
        """
        viewer = contexts.viewer
        contexts.after = max(self._sent(request, headers), self._remembered(viewer))
        if viewer.is_known:
            contexts.begin_change = lambda: self._begin_change(viewer)
        if contexts.after and reads and not await self._engines.has_replica_with(contexts.after, self._wait_s):
            contexts.after = NOT_KNOWN
            await self._admission.move_to_primary(place)

    async def end(self, request: HTTPConnection, contexts: ContextFactory) -> Mapping[str, str]:
        """Headers for the answer to a mutation, and its cookie where the client keeps any."""
        position = await end_of_log(self._engines)
        if contexts.viewer.is_known:
            self._end_change(contexts.viewer, position)
        token = f"t{int(time.time()):x}" if position == NOT_KNOWN else f"{position:x}"
        if contexts.cookies or "cookie" in request.headers:
            contexts.cookies.append(Cookie(COOKIE, token, round(self._life_s)))
        return {HEADER: token}

    def _sent(self, request: HTTPConnection, headers: Mapping[bytes, bytes]) -> Position:
        """The position that a client sends."""
        header = headers.get(_HEADER)
        found = NOTHING_WRITTEN if header is None else self._read(header.decode("latin-1"))
        if _COOKIE in headers.get(b"cookie", b""):
            found = max(found, self._read(request.cookies.get(COOKIE, "")))
        return found

    def _read(self, token: str) -> Position:
        """The position of a token; of what is none, nothing."""
        found = TOKEN.fullmatch(token)
        if found is None:
            return NOTHING_WRITTEN
        number = int(found[2], 16)
        if not found[1]:
            return number
        return NOT_KNOWN if abs(time.time() - number) <= self._life_s else NOTHING_WRITTEN

    def _remembered(self, viewer: Viewer) -> Position:
        """What this process knows of a viewer, for clients that send no token back."""
        name = viewer.name
        written = self._written.get(name)
        if written is None:
            return NOTHING_WRITTEN
        if time.monotonic() - written.since > self._life_s + (self._change_s if written.under_way else 0):
            del self._written[name]
            return NOTHING_WRITTEN
        return NOT_KNOWN if written.under_way else written.position

    def _begin_change(self, viewer: Viewer) -> None:
        """Whatever becomes of the change, the viewer reads from the primary until its end is known."""
        name = viewer.name
        written = self._written.pop(name, None) or _Written(NOTHING_WRITTEN, 0, 0.0)
        written.under_way += 1
        written.since = time.monotonic()
        self._written[name] = written
        if len(self._written) > MAX_VIEWERS:
            self._written.popitem(last=False)

    def _end_change(self, viewer: Viewer, position: Position) -> None:
        written = self._written.get(viewer.name)
        if written is not None and position != NOT_KNOWN:
            written.position = max(written.position, position)
            written.under_way -= 1
            written.since = time.monotonic()
